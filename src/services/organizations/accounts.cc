// The organization and its accounts.

#include <fmt/format.h>

#include "aws/service/region.h"
#include "base/strings.h"
#include "iam/operations.h"
#include "organizations/handlers.h"
#include "services/organizations/service.h"

namespace holm::organizations {

namespace {

constexpr size_t kIdCharacters = 10;
constexpr size_t kRequestCharacters = 32;
constexpr int32_t kPageMax = 20;
constexpr uint64_t kAccountFirst = 100'000'000'000;
constexpr uint64_t kAccountCount = 900'000'000'000;
constexpr std::string_view kRoleName = "OrganizationAccountAccessRole";

struct OrganizationRow {
  std::string id;
  std::string management_account;
  std::string features;
};

// The organization that the caller's account is in.
OrganizationRow require_organization(Call& call) {
  auto row = call.transaction.find(
      "SELECT o.id, o.management_account, o.features FROM organizations_organization o"
      " JOIN organizations_account a ON a.organization = o.id WHERE a.account = ?1",
      {call.account});
  if (!row) throw AWSOrganizationsNotInUseException("Your account is not a member of an organization.");
  return {.id = row->text(0), .management_account = row->text(1), .features = row->text(2)};
}

void require_management(const Call& call, const OrganizationRow& organization) {
  if (call.account == organization.management_account) return;
  throw AccessDeniedException("You don't have permissions to access this resource.");
}

std::string arn_in(const OrganizationRow& organization, std::string_view kind, std::string_view rest) {
  return fmt::format("arn:aws:organizations::{}:{}/{}{}", organization.management_account, kind,
                     organization.id, rest);
}

Organization told(const OrganizationRow& row) {
  return {.id = row.id,
          .arn = arn_in(row, "organization", ""),
          .feature_set = row.features,
          .master_account_arn = arn_in(row, "account", "/" + row.management_account),
          .master_account_id = row.management_account};
}

constexpr std::string_view kAccountColumns = "account, name, email, is_created, joined";

Account told_account(const OrganizationRow& organization, const sql::Row& row) {
  Account account{.id = row.text(0),
                  .arn = arn_in(organization, "account", "/" + row.text(0)),
                  .name = row.text(1),
                  .status = "ACTIVE",
                  .state = "ACTIVE",
                  .joined_method = row.integer(3) != 0 ? "CREATED" : "INVITED",
                  .joined_timestamp = from_milliseconds(row.integer(4))};
  if (!row.text(2).empty()) account.email = row.text(2);
  return account;
}

void add_account(Call& call, const std::string& organization, const std::string& account,
                 const CreateAccountRequest& request) {
  call.transaction.run(
      "INSERT INTO organizations_account (account, organization, name, email, is_created, joined)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      {account, organization, request.account_name, request.email, int64_t{!request.email.empty()},
       to_milliseconds(call.now)});
}

std::string new_account_number(Service& service) {
  const auto known = service.identities().accounts();
  while (true) {
    std::string number = std::to_string(kAccountFirst + service.random().below(kAccountCount));
    if (!known->contains(number)) return number;
  }
}

// Who may do what the management account's administrators allow, in the whole new account.
void add_access_role(Call& call, const std::string& account, const std::string& management_account,
                     const std::string& name) {
  const aws::Principal as = aws::service_principal("organizations.amazonaws.com", account);
  call.client.call<iam::CreateRole>(
      call, as,
      {.role_name = name,
       .assume_role_policy_document =
           fmt::format(R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",)"
                       R"("Principal":{{"AWS":"arn:aws:iam::{}:root"}},"Action":"sts:AssumeRole"}}]}})",
                       management_account)});
  call.client.call<iam::AttachRolePolicy>(
      call, as, {.role_name = name, .policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"});
}

CreateAccountStatus status_from(const sql::Row& row) {
  const Time requested = from_milliseconds(row.integer(4));
  CreateAccountStatus status{.id = row.text(0),
                             .account_name = row.text(1),
                             .state = row.is_null(2) ? "FAILED" : "SUCCEEDED",
                             .requested_timestamp = requested,
                             .completed_timestamp = requested};
  if (!row.is_null(2)) status.account_id = row.text(2);
  if (!row.text(3).empty()) status.failure_reason = row.text(3);
  return status;
}

CreateAccountStatus require_status(Call& call, const std::string& organization, const std::string& id) {
  auto row = call.transaction.find(
      "SELECT id, name, account, reason, requested FROM organizations_request WHERE id = ?1 AND organization "
      "= ?2",
      {id, organization});
  if (row) return status_from(*row);
  throw CreateAccountStatusNotFoundException("We can't find a create account request with that ID.");
}

}  // namespace

// https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateOrganization.html
CreateOrganizationResponse create_organization(Service& service, Call& call,
                                               const CreateOrganizationRequest& request) {
  if (call.transaction.find("SELECT 1 FROM organizations_account WHERE account = ?1", {call.account})) {
    throw AlreadyInOrganizationException("The AWS account is already a member of an organization.");
  }
  const OrganizationRow row{.id = "o-" + to_lower(service.random().base32(kIdCharacters)),
                            .management_account = call.account,
                            .features = request.feature_set.value_or("ALL")};
  call.transaction.run(
      "INSERT INTO organizations_organization (id, management_account, features) VALUES (?1, ?2, ?3)",
      {row.id, row.management_account, row.features});
  add_account(call, row.id, call.account, {.email = "", .account_name = "management"});
  return {.organization = told(row)};
}

DescribeOrganizationResponse describe_organization(Service&, Call& call, const Nothing&) {
  return {.organization = told(require_organization(call))};
}

// https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html
CreateAccountResponse create_account(Service& service, Call& call, const CreateAccountRequest& request) {
  const OrganizationRow organization = require_organization(call);
  require_management(call, organization);
  std::optional<std::string> account;
  const bool is_taken =
      call.transaction.find("SELECT 1 FROM organizations_account WHERE email = ?1", {request.email})
          .has_value();
  if (!is_taken) {
    account = new_account_number(service);
    add_account(call, organization.id, *account, request);
    add_access_role(call, *account, organization.management_account,
                    request.role_name.value_or(std::string(kRoleName)));
  }
  const std::string id = "car-" + service.random().hex(kRequestCharacters);
  call.transaction.run(
      "INSERT INTO organizations_request (id, organization, name, account, reason, requested)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      {id, organization.id, request.account_name, sql::optional_value(account),
       is_taken ? "EMAIL_ALREADY_EXISTS" : "", to_milliseconds(call.now)});
  return {.create_account_status = require_status(call, organization.id, id)};
}

DescribeCreateAccountStatusResponse describe_create_account_status(
    Service&, Call& call, const DescribeCreateAccountStatusRequest& request) {
  const OrganizationRow organization = require_organization(call);
  require_management(call, organization);
  return {.create_account_status = require_status(call, organization.id, request.create_account_request_id)};
}

DescribeAccountResponse describe_account(Service&, Call& call, const DescribeAccountRequest& request) {
  const OrganizationRow organization = require_organization(call);
  require_management(call, organization);
  auto row = call.transaction.find(
      fmt::format("SELECT {} FROM organizations_account WHERE organization = ?1 AND account = ?2",
                  kAccountColumns),
      {organization.id, request.account_id});
  if (!row) {
    throw AccountNotFoundException("You specified an account that doesn't exist.");
  }
  return {.account = told_account(organization, *row)};
}

ListAccountsResponse list_accounts(Service&, Call& call, const ListAccountsRequest& request) {
  const OrganizationRow organization = require_organization(call);
  require_management(call, organization);
  const auto count = static_cast<size_t>(request.max_results.value_or(kPageMax));
  ListAccountsResponse response;
  for (const sql::Row& row : call.transaction.run(
           fmt::format("SELECT {} FROM organizations_account WHERE organization = ?1 AND account > ?2"
                       " ORDER BY account LIMIT ?3",
                       kAccountColumns),
           {organization.id, request.next_token.value_or(""), static_cast<int64_t>(count) + 1})) {
    if (response.accounts.size() == count) {
      response.next_token = response.accounts.back().id;
      break;
    }
    response.accounts.push_back(told_account(organization, row));
  }
  return response;
}

}  // namespace holm::organizations
