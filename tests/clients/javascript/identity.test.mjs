// STS and IAM: who asks, and a user who is denied first and allowed then.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AttachUserPolicyCommand, CreateAccessKeyCommand, CreatePolicyCommand, CreateRoleCommand, CreateUserCommand,
  DeleteAccessKeyCommand, DeletePolicyCommand, DeleteRoleCommand, DeleteRolePolicyCommand, DeleteUserCommand,
  DetachUserPolicyCommand, GetUserCommand, IAMClient, ListUsersCommand, PutRolePolicyCommand, paginateListUsers,
  waitUntilUserExists,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { credentialsOf, failsWith, unique } from "./support.mjs";

const iam = new IAMClient({});

test("the administrator is known", async () => {
  const who = await new STSClient({}).send(new GetCallerIdentityCommand({}));
  assert.match(who.Account, /^\d{12}$/);
  assert.equal(who.Arn, `arn:aws:iam::${who.Account}:user/administrator`);
});

test("unknown keys and wrong secrets are refused", async () => {
  const known = await iam.config.credentials();
  const stranger = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "x".repeat(40) };
  await failsWith("InvalidClientTokenId", 403,
    new STSClient({ credentials: stranger }).send(new GetCallerIdentityCommand({})));
  const liar = { accessKeyId: known.accessKeyId, secretAccessKey: "x".repeat(40) };
  await failsWith("SignatureDoesNotMatch", 403,
    new STSClient({ credentials: liar }).send(new GetCallerIdentityCommand({})));
});

test("a user is denied until a policy allows", async () => {
  const UserName = unique("reader");
  await iam.send(new CreateUserCommand({ UserName, Tags: [{ Key: "team", Value: "blue" }] }));
  await waitUntilUserExists({ client: iam, maxWaitTime: 20 }, { UserName });
  const { User } = await iam.send(new GetUserCommand({ UserName }));
  assert.ok(User.CreateDate instanceof Date && Math.abs(User.CreateDate - Date.now()) < 60_000);
  assert.deepEqual(User.Tags, [{ Key: "team", Value: "blue" }]);
  await failsWith("EntityAlreadyExistsException", 409, iam.send(new CreateUserCommand({ UserName })));

  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  const reader = new IAMClient({ credentials: credentialsOf(AccessKey) });
  await failsWith("AccessDenied", 403, reader.send(new ListUsersCommand({})));
  const { Policy } = await iam.send(new CreatePolicyCommand({
    PolicyName: UserName,
    PolicyDocument: JSON.stringify({
      Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "iam:ListUsers", Resource: "*" }],
    }),
  }));
  await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn: Policy.Arn }));
  const names = [];
  for await (const page of paginateListUsers({ client: reader, pageSize: 1 }, {})) {
    names.push(...page.Users.map((user) => user.UserName));
  }
  assert.ok(names.includes(UserName) && names.includes("administrator"));
  await failsWith("AccessDenied", 403, reader.send(new GetUserCommand({ UserName })));

  await failsWith("DeleteConflictException", 409, iam.send(new DeleteUserCommand({ UserName })));
  await iam.send(new DetachUserPolicyCommand({ UserName, PolicyArn: Policy.Arn }));
  await iam.send(new DeletePolicyCommand({ PolicyArn: Policy.Arn }));
  await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: AccessKey.AccessKeyId }));
  await iam.send(new DeleteUserCommand({ UserName }));
  await failsWith("NoSuchEntityException", 404, iam.send(new GetUserCommand({ UserName })));
});

test("an assumed role has its own identity", async () => {
  const sts = new STSClient({});
  const { Account } = await sts.send(new GetCallerIdentityCommand({}));
  const RoleName = unique("auditor");
  const { Role } = await iam.send(new CreateRoleCommand({
    RoleName,
    AssumeRolePolicyDocument: JSON.stringify({
      Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { AWS: Account }, Action: "sts:AssumeRole" }],
    }),
  }));
  await iam.send(new PutRolePolicyCommand({
    RoleName, PolicyName: "look", PolicyDocument: JSON.stringify({
      Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "iam:ListUsers", Resource: "*" }],
    }),
  }));
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: Role.Arn, RoleSessionName: "monday" }));
  assert.ok(Credentials.Expiration > new Date());
  const credentials = credentialsOf(Credentials);
  const who = await new STSClient({ credentials }).send(new GetCallerIdentityCommand({}));
  assert.equal(who.Arn, `arn:aws:sts::${Account}:assumed-role/${RoleName}/monday`);
  assert.ok((await new IAMClient({ credentials }).send(new ListUsersCommand({}))).Users.length > 0);
  await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: "look" }));
  await iam.send(new DeleteRoleCommand({ RoleName }));
});
