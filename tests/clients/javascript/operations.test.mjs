// CloudFormation, Parameter Store, CloudWatch Logs, and what the services of larger systems tell about themselves.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from "@aws-sdk/client-auto-scaling";
import {
  CloudFormationClient, CreateStackCommand, DeleteStackCommand, DescribeStacksCommand, ListExportsCommand,
  paginateDescribeStackEvents, waitUntilStackCreateComplete, waitUntilStackDeleteComplete,
} from "@aws-sdk/client-cloudformation";
import {
  CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand, DeleteLogGroupCommand, GetLogEventsCommand,
  PutLogEventsCommand, paginateDescribeLogGroups,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  DescribeLoadBalancersCommand, DescribeTargetGroupsCommand, ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { DescribeDBInstancesCommand, RDSClient, paginateDescribeDBInstances } from "@aws-sdk/client-rds";
import {
  DeleteParameterCommand, GetParameterCommand, GetParametersCommand, PutParameterCommand, SSMClient,
  paginateGetParametersByPath,
} from "@aws-sdk/client-ssm";
import { failsWith, unique } from "./support.mjs";

test("a stack is made, tells what happened, and goes", async () => {
  const client = new CloudFormationClient({});
  const StackName = unique("js");
  const TemplateBody = JSON.stringify({
    Parameters: { Cidr: { Type: "String", Default: "10.99.0.0/16" } },
    Resources: {
      Vpc: { Type: "AWS::EC2::VPC", Properties: { CidrBlock: { Ref: "Cidr" } } },
      Subnet: { Type: "AWS::EC2::Subnet", Properties: { VpcId: { Ref: "Vpc" }, CidrBlock: "10.98.1.0/24" } },
    },
    Outputs: { Vpc: { Value: { Ref: "Vpc" }, Export: { Name: StackName } } },
  });
  const waiting = { client, maxWaitTime: 60, minDelay: 1, maxDelay: 2 };
  await client.send(new CreateStackCommand({
    StackName, TemplateBody, Parameters: [{ ParameterKey: "Cidr", ParameterValue: "10.98.0.0/16" }],
    Tags: [{ Key: "team", Value: "blue" }],
  }));
  await failsWith("AlreadyExistsException", 400, client.send(new CreateStackCommand({ StackName, TemplateBody })));
  assert.equal((await waitUntilStackCreateComplete(waiting, { StackName })).state, "SUCCESS");
  const { Stacks: [stack] } = await client.send(new DescribeStacksCommand({ StackName }));
  assert.match(stack.Outputs[0].OutputValue, /^vpc-/);
  assert.deepEqual(stack.Tags, [{ Key: "team", Value: "blue" }]);
  const { Exports } = await client.send(new ListExportsCommand({}));
  assert.ok(Exports.some((each) => each.Name === StackName && each.Value === stack.Outputs[0].OutputValue));
  const events = [];
  for await (const page of paginateDescribeStackEvents({ client }, { StackName })) events.push(...page.StackEvents);
  assert.equal(events[0].ResourceStatus, "CREATE_COMPLETE");
  assert.equal(events[0].ResourceType, "AWS::CloudFormation::Stack");
  assert.ok(events.some((event) => event.LogicalResourceId === "Subnet" && event.ResourceStatus === "CREATE_COMPLETE"));
  await client.send(new DeleteStackCommand({ StackName }));
  assert.equal((await waitUntilStackDeleteComplete(waiting, { StackName: stack.StackId })).state, "SUCCESS");
  await failsWith("ValidationError", 400, client.send(new DescribeStacksCommand({ StackName })));
});

test("a template that nobody understands is refused", async () => {
  const client = new CloudFormationClient({});
  await failsWith("ValidationError", 400, client.send(new CreateStackCommand({
    StackName: unique("bad"), TemplateBody: JSON.stringify({ Resources: { X: { Type: "AWS::No::Such" } } }),
  })));
});

test("parameters are kept, in versions and below paths", async () => {
  const ssm = new SSMClient({});
  const path = `/${unique("js")}`;
  for (const [name, Type] of [["a", "String"], ["deep/b", "StringList"], ["c", "String"]]) {
    const { Version } = await ssm.send(new PutParameterCommand({ Name: `${path}/${name}`, Value: "1,2", Type }));
    assert.equal(Version, 1);
  }
  await failsWith("ParameterAlreadyExists", 400,
    ssm.send(new PutParameterCommand({ Name: `${path}/a`, Value: "2", Type: "String" })));
  await ssm.send(new PutParameterCommand({ Name: `${path}/a`, Value: "2", Type: "String", Overwrite: true }));
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name: `${path}/a` }));
  assert.deepEqual([Parameter.Value, Parameter.Version], ["2", 2]);
  assert.ok(Parameter.LastModifiedDate instanceof Date);
  assert.equal((await ssm.send(new GetParameterCommand({ Name: `${path}/a:1` }))).Parameter.Value, "1,2");
  const names = [];
  for await (const page of paginateGetParametersByPath({ client: ssm, pageSize: 1 }, { Path: path, Recursive: true })) {
    names.push(...page.Parameters.map((each) => each.Name));
  }
  assert.deepEqual(names.sort(), [`${path}/a`, `${path}/c`, `${path}/deep/b`]);
  const some = await ssm.send(new GetParametersCommand({ Names: [`${path}/c`, `${path}/none`] }));
  assert.equal(some.Parameters[0].Value, "1,2");
  assert.deepEqual(some.InvalidParameters, [`${path}/none`]);
  for (const Name of names) await ssm.send(new DeleteParameterCommand({ Name }));
  await failsWith("ParameterNotFound", 400, ssm.send(new GetParameterCommand({ Name: `${path}/a` })));
});

test("log events come back in order", async () => {
  const logs = new CloudWatchLogsClient({});
  const logGroupName = unique("/js/group");
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  await failsWith("ResourceAlreadyExistsException", 400, logs.send(new CreateLogGroupCommand({ logGroupName })));
  await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: "s" }));
  const now = Date.now();
  await logs.send(new PutLogEventsCommand({
    logGroupName, logStreamName: "s", logEvents: [1, 2, 3].map((i) => ({ timestamp: now + i, message: `line ${i}` })),
  }));
  const { events } = await logs.send(new GetLogEventsCommand({ logGroupName, logStreamName: "s", startFromHead: true }));
  assert.deepEqual(events.map((event) => event.message), ["line 1", "line 2", "line 3"]);
  const names = [];
  for await (const page of paginateDescribeLogGroups({ client: logs, pageSize: 1 }, { logGroupNamePrefix: logGroupName })) {
    names.push(...page.logGroups.map((group) => group.logGroupName));
  }
  assert.deepEqual(names, [logGroupName]);
  await logs.send(new DeleteLogGroupCommand({ logGroupName }));
});

test("services tell what they have, and what they have not by AWS's names", async () => {
  const elb = new ElasticLoadBalancingV2Client({});
  assert.ok(Array.isArray((await elb.send(new DescribeLoadBalancersCommand({}))).LoadBalancers));
  await failsWith("LoadBalancerNotFoundException", 400, elb.send(new DescribeLoadBalancersCommand({ Names: ["none"] })));
  assert.ok(Array.isArray((await elb.send(new DescribeTargetGroupsCommand({}))).TargetGroups));
  const scaling = new AutoScalingClient({});
  const { AutoScalingGroups } = await scaling.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: ["none"] }));
  assert.deepEqual(AutoScalingGroups, []);
  const rds = new RDSClient({});
  for await (const page of paginateDescribeDBInstances({ client: rds, pageSize: 20 }, {})) assert.ok(page.DBInstances);
  await failsWith("DBInstanceNotFoundFault", 404, rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: "none" })));
});
