// Decisions: who may do what under which policies, within an account and across.

#include "aws/policy/evaluate.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>

namespace holm::aws::policy {
namespace {

constexpr std::string_view kAccount = "111122223333", kOther = "444455556666";

const Principal kAnn = {.kind = Principal::Kind::User,
                        .account = kAccount,
                        .arn = "arn:aws:iam::111122223333:user/ann",
                        .id = "AIDAANNANNANNANNANNAN"};
const Principal kBob = {.kind = Principal::Kind::User,
                        .account = kOther,
                        .arn = "arn:aws:iam::444455556666:user/bob",
                        .id = "AIDABOBBOBBOBBOBBOBBO"};
const Principal kSession = {.kind = Principal::Kind::AssumedRole,
                            .account = kAccount,
                            .arn = "arn:aws:sts::111122223333:assumed-role/r/s",
                            .id = "AROAROLEROLEROLEROLER:s",
                            .role_arn = "arn:aws:iam::111122223333:role/r"};
const Principal kRoot = {.kind = Principal::Kind::Root,
                         .account = kAccount,
                         .arn = "arn:aws:iam::111122223333:root",
                         .id = kAccount,
                         .canonical_user = "79a59df900b949e55d96a1e698fbaced"};
const Principal kSns = {
    .kind = Principal::Kind::Service, .account = kAccount, .service = "sns.amazonaws.com"};
const Principal kCognito = {.kind = Principal::Kind::Federated,
                            .federated = "cognito-identity.amazonaws.com"};
const Principal kNobody = {};

// Policies of a row; an empty text is none.
struct Row {
  const char* what;
  const Principal& principal;
  std::string identity, resource, boundary, session;
  const char*
      expected;  // "allow", or the kind of policy that decided: "deny resource", "no identity" …
  ResourceRule rule = ResourceRule::MayAllow;
};

std::string allow(std::string_view elements = R"("Action":"s3:GetObject","Resource":"*")") {
  return fmt::format(
      R"({{"Version":"2012-10-17","Statement":{{"Sid":"yes","Effect":"Allow",{}}}}})", elements);
}
std::string deny(std::string_view elements = R"("Action":"s3:GetObject","Resource":"*")") {
  return fmt::format(R"({{"Version":"2012-10-17","Statement":{{"Sid":"no","Effect":"Deny",{}}}}})",
                     elements);
}
std::string both(std::string_view allowed, std::string_view denied) {
  return fmt::format(
      R"({{"Statement":[{{"Sid":"yes","Effect":"Allow",{}}},{{"Sid":"no","Effect":"Deny",{}}}]}})",
      allowed, denied);
}
std::string to(std::string_view principal) {
  return fmt::format(R"("Action":"s3:*","Resource":"*","Principal":{})", principal);
}
std::string to_aws(std::string_view name) { return to(fmt::format(R"({{"AWS":"{}"}})", name)); }
std::string except(std::string_view name) {
  return fmt::format(R"("Action":"s3:*","Resource":"*","NotPrincipal":{{"AWS":"{}"}})", name);
}

const char* name_of(PolicyType type) {
  switch (type) {
    case PolicyType::None:
      return "none";
    case PolicyType::Identity:
      return "identity";
    case PolicyType::Resource:
      return "resource";
    case PolicyType::Boundary:
      return "boundary";
    case PolicyType::Session:
      return "session";
  }
  return "";
}

std::string text_of(const Decision& decision) {
  switch (decision.kind) {
    case Decision::Kind::Allow:
      return "allow";
    case Decision::Kind::ExplicitDeny:
      return std::string("deny ") + name_of(decision.by);
    case Decision::Kind::ImplicitDeny:
      return std::string("no ") + name_of(decision.by);
  }
  return "";
}

// Holds what it compiled for as long as the decision is looked at.
struct Compiled {
  std::deque<Policy> policies;
  std::vector<NamedPolicy> list(const std::string& text) {
    if (text.empty()) return {};
    auto policy = parse(text);
    if (!policy) {
      ADD_FAILURE() << policy.error().message << ": " << text;
      return {};
    }
    policies.push_back(*policy);
    return {{"p", &policies.back()}};
  }
};

Context context() {
  Context result;
  result.set("aws:username", "ann");
  result.set("aws:SecureTransport", "false");
  return result;
}

std::string decide(const Row& row) {
  Compiled compiled;
  const auto identity = compiled.list(row.identity), resource = compiled.list(row.resource);
  const auto boundary = compiled.list(row.boundary), session = compiled.list(row.session);
  const Context values = context();
  return text_of(evaluate({row.principal, "s3:GetObject", "arn:aws:s3:::b/ann/k", kAccount, values},
                          {.identity = identity,
                           .resource = resource,
                           .boundary = boundary.empty() ? nullptr : boundary[0].policy,
                           .session = session,
                           .resource_rule = row.rule}));
}

void check(const std::vector<Row>& rows) {
  for (const Row& row : rows)
    EXPECT_EQ(decide(row), row.expected) << row.what << " " << row.identity << row.resource;
}

TEST(Evaluate, MatchesActionsResourcesAndConditions) {
  const auto identity = [](std::string text, const char* expected) {
    return Row{"identity", kAnn, std::move(text), "", "", "", expected};
  };
  const std::string all = R"("Action":"*","Resource":"*")";
  check({
      identity("", "no identity"),
      identity(allow(), "allow"),
      identity(allow(all), "allow"),
      identity(allow(R"("Action":"S3:getobject","Resource":"*")"), "allow"),
      identity(allow(R"("Action":"s3:Get*","Resource":"*")"), "allow"),
      identity(allow(R"("Action":"s3:Get?bject","Resource":"*")"), "allow"),
      identity(allow(R"("Action":["s3:PutObject","s3:*"],"Resource":"*")"), "allow"),
      identity(allow(R"("Action":"s3:GetObjectTagging","Resource":"*")"), "no identity"),
      identity(allow(R"("Action":"ec2:*","Resource":"*")"), "no identity"),
      identity(allow(R"("NotAction":"ec2:*","Resource":"*")"), "allow"),
      identity(allow(R"("NotAction":"s3:*","Resource":"*")"), "no identity"),
      identity(allow(R"("Action":"s3:*","Resource":"arn:aws:s3:::b/*")"), "allow"),
      identity(allow(R"("Action":"s3:*","Resource":"arn:aws:s3:::c/*")"), "no identity"),
      identity(allow(R"("Action":"s3:*","NotResource":"arn:aws:s3:::c/*")"), "allow"),
      identity(allow(R"("Action":"s3:*","NotResource":"arn:aws:s3:::b/*")"), "no identity"),
      identity(allow(R"("Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}/*")"), "allow"),
      identity(allow(R"("Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:userid}/*")"),
               "no identity"),
      identity(allow(R"("Action":"s3:*","NotResource":"arn:aws:s3:::b/${aws:userid}/*")"),
               "no identity"),
      identity(
          R"({"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}/*"}})",
          "no identity"),
      identity(allow(all + R"(,"Condition":{"Bool":{"AWS:SecureTransport":"false"}})"), "allow"),
      identity(allow(all + R"(,"Condition":{"Bool":{"aws:SecureTransport":"true"}})"),
               "no identity"),
      identity(
          allow(
              all +
              R"(,"Condition":{"Bool":{"aws:SecureTransport":"false"},"Null":{"aws:username":"true"}})"),
          "no identity"),
      identity(deny(), "deny identity"),
      identity(both(all, R"("Action":"s3:*","Resource":"*")"), "deny identity"),
      identity(both(all, R"("Action":"ec2:*","Resource":"*")"), "allow"),
      identity(
          both(
              all,
              R"("Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}})"),
          "deny identity"),
      identity(
          both(
              all,
              R"("Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}})"),
          "allow"),
      // Not valid at this place, so it says nothing.
      identity(allow(to(R"("*")")), "no identity"),
      identity(allow(R"("Action":"s3:*")"), "no identity"),
  });
}

TEST(Evaluate, WithinAnAccountEitherSideSuffices) {
  const auto resource = [](const char* what, const Principal& who, std::string text,
                           const char* expected) {
    return Row{what, who, "", std::move(text), "", "", expected};
  };
  check({
      resource("everyone", kAnn, allow(to(R"("*")")), "allow"),
      resource("every AWS principal", kAnn, allow(to_aws("*")), "allow"),
      resource("herself", kAnn, allow(to_aws("arn:aws:iam::111122223333:user/ann")), "allow"),
      resource("her id", kAnn, allow(to_aws("AIDAANNANNANNANNANNAN")), "allow"),
      resource("somebody else", kAnn, allow(to_aws("arn:aws:iam::111122223333:user/anna")),
               "no identity"),
      resource("case matters", kAnn, allow(to_aws("arn:aws:iam::111122223333:user/Ann")),
               "no identity"),
      resource("her account, which has to agree", kAnn, allow(to_aws("111122223333")),
               "no identity"),
      resource("the root user", kRoot, allow(to_aws("111122223333")), "allow"),
      resource("the root user", kRoot, allow(to_aws("arn:aws:iam::111122223333:root")), "allow"),
      resource("the root user, as S3 numbers it", kRoot,
               allow(to(R"({"CanonicalUser":"79a59df900b949e55d96a1e698fbaced"})")), "allow"),
      resource("the role", kSession, allow(to_aws("arn:aws:iam::111122223333:role/r")), "allow"),
      resource("the role's id", kSession, allow(to_aws("AROAROLEROLEROLEROLER")), "allow"),
      resource("the session", kSession, allow(to_aws("arn:aws:sts::111122223333:assumed-role/r/s")),
               "allow"),
      resource("another session", kSession,
               allow(to_aws("arn:aws:sts::111122223333:assumed-role/r/t")), "no identity"),
      resource("another role", kSession, allow(to_aws("arn:aws:iam::111122223333:role/q")),
               "no identity"),
      resource("the service", kSns, allow(to(R"({"Service":"sns.amazonaws.com"})")), "allow"),
      resource("another service", kSns, allow(to(R"({"Service":"sqs.amazonaws.com"})")),
               "no identity"),
      resource("a user who is called like a service", kAnn,
               allow(to(R"({"Service":"sns.amazonaws.com"})")), "no identity"),
      resource("nobody in particular", kNobody, allow(to(R"("*")")), "allow"),
      resource("nobody in particular", kNobody, allow(to_aws("*")), "allow"),
      resource("nobody, but an account was meant", kNobody, allow(to_aws("111122223333")),
               "no resource"),
      resource("nobody and no policy", kNobody, "", "no resource"),
      resource("identity provider", kCognito,
               allow(to(R"({"Federated":"cognito-identity.amazonaws.com"})")), "allow"),
      resource("other identity provider", kCognito,
               allow(to(R"({"Federated":"accounts.google.com"})")), "no resource"),
      resource("without a principal", kAnn, allow(), "no identity"),
      resource("everyone but another", kAnn, allow(except("arn:aws:iam::111122223333:user/bob")),
               "allow"),
      resource("everyone but her", kAnn, allow(except("arn:aws:iam::111122223333:user/ann")),
               "no identity"),
  });
}

TEST(Evaluate, DenialWinsWhereverItStands) {
  const std::string yes = allow();
  check({
      {"resource", kAnn, yes, deny(to(R"("*")")), "", "", "deny resource"},
      {"resource, account", kAnn, yes, deny(to_aws("111122223333")), "", "", "deny resource"},
      {"resource, role", kSession, yes, deny(to_aws("arn:aws:iam::111122223333:role/r")), "", "",
       "deny resource"},
      {"resource, other account", kAnn, yes, deny(to_aws("444455556666")), "", "", "allow"},
      {"resource, all but her", kAnn, yes, deny(except("arn:aws:iam::111122223333:user/ann")), "",
       "", "allow"},
      {"resource, all but another", kAnn, yes, deny(except("arn:aws:iam::111122223333:user/bob")),
       "", "", "deny resource"},
      {"resource, all but the root user", kAnn, yes, deny(except("111122223333")), "", "",
       "deny resource"},
      {"resource, all but the root user", kRoot, yes, deny(except("111122223333")), "", "",
       "allow"},
      {"resource, all but the role", kSession, yes,
       deny(except("arn:aws:iam::111122223333:role/r")), "", "", "allow"},
      {"boundary", kAnn, yes, "", deny(), "", "deny boundary"},
      {"session", kSession, yes, "", "", deny(), "deny session"},
      {"identity over resource", kAnn, deny(), allow(to(R"("*")")), "", "", "deny identity"},
  });
}

TEST(Evaluate, BoundariesAndSessionPoliciesNarrow) {
  const std::string yes = allow(), other = allow(R"("Action":"ec2:*","Resource":"*")");
  const std::string to_ann = allow(to_aws("arn:aws:iam::111122223333:user/ann"));
  const std::string to_role = allow(to_aws("arn:aws:iam::111122223333:role/r"));
  const std::string to_session = allow(to_aws("arn:aws:sts::111122223333:assumed-role/r/s"));
  check({
      {"boundary allows", kAnn, yes, "", yes, "", "allow"},
      {"boundary does not", kAnn, yes, "", other, "", "no boundary"},
      {"only the boundary", kAnn, "", "", yes, "", "no identity"},
      {"session allows", kSession, yes, "", "", yes, "allow"},
      {"session does not", kSession, yes, "", "", other, "no session"},
      {"only the session", kSession, "", "", "", yes, "no identity"},
      {"user named by the resource", kAnn, "", to_ann, other, "", "allow"},
      {"everyone, but the boundary", kAnn, "", allow(to(R"("*")")), other, "", "no identity"},
      {"role named by the resource", kSession, "", to_role, "", other, "no identity"},
      {"role named by the resource", kSession, yes, to_role, other, "", "no boundary"},
      {"role named by the resource", kSession, "", to_role, yes, yes, "allow"},
      {"session named by the resource", kSession, "", to_session, other, other, "allow"},
  });
}

TEST(Evaluate, AcrossAccountsBothSidesHaveToAllow) {
  const std::string yes = allow();
  const std::string to_bob = allow(to_aws("arn:aws:iam::444455556666:user/bob"));
  const std::string to_account = allow(to_aws("444455556666"));
  check({
      {"only his policies", kBob, yes, "", "", "", "no resource"},
      {"only the resource", kBob, "", to_bob, "", "", "no identity"},
      {"only the resource, everyone", kBob, "", allow(to(R"("*")")), "", "", "no identity"},
      {"both", kBob, yes, to_bob, "", "", "allow"},
      {"both, by his account", kBob, yes, to_account, "", "", "allow"},
      {"both, everyone", kBob, yes, allow(to(R"("*")")), "", "", "allow"},
      {"both, but the boundary", kBob, yes, to_bob, allow(R"("Action":"ec2:*","Resource":"*")"), "",
       "no boundary"},
      {"another account", kBob, yes, allow(to_aws("111122223333")), "", "", "no resource"},
  });
}

TEST(Evaluate, TrustAndKeyPoliciesHaveToAllowEvenWithinTheAccount) {
  const std::string yes = allow();
  const std::string to_ann = allow(to_aws("arn:aws:iam::111122223333:user/ann"));
  const std::string to_account = allow(to_aws("arn:aws:iam::111122223333:root"));
  const ResourceRule must = ResourceRule::MustAllow;
  check({
      {"identity alone", kAnn, yes, "", "", "", "no resource", must},
      {"named", kAnn, "", to_ann, "", "", "allow", must},
      {"account alone", kAnn, "", to_account, "", "", "no identity", must},
      {"account and identity", kAnn, yes, to_account, "", "", "allow", must},
      {"service", kSns, "", allow(to(R"({"Service":"sns.amazonaws.com"})")), "", "", "allow", must},
      {"other service", kSns, yes, allow(to(R"({"Service":"ec2.amazonaws.com"})")), "", "",
       "no resource", must},
  });
}

TEST(Describe, SpeaksAsAwsDoes) {
  const Context values = context();
  const Request request{kAnn, "s3:GetObject", "arn:aws:s3:::b/k", kAccount, values};
  using Kind = Decision::Kind;
  const std::string who =
      "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: s3:GetObject on "
      "resource: arn:aws:s3:::b/k ";
  EXPECT_EQ(describe({.kind = Kind::ImplicitDeny, .by = PolicyType::Identity}, request),
            who + "because no identity-based policy allows the s3:GetObject action");
  EXPECT_EQ(describe({.kind = Kind::ImplicitDeny, .by = PolicyType::Boundary}, request),
            who + "because no permissions boundary allows the s3:GetObject action");
  EXPECT_EQ(describe({.kind = Kind::ExplicitDeny, .by = PolicyType::Identity}, request),
            who + "with an explicit deny in an identity-based policy");
  EXPECT_EQ(describe({.kind = Kind::ExplicitDeny, .by = PolicyType::Resource}, request),
            who + "with an explicit deny in a resource-based policy");
  EXPECT_EQ(describe({.kind = Kind::ExplicitDeny, .by = PolicyType::Session}, request),
            who + "with an explicit deny in a session policy");
}

TEST(Decision, NamesThePolicyAndTheStatement) {
  Compiled compiled;
  const auto identity =
      compiled.list(both(R"("Action":"*","Resource":"*")", R"("Action":"s3:*","Resource":"*")"));
  const Context values = context();
  const Decision decision =
      evaluate({kAnn, "s3:GetObject", "*", kAccount, values}, {.identity = identity});
  EXPECT_EQ(decision.policy_name, "p");
  EXPECT_EQ(decision.sid, "no");
}

TEST(Context, IgnoresTheCaseOfKeysAndTreatsNoValuesAsAbsent) {
  Context values;
  values.set("aws:PrincipalTag/Team", "a");
  values.set("AWS:principaltag/team", "b");
  ASSERT_NE(values.find("aws:principaltag/team"), nullptr);
  EXPECT_EQ(*values.find("aws:principaltag/team"), std::vector<std::string>{"b"});
  values.set("aws:PrincipalTag/Team", std::vector<std::string>{});
  EXPECT_EQ(values.find("aws:principaltag/team"), nullptr);
}

}  // namespace
}  // namespace holm::aws::policy
