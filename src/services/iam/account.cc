// The account as a whole: its alias and what it has.

#include <fmt/format.h>

#include "base/time_format.h"
#include "iam/handlers.h"
#include "services/iam/service.h"

namespace holm::iam {

namespace {

void require_known_account(Call& call) {
  call.transaction.run("INSERT INTO iam_account (account, created) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                       {call.account, to_milliseconds(call.now)});
}

}  // namespace

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccountAlias.html
// An account has one alias; a new one replaces it.
Nothing create_account_alias(Service& service, Call& call, const CreateAccountAliasRequest& request) {
  require_known_account(call);
  if (call.transaction.find("SELECT 1 FROM iam_account WHERE alias = ?1 AND account <> ?2",
                            {request.account_alias, call.account})) {
    throw EntityAlreadyExistsException(fmt::format("The account alias {} already exists.", request.account_alias));
  }
  call.transaction.run("UPDATE iam_account SET alias = ?2 WHERE account = ?1",
                       {call.account, request.account_alias});
  service.changed(call);
  return {};
}

Nothing delete_account_alias(Service& service, Call& call, const DeleteAccountAliasRequest& request) {
  call.transaction.run("UPDATE iam_account SET alias = NULL WHERE account = ?1 AND alias = ?2",
                       {call.account, request.account_alias});
  if (call.transaction.changes() == 0) {
    throw NoSuchEntityException(fmt::format("The account alias {} cannot be found.", request.account_alias));
  }
  service.changed(call);
  return {};
}

// There is one at most, so a page is never cut.
ListAccountAliasesResponse list_account_aliases(Service&, Call& call, const ListAccountAliasesRequest& request) {
  ListAccountAliasesResponse response{.is_truncated = false};
  std::optional<sql::Row> row =
      call.transaction.find("SELECT alias FROM iam_account WHERE account = ?1", {call.account});
  bool is_further_page = request.marker.has_value() && request.max_items.value_or(1) > 0;
  if (row && !row->is_null(0) && !is_further_page) response.account_aliases.push_back(row->text(0));
  return response;
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
// What holm does not have (certificates, MFA devices, passwords) is counted as the zero it is.
GetAccountSummaryResponse get_account_summary(Service&, Call& call, const Nothing&) {
  GetAccountSummaryResponse response;
  auto& summary = response.summary_map;
  auto kinds = [&](std::string_view word) {
    return static_cast<int32_t>(
        call.transaction
            .find("SELECT count(*) FROM iam_entity WHERE account = ?1 AND kind = ?2",
                  {call.account, std::string(word)})
            ->integer(0));
  };
  sql::Row versions = *call.transaction.find(
      "SELECT count(*) FROM iam_policy_version v JOIN iam_entity e ON e.id = v.policy_id WHERE e.account = ?1",
      {call.account});
  summary = {{"Users", kinds("user")}, {"Groups", kinds("group")}, {"Roles", kinds("role")},
             {"InstanceProfiles", kinds("instance-profile")}, {"Policies", kinds("policy")},
             {"PolicyVersionsInUse", static_cast<int32_t>(versions.integer(0))},
             {"UsersQuota", 5000}, {"GroupsQuota", 300}, {"RolesQuota", 1000}, {"InstanceProfilesQuota", 1000},
             {"PoliciesQuota", 1500}, {"PolicyVersionsInUseQuota", 10000}, {"VersionsPerPolicyQuota", 5},
             {"GroupsPerUserQuota", 10}, {"AccessKeysPerUserQuota", 2}, {"AttachedPoliciesPerUserQuota", 10},
             {"AttachedPoliciesPerGroupQuota", 10}, {"AttachedPoliciesPerRoleQuota", 10},
             {"UserPolicySizeQuota", 2048}, {"GroupPolicySizeQuota", 5120}, {"RolePolicySizeQuota", 10240},
             {"PolicySizeQuota", 6144}, {"AssumeRolePolicySizeQuota", 2048}, {"Providers", 0},
             {"ServerCertificates", 0}, {"MFADevices", 0}, {"MFADevicesInUse", 0}, {"AccountMFAEnabled", 0},
             {"AccountAccessKeysPresent", 0}, {"AccountPasswordPresent", 0},
             {"AccountSigningCertificatesPresent", 0}};
  return response;
}

}  // namespace holm::iam
