// Organizations and their accounts.

#include <gtest/gtest.h>

#include "base/strings.h"
#include "organizations/handlers.h"
#include "organizations/migrations.h"
#include "organizations/operations.h"
#include "services/organizations/service.h"
#include "support/service_tester.h"

namespace holm::organizations {

namespace {

// Knows the accounts it is told of.
class KnownAccounts final : public aws::IdentityProvider {
 public:
  std::shared_ptr<const aws::Accounts> accounts() override {
    return std::make_shared<const aws::Accounts>(known);
  }
  Result<std::shared_ptr<const aws::Credentials>, aws::CredentialProblem> find_credentials(
      std::string_view, std::string_view) override {
    return std::unexpected(aws::CredentialProblem::UnknownKey);
  }
  std::shared_ptr<const aws::PrincipalPolicies> policies_of(const aws::Principal&) override { return {}; }
  std::optional<aws::AccessKey> bootstrap(const std::string&) override { return std::nullopt; }
  std::optional<aws::RoleSummary> find_role(std::string_view) override { return std::nullopt; }
  std::optional<std::string> account_of(std::string_view) const override { return std::nullopt; }
  Result<aws::TemporaryCredentials> issue_session(const aws::SessionRequest&) override {
    return failure("There are no sessions here.");
  }
  Result<aws::TemporaryCredentials> issue_role_credentials(std::string_view, std::string_view,
                                                           std::string_view, std::chrono::seconds) override {
    return failure("There are no roles here.");
  }

  aws::Accounts known;
};

class OrganizationsTest : public ::testing::Test {
 protected:
  OrganizationsTest() { place.database->migrate("organizations", migrations()); }
  std::string call(std::string_view operation, std::string_view json) {
    return test::call_service(place, model(), service, operation, json);
  }

  test::Place place;
  KnownAccounts identities;
  Service service{identities, place.random};
};

TEST_F(OrganizationsTest, AnAccountIsInOneOrganizationAtMost) {
  EXPECT_TRUE(call("DescribeOrganization", "{}").starts_with("400 AWSOrganizationsNotInUseException"));
  EXPECT_TRUE(call("CreateOrganization", "{}").starts_with("200"));
  EXPECT_TRUE(call("CreateOrganization", "{}").starts_with("400 AlreadyInOrganizationException"));
  EXPECT_NE(call("DescribeOrganization", "{}").find(R"("MasterAccountId":"123456789012")"),
            std::string::npos);
  EXPECT_NE(call("ListAccounts", "{}").find(R"("Id":"123456789012")"), std::string::npos);
}

TEST_F(OrganizationsTest, OthersCannotLookIn) {
  call("CreateOrganization", "{}");
  place.caller.account = "210987654321";
  EXPECT_TRUE(call("ListAccounts", "{}").starts_with("400 AWSOrganizationsNotInUseException"));
  EXPECT_TRUE(call("CreateAccount", R"({"Email":"a@example.com","AccountName":"a"})")
                  .starts_with("400 AWSOrganizationsNotInUseException"));
}

TEST_F(OrganizationsTest, WhatIsNotThereIsNotFound) {
  call("CreateOrganization", "{}");
  EXPECT_TRUE(
      call("DescribeAccount", R"({"AccountId":"210987654321"})").starts_with("400 AccountNotFoundException"));
  EXPECT_TRUE(call("DescribeCreateAccountStatus",
                   R"({"CreateAccountRequestId":"car-00000000000000000000000000000000"})")
                  .starts_with("400 CreateAccountStatusNotFoundException"));
}

}  // namespace

}  // namespace holm::organizations
