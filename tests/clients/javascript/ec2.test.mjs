// EC2: an instance's life, with waiters, tags, pages and filters.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CreateSecurityGroupCommand, CreateTagsCommand, DeleteSecurityGroupCommand, DeleteTagsCommand, DescribeInstancesCommand,
  DescribeTagsCommand, DescribeVpcsCommand, EC2Client, RunInstancesCommand, TerminateInstancesCommand,
  paginateDescribeInstanceTypes, paginateDescribeInstances, waitUntilInstanceExists, waitUntilInstanceRunning,
  waitUntilInstanceTerminated,
} from "@aws-sdk/client-ec2";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { failsWith, unique } from "./support.mjs";

const ec2 = new EC2Client({});
const waiting = { client: ec2, maxWaitTime: 60, minDelay: 1, maxDelay: 2 };
const image = async () => (await new SSMClient({}).send(new GetParameterCommand({
  Name: "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
}))).Parameter.Value;

test("an instance runs, is found by its tags, and ends", async (t) => {
  const name = unique("js");
  const { Instances: [{ InstanceId }] } = await ec2.send(new RunInstancesCommand({
    ImageId: await image(), InstanceType: "t3.micro", MinCount: 1, MaxCount: 1,
    UserData: Buffer.from("#!/bin/sh\necho up\n").toString("base64"),
    TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: name }] }],
  }));
  t.after(() => ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] })));
  await waitUntilInstanceExists(waiting, { InstanceIds: [InstanceId] });
  const ran = await waitUntilInstanceRunning(waiting, { InstanceIds: [InstanceId] });
  assert.equal(ran.state, "SUCCESS");

  await ec2.send(new CreateTagsCommand({ Resources: [InstanceId], Tags: [{ Key: "team", Value: "blue" }] }));
  const found = await ec2.send(new DescribeInstancesCommand({
    Filters: [{ Name: "tag:Name", Values: [name] }, { Name: "instance-state-name", Values: ["running"] }],
  }));
  assert.equal(found.Reservations.length, 1);
  const [instance] = found.Reservations[0].Instances;
  assert.equal(instance.InstanceId, InstanceId);
  assert.ok(instance.LaunchTime instanceof Date);
  assert.match(instance.PrivateIpAddress, /^\d+\.\d+\.\d+\.\d+$/);
  assert.deepEqual(instance.Tags.map((tag) => tag.Key).sort(), ["Name", "team"]);
  const { Tags } = await ec2.send(new DescribeTagsCommand({ Filters: [{ Name: "resource-id", Values: [InstanceId] }] }));
  assert.equal(Tags.length, 2);
  await ec2.send(new DeleteTagsCommand({ Resources: [InstanceId], Tags: [{ Key: "team" }] }));

  const { TerminatingInstances: [change] } = await ec2.send(
    new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
  assert.equal(change.CurrentState.Name, "shutting-down");
  assert.equal((await waitUntilInstanceTerminated(waiting, { InstanceIds: [InstanceId] })).state, "SUCCESS");
});

test("lists come in pages", async () => {
  const types = [];
  let pages = 0;
  for await (const page of paginateDescribeInstanceTypes({ client: ec2, pageSize: 5 }, {})) {
    types.push(...page.InstanceTypes.map((type) => type.InstanceType));
    ++pages;
  }
  assert.ok(types.includes("t3.micro") && pages > 1);
  assert.equal(new Set(types).size, types.length);
  for await (const page of paginateDescribeInstances({ client: ec2, pageSize: 5 }, {})) assert.ok(page.Reservations);
});

test("mistakes have AWS's names", async () => {
  await failsWith("InvalidInstanceID.NotFound", 400,
    ec2.send(new DescribeInstancesCommand({ InstanceIds: ["i-0123456789abcdef0"] })));
  await failsWith("InvalidInstanceID.Malformed", 400,
    ec2.send(new DescribeInstancesCommand({ InstanceIds: ["nonsense"] })));
  await failsWith("InvalidAMIID.NotFound", 400,
    ec2.send(new RunInstancesCommand({ ImageId: "ami-0123456789abcdef0", MinCount: 1, MaxCount: 1 })));
  const { Vpcs: [{ VpcId }] } = await ec2.send(
    new DescribeVpcsCommand({ Filters: [{ Name: "is-default", Values: ["true"] }] }));
  const group = { GroupName: unique("web"), Description: "twice", VpcId };
  const { GroupId } = await ec2.send(new CreateSecurityGroupCommand(group));
  await failsWith("InvalidGroup.Duplicate", 400, ec2.send(new CreateSecurityGroupCommand(group)));
  await ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
  await failsWith("DryRunOperation", 412, ec2.send(new CreateSecurityGroupCommand({ ...group, DryRun: true })));
});
