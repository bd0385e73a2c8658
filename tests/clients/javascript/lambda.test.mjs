// Lambda and CloudWatch Logs: a function from an archive, its answers, its failures and its log.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  CloudWatchLogsClient, DescribeLogGroupsCommand, DescribeLogStreamsCommand, FilterLogEventsCommand, GetLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { CreateRoleCommand, DeleteRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import {
  CreateFunctionCommand, DeleteFunctionCommand, GetFunctionCommand, InvokeCommand, LambdaClient,
  UpdateFunctionCodeCommand, UpdateFunctionConfigurationCommand, paginateListFunctions, waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from "@aws-sdk/client-lambda";
import { failsWith, unique, until, zipOf } from "./support.mjs";

const lambda = new LambdaClient({});
const logs = new CloudWatchLogsClient({});
const iam = new IAMClient({});
const FunctionName = unique("js");
const waiting = { client: lambda, maxWaitTime: 60, minDelay: 1, maxDelay: 2 };
const HANDLER = `
import os
def handler(event, context):
    print("seen", event["name"])
    if event["name"] == "nobody":
        raise ValueError("no name")
    return {"hello": event["name"], "from": os.environ["PLACE"]}
`;

const invoke = async (payload, more = {}) => {
  const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(payload), ...more }));
  const said = Buffer.from(answer.Payload ?? []).toString();
  return { ...answer, said: said && JSON.parse(said) };
};

before(async () => {
  const { Role } = await iam.send(new CreateRoleCommand({
    RoleName: FunctionName,
    AssumeRolePolicyDocument: JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
    }),
  }));
  const made = await lambda.send(new CreateFunctionCommand({
    FunctionName, Runtime: "python3.11", Handler: "index.handler", Role: Role.Arn,
    Code: { ZipFile: zipOf("index.py", HANDLER) }, Environment: { Variables: { PLACE: "here" } }, Timeout: 10,
  }));
  assert.equal(made.State, "Pending");
  await waitUntilFunctionActiveV2(waiting, { FunctionName });
});

after(async () => {
  await lambda.send(new DeleteFunctionCommand({ FunctionName }));
  await iam.send(new DeleteRoleCommand({ RoleName: FunctionName }));
  await failsWith("ResourceNotFoundException", 404, lambda.send(new GetFunctionCommand({ FunctionName })));
});

test("a function answers, and its log tells", async () => {
  const answer = await invoke({ name: "Jürgen" }, { LogType: "Tail" });
  assert.equal(answer.StatusCode, 200);
  assert.deepEqual(answer.said, { hello: "Jürgen", from: "here" });
  assert.match(Buffer.from(answer.LogResult, "base64").toString(), /seen Jürgen/);
  const failed = await invoke({ name: "nobody" });
  assert.equal(failed.FunctionError, "Unhandled");
  assert.equal(failed.said.errorType, "ValueError");

  const logGroupName = `/aws/lambda/${FunctionName}`;
  const events = await until("the log", async () => {
    const { events } = await logs.send(new FilterLogEventsCommand({ logGroupName, filterPattern: "seen" }))
      .catch((error) => error.name === "ResourceNotFoundException" ? { events: [] } : Promise.reject(error));
    return events.length >= 2 && events;
  });
  assert.match(events[0].message, /^seen Jürgen/);
  const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }));
  assert.equal(logGroups[0].logGroupName, logGroupName);
  const { logStreams } = await logs.send(new DescribeLogStreamsCommand({ logGroupName }));
  const page = await logs.send(new GetLogEventsCommand({
    logGroupName, logStreamName: logStreams[0].logStreamName, startFromHead: true,
  }));
  assert.ok(page.events.some((event) => event.message.startsWith("REPORT RequestId")));
});

test("an event is taken and handled later", async () => {
  const taken = await invoke({ name: "later" }, { InvocationType: "Event" });
  assert.equal(taken.StatusCode, 202);
  await until("the event", async () => {
    const { events } = await logs.send(
      new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${FunctionName}`, filterPattern: "later" }));
    return events.length > 0;
  });
  assert.equal((await invoke({}, { InvocationType: "DryRun" })).StatusCode, 204);
});

test("code and configuration change", async () => {
  await lambda.send(new UpdateFunctionConfigurationCommand({
    FunctionName, Environment: { Variables: { PLACE: "there" } }, EphemeralStorage: { Size: 1024 },
  }));
  await waitUntilFunctionUpdatedV2(waiting, { FunctionName });
  assert.deepEqual((await invoke({ name: "x" })).said, { hello: "x", from: "there" });
  await lambda.send(new UpdateFunctionCodeCommand({
    FunctionName, ZipFile: zipOf("index.py", "def handler(event, context):\n    return 'new'\n"),
  }));
  await waitUntilFunctionUpdatedV2(waiting, { FunctionName });
  assert.equal((await invoke({})).said, "new");
  const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName }));
  assert.equal(Configuration.EphemeralStorage.Size, 1024);
  const names = [];
  for await (const page of paginateListFunctions({ client: lambda, pageSize: 1 }, {})) {
    names.push(...page.Functions.map((each) => each.FunctionName));
  }
  assert.ok(names.includes(FunctionName));
});

test("mistakes have AWS's names", async () => {
  await failsWith("ResourceNotFoundException", 404,
    lambda.send(new InvokeCommand({ FunctionName: unique("none"), Payload: "{}" })));
  await failsWith("InvalidRequestContentException", 400,
    lambda.send(new InvokeCommand({ FunctionName, Payload: "{nonsense" })));
  await failsWith("RequestTooLargeException", 413,
    lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify("x".repeat(7 << 20)) })));
});
