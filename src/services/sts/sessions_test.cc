// Who may assume a role, with what, and for how long.

#include <gtest/gtest.h>

#include <map>

#include "base/strings.h"
#include "services/sts/service.h"
#include "sts/handlers.h"
#include "support/service_tester.h"

namespace holm::sts {

namespace {

using std::chrono::hours;

// Knows one role, and remembers what was asked of it.
class OneRole final : public aws::IdentityProvider {
 public:
  Result<std::shared_ptr<const aws::Credentials>, aws::CredentialProblem> find_credentials(
      std::string_view, std::string_view) override {
    return std::unexpected(aws::CredentialProblem::UnknownKey);
  }
  std::shared_ptr<const aws::PrincipalPolicies> policies_of(const aws::Principal&) override {
    return std::make_shared<const aws::PrincipalPolicies>();
  }
  std::optional<aws::AccessKey> bootstrap(const std::string&) override { return std::nullopt; }
  std::optional<aws::RoleSummary> find_role(std::string_view role_arn) override {
    if (role_arn != role.arn) return std::nullopt;
    return role;
  }
  std::optional<std::string> account_of(std::string_view id) const override {
    if (id == "AKIAKNOWNKNOWNKNOWN0") return "123456789012";
    return std::nullopt;
  }
  std::shared_ptr<const aws::Accounts> accounts() override { return std::make_shared<const aws::Accounts>(); }
  Result<aws::TemporaryCredentials> issue_session(const aws::SessionRequest& request) override {
    asked = request;
    return aws::TemporaryCredentials{
        .key = {"ASIAKEY", "secret"}, .session_token = "token", .expiration = Time()};
  }
  Result<aws::TemporaryCredentials> issue_role_credentials(std::string_view, std::string_view, std::string_view,
                                                           std::chrono::seconds) override {
    return failure("not asked for here");
  }

  aws::RoleSummary role{.account = "123456789012",
                        .name = "web",
                        .arn = "arn:aws:iam::123456789012:role/app/web",
                        .id = "AROAWEB",
                        .trust_policy = "the trust policy",
                        .max_session_duration = hours(2)};
  aws::SessionRequest asked;
};

class SessionsTest : public ::testing::Test {
 protected:
  SessionsTest() { ask_as(aws::Principal::Kind::User, "AKIAX"); }

  void ask_as(aws::Principal::Kind kind, const std::string& key) {
    place.caller.principal = {.kind = kind,
                              .account = "123456789012",
                              .arn = "arn:aws:iam::123456789012:user/ann",
                              .id = "AIDAANN",
                              .access_key_id = key};
  }

  std::string call(std::string_view operation, const std::string& request) {
    return test::call_service(place, model(), service, operation, request);
  }

  // AssumeRole with further members.
  std::string assume(const std::string& more = "", const std::string& role = "role/app/web") {
    return call(
        "AssumeRole",
        fmt::format(R"({{"RoleArn":"arn:aws:iam::123456789012:{}","RoleSessionName":"s1"{}}})", role, more));
  }

  std::vector<aws::Access> needed(const AssumeRoleRequest& request) {
    auto transaction = place.database->begin(sql::Access::Read);
    aws::Call asking{place.caller, *transaction, place.region};
    return service.access(*aws::find_operation(model(), "AssumeRole"), &request, asking);
  }

  void expect_like(const std::string& pattern, const std::string& text) {
    EXPECT_TRUE(matches_wildcard(pattern, text)) << text;
  }

  test::Place place;
  OneRole identities;
  Service service{identities};
};

TEST_F(SessionsTest, AssumingARoleGivesItsCredentials) {
  EXPECT_EQ(assume(),
            R"(200 {"Credentials":{"AccessKeyId":"ASIAKEY","SecretAccessKey":"secret","SessionToken":"token",)"
            R"("Expiration":0},"AssumedRoleUser":{"AssumedRoleId":"AROAWEB:s1",)"
            R"("Arn":"arn:aws:sts::123456789012:assumed-role/web/s1"}})");
  EXPECT_EQ(identities.asked.role_arn, identities.role.arn);
  EXPECT_EQ(identities.asked.session_name, "s1");
  EXPECT_EQ(identities.asked.duration, hours(1));
}

TEST_F(SessionsTest, DurationsHaveTheirBounds) {
  expect_like("200 *", assume(R"(,"DurationSeconds":7200)"));
  EXPECT_EQ(identities.asked.duration, hours(2));
  expect_like("400 ValidationError: *MaxSessionDuration*", assume(R"(,"DurationSeconds":7201)"));
  expect_like("400 ValidationError: *", assume(R"(,"DurationSeconds":899)"));
  ask_as(aws::Principal::Kind::AssumedRole, "ASIAX");
  expect_like("200 *", assume(R"(,"DurationSeconds":3600)"));
  expect_like("400 ValidationError: *chaining*", assume(R"(,"DurationSeconds":3601)"));
}

TEST_F(SessionsTest, SessionPoliciesArePassedOnWhenTheyAreValid) {
  expect_like(
      R"(200 *"PackedPolicySize":?*)",
      assume(
          R"(,"Policy":"{\"Version\":\"2012-10-17\",\"Statement\":[)"
                         R"({\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}")"
          R"(,"PolicyArns":[{"arn":"arn:aws:iam::aws:policy/AdministratorAccess"}])"));
  EXPECT_EQ(identities.asked.session_policy.front(), '{');
  EXPECT_EQ(identities.asked.session_policy_arns,
            std::vector<std::string>{"arn:aws:iam::aws:policy/AdministratorAccess"});
  expect_like("400 MalformedPolicyDocument: *", assume(R"(,"Policy":"{}")"));
}

TEST_F(SessionsTest, WhatIsNotBuiltIsRefusedByName) {
  expect_like("501 NotImplemented: Tags*", assume(R"(,"Tags":[{"Key":"a","Value":"b"}])"));
  expect_like("501 NotImplemented: SerialNumber", assume(R"(,"SerialNumber":"arn:aws:iam::1:mfa/x")"));
  expect_like("501 NotImplemented: SourceIdentity", assume(R"(,"SourceIdentity":"ann")"));
  expect_like("501 NotImplemented: AssumeRoleWithWebIdentity", call("AssumeRoleWithWebIdentity", "{}"));
}

TEST_F(SessionsTest, TheTrustPolicyHasToAllow) {
  std::vector<aws::Access> access =
      needed({.role_arn = identities.role.arn, .role_session_name = "s1", .external_id = "x"});
  ASSERT_EQ(access.size(), 1u);
  EXPECT_EQ(access[0].action, "sts:AssumeRole");
  EXPECT_EQ(access[0].resource, identities.role.arn);
  EXPECT_EQ(access[0].resource_policy, "the trust policy");
  EXPECT_EQ(access[0].resource_account, "123456789012");
  EXPECT_EQ(access[0].resource_rule, aws::ResourceRule::MustAllow);
  EXPECT_EQ(access[0].context.at("sts:ExternalId"), std::vector<std::string>{"x"});
  EXPECT_EQ(access[0].context.at("sts:RoleSessionName"), std::vector<std::string>{"s1"});
}

TEST_F(SessionsTest, ARoleThatDoesNotExistLooksLikeOneThatIsForbidden) {
  std::vector<aws::Access> access =
      needed({.role_arn = "arn:aws:iam::123456789012:role/no", .role_session_name = "s"});
  EXPECT_FALSE(access[0].resource_policy);
  EXPECT_EQ(access[0].resource_rule, aws::ResourceRule::MustAllow);
  expect_like("403 AccessDenied: *", assume("", "role/no"));
}

TEST_F(SessionsTest, RootAssumesNoRoles) {
  ask_as(aws::Principal::Kind::Root, "AKIAX");
  EXPECT_EQ(assume(), "403 AccessDenied: Roles may not be assumed by root accounts.");
}

TEST_F(SessionsTest, SessionsOfOnesOwnNeedALongLivedKey) {
  expect_like(R"(200 {"Credentials":{*}})", call("GetSessionToken", "{}"));
  EXPECT_EQ(identities.asked.duration, hours(12));
  EXPECT_EQ(identities.asked.user.arn, place.caller.principal.arn);
  EXPECT_TRUE(identities.asked.role_arn.empty());
  ask_as(aws::Principal::Kind::User, "ASIAX");
  expect_like("403 AccessDenied: *", call("GetSessionToken", "{}"));
  ask_as(aws::Principal::Kind::AssumedRole, "ASIAX");
  expect_like("403 AccessDenied: *", call("GetSessionToken", "{}"));
}

TEST_F(SessionsTest, EverybodyLearnsWhoTheyAre) {
  EXPECT_EQ(call("GetCallerIdentity", "{}"),
            R"(200 {"UserId":"AIDAANN","Account":"123456789012","Arn":"arn:aws:iam::123456789012:user/ann"})");
}

TEST_F(SessionsTest, AKeysIdTellsItsAccount) {
  EXPECT_EQ(call("GetAccessKeyInfo", R"({"AccessKeyId":"AKIAKNOWNKNOWNKNOWN0"})"),
            R"(200 {"Account":"123456789012"})");
  expect_like("400 ValidationError: *", call("GetAccessKeyInfo", R"({"AccessKeyId":"AKIANOTKNOWNNOTKNOWN"})"));
}

}  // namespace

}  // namespace holm::sts
