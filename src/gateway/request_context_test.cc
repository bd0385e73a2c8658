// A decision with the values that its policies ask for is the one with all there are.

#include "gateway/request_context.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "aws/service/identity.h"

namespace holm::gateway {
namespace {

namespace policy = aws::policy;
using aws::Principal;

// Elements of statements behind their Effect, Action and Resource.
const char* const kResources[] = {R"("*")", R"("arn:aws:s3:::b/${aws:username}/*")",
                                  R"("arn:aws:s3:::b/${aws:PrincipalTag/team, 'none'}/*")",
                                  R"(["arn:aws:s3:::b/x*","arn:aws:s3:::b/${aws:userid}"])"};
const char* const kConditions[] = {
    R"({})",
    R"({"Bool":{"aws:SecureTransport":"false"}})",
    R"({"Bool":{"AWS:securetransport":"true"}})",
    R"({"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}})",
    R"({"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}})",
    R"({"StringEquals":{"aws:PrincipalTag/team":"red"}})",
    R"({"StringNotEquals":{"aws:PrincipalTag/team":"red"}})",
    R"({"StringLike":{"s3:prefix":["${aws:username}/*",""]}})",
    R"({"StringLikeIfExists":{"s3:prefix":"home/*"}})",
    R"({"ForAllValues:StringEquals":{"s3:RequestObjectTagKeys":["a","b"]}})",
    R"({"ForAnyValue:StringEquals":{"s3:RequestObjectTagKeys":["b"]}})",
    R"({"Null":{"s3:x-amz-acl":"true"}})",
    R"({"Null":{"aws:userid":"true"}})",
    R"({"StringEquals":{"aws:PrincipalType":"User"}})",
    R"({"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}})",
    R"({"StringEquals":{"aws:PrincipalAccount":"111111111111","aws:RequestedRegion":"us-east-1"}})",
    R"({"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}})",
    R"({"NumericLessThan":{"aws:EpochTime":"1"}})",
    R"({"StringLike":{"aws:UserAgent":"*sdk*","aws:Referer":"http://a/*"}})",
    R"({"Bool":{"aws:PrincipalIsAWSService":"true"}})",
    R"({"StringEquals":{"aws:PrincipalServiceName":"x.amazonaws.com"}})",
    R"({"StringEquals":{"aws:SourceAccount":"${aws:PrincipalAccount}"}})"};

policy::Policy parsed(const std::string& text) {
  auto policy = policy::parse(text);
  EXPECT_TRUE(policy.has_value()) << text;
  return std::move(*policy);
}

std::string document(std::string_view effect, std::string_view who, std::string_view resource,
                     std::string_view condition) {
  return fmt::format(
      R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{}"Action":"s3:ListBucket","Resource":"*"}},)"
      R"({{"Effect":"{}",{}"Action":"s3:*","Resource":{},"Condition":{}}}]}})",
      who, effect, who, resource, condition == "{}" ? R"({"Null":{"aws:none":"true"}})" : condition);
}

// Names every key there is.
policy::Policy asking_for_all() {
  std::string keys;
  for (const char* key :
       {"aws:CurrentTime", "aws:EpochTime", "aws:SecureTransport", "aws:RequestedRegion", "aws:PrincipalType",
        "aws:SourceIp", "aws:Referer", "aws:UserAgent", "aws:PrincipalAccount", "aws:PrincipalArn", "aws:userid",
        "aws:username", "aws:PrincipalIsAWSService", "aws:PrincipalServiceName", "aws:PrincipalTag/team",
        "aws:SourceAccount", "s3:prefix", "s3:RequestObjectTagKeys", "s3:x-amz-acl", "aws:none"}) {
    keys += fmt::format(R"({}"{}":"true")", keys.empty() ? "" : ",", key);
  }
  const std::string start = R"({"Statement":{"Effect":"Allow","Action":"*","Resource":"*",)";
  return parsed(start + R"("Condition":{"Null":{)" + keys + "}}}}");
}

std::vector<aws::Caller> callers() {
  aws::Caller user{.account = "111111111111",
                   .region = "us-east-1",
                   .now = from_milliseconds(1'700'000'000'000),
                   .principal = {.kind = Principal::Kind::User,
                                 .account = "111111111111",
                                 .arn = "arn:aws:iam::111111111111:user/a/x",
                                 .id = "AIDAX"},
                   .source_ip = "127.0.0.1"};
  aws::Caller role = user;
  role.principal = {.kind = Principal::Kind::AssumedRole,
                    .account = "222222222222",
                    .arn = "arn:aws:sts::222222222222:assumed-role/r/s",
                    .id = "AROAX:s",
                    .role_arn = "arn:aws:iam::222222222222:role/r"};
  role.user_agent = "some-sdk/1";
  role.referer = "http://a/b";
  role.transport = aws::Caller::Transport::Tls;
  aws::Caller root = user;
  root.principal = {.kind = Principal::Kind::Root,
                    .account = "111111111111",
                    .arn = "arn:aws:iam::111111111111:root"};
  aws::Caller service = user;
  service.principal = {.kind = Principal::Kind::Service, .account = "111111111111", .id = "x.amazonaws.com"};
  aws::Caller stranger = user;
  stranger.principal = {};
  stranger.source_ip.clear();
  return {user, role, root, service, stranger};
}

policy::Principal seen(const Principal& who) {
  policy::Principal result{.account = who.account, .arn = who.arn, .id = who.id, .role_arn = who.role_arn};
  result.kind = static_cast<policy::Principal::Kind>(who.kind);
  if (who.kind == Principal::Kind::AssumedRole) result.kind = policy::Principal::Kind::AssumedRole;
  if (who.kind == Principal::Kind::Service) {
    result.kind = policy::Principal::Kind::Service;
    result.service = who.id;
  }
  return result;
}

std::vector<aws::Access> accesses() {
  const std::string object = "arn:aws:s3:::b/x/1";
  return {{.action = "s3:GetObject", .resource = object, .resource_account = "111111111111"},
          {.action = "s3:ListBucket",
           .resource = "arn:aws:s3:::b",
           .context = {{"s3:prefix", {"x/1"}}, {"aws:SourceAccount", {"111111111111"}}},
           .resource_account = "111111111111"},
          {.action = "s3:PutObject",
           .resource = object,
           .context = {{"s3:RequestObjectTagKeys", {"a", "b"}}, {"s3:x-amz-acl", {"private"}}},
           .resource_account = "222222222222"}};
}

struct Tally {
  int allowed = 0, denied = 0;
};

// One request, and all that policies could ask about it.
struct Asking {
  aws::Caller caller;
  aws::PrincipalPolicies own;
  aws::Access access;
  policy::Context everything;
};

std::vector<Asking> askings() {
  const policy::Policy all = asking_for_all();
  const policy::NamedPolicy named{"all", &all};
  const AskedKeys keys(policy::Policies{.identity = {&named, 1}, .resource = {}, .session = {}});
  std::vector<Asking> made;
  for (const aws::Caller& caller : callers()) {
    for (const aws::Access& access : accesses()) {
      const aws::PrincipalPolicies own{.tags = {{"team", made.size() % 2 == 0 ? "red" : "x"}}};
      made.push_back({caller, own, access, context_of(caller, own, access, keys)});
    }
  }
  return made;
}

void compare(const policy::Policies& policies, const std::vector<Asking>& askings, Tally& tally) {
  const AskedKeys keys(policies);
  for (const Asking& each : askings) {
    const policy::Principal who = seen(each.caller.principal);
    const aws::Access& access = each.access;
    const auto decide = [&](const policy::Context& context) {
      return policy::evaluate({who, access.action, access.resource, access.resource_account, context}, policies);
    };
    const policy::Decision a = decide(context_of(each.caller, each.own, access, keys));
    const policy::Decision b = decide(each.everything);
    EXPECT_TRUE(a.kind == b.kind && a.by == b.by && a.policy_name == b.policy_name) << access.action;
    ++(a.allowed() ? tally.allowed : tally.denied);
  }
}

TEST(RequestContext, DecidesByWhatIsAskedForAsByEverything) {
  const std::vector<Asking> scene = askings();
  const policy::Policy open =
      parsed(R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})");
  Tally tally;
  for (const char* effect : {"Allow", "Deny"}) {
    for (const char* resource : kResources) {
      for (const char* condition : kConditions) {
        const policy::Policy own = parsed(document(effect, "", resource, condition));
        const policy::Policy bucket = parsed(document(effect, R"("Principal":"*",)", resource, condition));
        const policy::NamedPolicy named{"own", &own}, wide{"open", &open}, of_bucket{"bucket", &bucket};
        compare({.identity = {&named, 1}, .resource = {}, .session = {}}, scene, tally);
        compare({.identity = {&wide, 1}, .resource = {&of_bucket, 1}, .session = {}}, scene, tally);
        compare({.identity = {&wide, 1}, .resource = {}, .boundary = &own, .session = {}}, scene, tally);
        compare({.identity = {&wide, 1}, .resource = {}, .session = {&named, 1}}, scene, tally);
      }
    }
  }
  // Otherwise it would compare nothing.
  EXPECT_GT(tally.allowed, 1000);
  EXPECT_GT(tally.denied, 1000);
}

TEST(RequestContext, NobodyAskingGathersNothing) {
  const AskedKeys none(policy::Policies{.identity = {}, .resource = {}, .session = {}});
  EXPECT_TRUE(none.empty());
  const policy::Context context = context_of(callers().front(), {}, accesses()[1], none);
  EXPECT_EQ(context.find("s3:prefix"), nullptr);
  EXPECT_EQ(context.find("aws:sourceip"), nullptr);
}

}  // namespace
}  // namespace holm::gateway
