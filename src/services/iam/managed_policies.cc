// Managed policies and the versions of their documents.

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "base/time_format.h"
#include "iam/handlers.h"
#include "services/iam/aws_policies.h"
#include "services/iam/pages.h"
#include "services/iam/policies.h"
#include "services/iam/service.h"
#include "services/iam/users.h"

namespace holm::iam {

namespace {

constexpr int64_t kPolicySizeMax = 6144;
constexpr int64_t kVersionsMax = 5;
// When the first of AWS's own were made; holm does not know the day of each.
constexpr Time kAwsPoliciesCreated{std::chrono::milliseconds(1'423'247'926'000)};

void require_managed_document(const std::string& document) {
  require_document(document, policy::PolicyKind::Identity);
  require_within(static_cast<int64_t>(policy::counted_characters(document)), kPolicySizeMax, "PolicySize");
}

void require_policy_arn(const std::string& arn) {
  if (arn.starts_with("arn:")) return;
  throw aws::ServiceError("ValidationError", 400, "Invalid ARN:  Could not be parsed!");
}

[[noreturn]] void refuse_unknown(const std::string& arn) {
  throw NoSuchEntityException(fmt::format("Policy {} was not found.", arn));
}

std::string version_name(int64_t number) { return fmt::format("v{}", number); }

// 0 for what is no version's name.
int64_t version_number(std::string_view name) {
  if (!name.starts_with('v')) return 0;
  return parse_integer(name.substr(1)).value_or(0);
}

int64_t attachments(Call& call, const std::string& arn) {
  return count_rows(call,
                    "SELECT count(*) FROM iam_attachment a JOIN iam_entity e ON e.id = a.entity "
                    "WHERE a.policy_arn = ?1 AND e.account = ?2",
                    {arn, call.account});
}

int64_t boundary_uses(Call& call, const std::string& arn) {
  return count_rows(call, "SELECT count(*) FROM iam_entity WHERE boundary = ?1 AND account = ?2",
                    {arn, call.account});
}

Policy to_policy(Call& call, const Entity& entity, Detail detail) {
  int64_t version = count_rows(
      call, "SELECT number FROM iam_policy_version WHERE policy_id = ?1 AND is_default = 1", {entity.id});
  Policy policy{.policy_name = entity.name,
                .policy_id = entity.id,
                .arn = entity.arn(),
                .path = entity.path,
                .default_version_id = version_name(version),
                .attachment_count = static_cast<int32_t>(attachments(call, entity.arn())),
                .permissions_boundary_usage_count = static_cast<int32_t>(boundary_uses(call, entity.arn())),
                .is_attachable = true,
                .create_date = entity.created,
                .update_date = entity.changed};
  if (detail == Detail::Brief) return policy;
  policy.description = entity.description;
  policy.tags = told_tags(call.transaction, entity);
  return policy;
}

Policy to_policy(Call& call, const AwsPolicy& aws) {
  return {.policy_name = std::string(aws.name),
          .policy_id = aws.id(),
          .arn = aws.arn(),
          .path = std::string(aws.path),
          .default_version_id = "v1",
          .attachment_count = static_cast<int32_t>(attachments(call, aws.arn())),
          .permissions_boundary_usage_count = static_cast<int32_t>(boundary_uses(call, aws.arn())),
          .is_attachable = true,
          .create_date = kAwsPoliciesCreated,
          .update_date = kAwsPoliciesCreated};
}

void insert_version(Call& call, const Entity& policy, const std::string& document, int64_t number) {
  call.transaction.run(
      "INSERT INTO iam_policy_version (policy_id, number, document, is_default, created) "
      "VALUES (?1, ?2, ?3, 0, ?4)",
      {policy.id, number, document, to_milliseconds(call.now)});
  call.transaction.run("UPDATE iam_entity SET last_version = ?2, changed = ?3 WHERE id = ?1",
                       {policy.id, number, to_milliseconds(call.now)});
}

void make_default(Call& call, const Entity& policy, int64_t number) {
  call.transaction.run("UPDATE iam_policy_version SET is_default = (number = ?2) WHERE policy_id = ?1",
                       {policy.id, number});
}

struct Version {
  int64_t number;
  std::string document;
  bool is_default;
  Time created;
};

Version require_version(Call& call, const Entity& policy, const std::string& name) {
  int64_t number = version_number(name);
  std::optional<sql::Row> row = call.transaction.find(
      "SELECT document, is_default, created FROM iam_policy_version WHERE policy_id = ?1 AND number = ?2",
      {policy.id, number});
  if (!row) {
    throw NoSuchEntityException(
        fmt::format("Policy {} version {} does not exist or is not attachable.", policy.arn(), name));
  }
  return {number, row->text(0), row->integer(1) != 0, from_milliseconds(row->integer(2))};
}

// AWS's own may be read by everyone, another account's by nobody.
Entity require_readable_policy(Call& call, const std::string& arn) {
  require_policy_arn(arn);
  std::optional<Entity> entity = find_entity_by_arn(call.transaction, arn);
  if (!entity || entity->kind != EntityKind::Policy || entity->account != call.account) refuse_unknown(arn);
  return *entity;
}

}  // namespace

void require_document(const std::string& text, policy::PolicyKind kind) {
  Result<policy::Policy, formats::ParseError> parsed = policy::parse(text);
  if (!parsed) throw MalformedPolicyDocumentException(parsed.error().message);
  Result<void> valid = policy::validate(*parsed, kind);
  if (!valid) throw MalformedPolicyDocumentException(valid.error().message);
}

std::optional<std::string> find_managed_document(sql::Transaction& transaction, std::string_view arn) {
  if (const AwsPolicy* aws = find_aws_policy(arn)) return std::string(aws->document);
  std::optional<Entity> entity = find_entity_by_arn(transaction, arn);
  if (!entity || entity->kind != EntityKind::Policy) return std::nullopt;
  return transaction
      .find("SELECT document FROM iam_policy_version WHERE policy_id = ?1 AND is_default = 1", {entity->id})
      ->text(0);
}

Entity require_own_policy(Call& call, const std::string& arn) {
  if (find_aws_policy(arn) != nullptr) {
    throw aws::AccessDenied(fmt::format("User: {} is not authorized to change the policy {} of AWS.",
                                        call.principal.arn, arn));
  }
  return require_readable_policy(call, arn);
}

void require_attachable(Call& call, const std::string& arn) {
  require_policy_arn(arn);
  if (find_aws_policy(arn) != nullptr) return;
  std::optional<Entity> entity = find_entity_by_arn(call.transaction, arn);
  if (entity && entity->kind == EntityKind::Policy && entity->account == call.account) return;
  throw NoSuchEntityException(fmt::format("Policy {} does not exist or is not attachable.", arn));
}

void require_boundary(Call& call, const std::string& arn) {
  if (!arn.starts_with("arn:")) {
    throw aws::ServiceError("ValidationError", 400, fmt::format("Value ({}) for parameter PermissionsBoundary is "
                                                               "invalid. ARN {} is not valid.", arn, arn));
  }
  require_attachable(call, arn);
}

void set_boundary(Call& call, const Entity& entity, const std::string& policy_arn) {
  require_boundary(call, policy_arn);
  call.transaction.run("UPDATE iam_entity SET boundary = ?2 WHERE id = ?1", {entity.id, policy_arn});
}

void clear_boundary(Call& call, const Entity& entity) {
  if (!entity.boundary) {
    throw NoSuchEntityException(
        fmt::format("{} {} does not have a permissions boundary.",
                    entity.kind == EntityKind::User ? "User" : "Role", entity.name));
  }
  call.transaction.run("UPDATE iam_entity SET boundary = NULL WHERE id = ?1", {entity.id});
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
CreatePolicyResponse create_policy(Service& service, Call& call, const CreatePolicyRequest& request) {
  require_managed_document(request.policy_document);
  Entity entity{.kind = EntityKind::Policy,
                .name = request.policy_name,
                .path = path_or_root(request.path),
                .description = request.description};
  insert_entity(service, call, entity);
  insert_version(call, entity, request.policy_document, 1);
  make_default(call, entity, 1);
  put_tags(call, entity, request.tags);
  service.changed(call);
  return {.policy = to_policy(call, entity, Detail::Full)};
}

GetPolicyResponse get_policy(Service&, Call& call, const GetPolicyRequest& request) {
  if (const AwsPolicy* aws = find_aws_policy(request.policy_arn)) return {.policy = to_policy(call, *aws)};
  return {.policy = to_policy(call, require_readable_policy(call, request.policy_arn), Detail::Full)};
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html
Nothing delete_policy(Service& service, Call& call, const DeletePolicyRequest& request) {
  Entity policy = require_own_policy(call, request.policy_arn);
  if (attachments(call, policy.arn()) + boundary_uses(call, policy.arn()) > 0) {
    throw DeleteConflictException("Cannot delete a policy attached to entities.");
  }
  if (count_rows(call, "SELECT count(*) FROM iam_policy_version WHERE policy_id = ?1", {policy.id}) > 1) {
    throw DeleteConflictException(
        "This policy has more than one version. Before you delete a policy, you must delete the policy's "
        "versions. The default version is deleted with the policy.");
  }
  delete_entity(call, policy);
  service.changed(call);
  return {};
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicies.html
ListPoliciesResponse list_policies(Service&, Call& call, const ListPoliciesRequest& request) {
  Page page = read_page(request.marker, request.max_items);
  std::string prefix = request.path_prefix.value_or("/");
  std::string scope = request.scope.value_or(std::string(policy_scope_type::kAll));
  std::vector<std::pair<std::string, Policy>> found;
  if (scope != policy_scope_type::kAws) {
    // Filters look at counts, so all are read; their number has a quota.
    Page everything{.after = {}, .limit = INT32_MAX};
    for (const sql::Row& row : list_entities(call, EntityKind::Policy, prefix, everything)) {
      found.emplace_back(entity_key(row), to_policy(call, read_entity(row), Detail::Brief));
    }
  }
  for (const AwsPolicy& aws : aws_policies()) {
    bool is_wanted = scope != policy_scope_type::kLocal && aws.path.starts_with(prefix);
    // A space sorts before what a customer's policy of the same name would be.
    if (is_wanted) found.emplace_back(to_lower(aws.name) + " aws", to_policy(call, aws));
  }
  std::string usage = request.policy_usage_filter.value_or("");
  std::erase_if(found, [&](const auto& entry) {
    const auto& [key, policy] = entry;
    bool is_attached = *policy.attachment_count > 0;
    bool is_boundary = *policy.permissions_boundary_usage_count > 0;
    if (usage == policy_usage_type::kPermissionsPolicy && !is_attached) return true;
    if (usage == policy_usage_type::kPermissionsBoundary && !is_boundary) return true;
    if (request.only_attached.value_or(false) && !is_attached && !is_boundary) return true;
    return key <= page.after;
  });
  std::ranges::sort(found, {}, [](const auto& entry) { return entry.first; });
  ListPoliciesResponse response{.is_truncated = found.size() > static_cast<size_t>(page.limit)};
  if (*response.is_truncated) {
    found.resize(static_cast<size_t>(page.limit));
    response.marker = make_marker(found.back().first);
  }
  for (auto& [key, policy] : found) response.policies.push_back(std::move(policy));
  return response;
}

CreatePolicyVersionResponse create_policy_version(Service& service, Call& call,
                                                  const CreatePolicyVersionRequest& request) {
  Entity policy = require_own_policy(call, request.policy_arn);
  require_managed_document(request.policy_document);
  int64_t count = count_rows(call, "SELECT count(*) FROM iam_policy_version WHERE policy_id = ?1", {policy.id});
  if (count >= kVersionsMax) {
    throw LimitExceededException(
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing "
        "version.");
  }
  // Numbers are not used again.
  int64_t number = count_rows(call, "SELECT last_version + 1 FROM iam_entity WHERE id = ?1", {policy.id});
  insert_version(call, policy, request.policy_document, number);
  bool is_default = request.set_as_default.value_or(false);
  if (is_default) make_default(call, policy, number);
  service.changed(call);
  return {.policy_version = PolicyVersion{
              .version_id = version_name(number), .is_default_version = is_default, .create_date = call.now}};
}

GetPolicyVersionResponse get_policy_version(Service&, Call& call, const GetPolicyVersionRequest& request) {
  if (const AwsPolicy* aws = find_aws_policy(request.policy_arn)) {
    if (request.version_id != "v1") {
      throw NoSuchEntityException(fmt::format("Policy {} version {} does not exist or is not attachable.",
                                              request.policy_arn, request.version_id));
    }
    return {.policy_version = PolicyVersion{.document = percent_encode(aws->document),
                                            .version_id = "v1",
                                            .is_default_version = true,
                                            .create_date = kAwsPoliciesCreated}};
  }
  Version version =
      require_version(call, require_readable_policy(call, request.policy_arn), request.version_id);
  return {.policy_version = PolicyVersion{.document = percent_encode(version.document),
                                          .version_id = version_name(version.number),
                                          .is_default_version = version.is_default,
                                          .create_date = version.created}};
}

// The newest first.
ListPolicyVersionsResponse list_policy_versions(Service&, Call& call, const ListPolicyVersionsRequest& request) {
  Page page = read_page(request.marker, request.max_items);
  ListPolicyVersionsResponse response{.is_truncated = false};
  if (find_aws_policy(request.policy_arn) != nullptr) {
    response.versions.push_back(
        {.version_id = "v1", .is_default_version = true, .create_date = kAwsPoliciesCreated});
    return response;
  }
  Entity policy = require_readable_policy(call, request.policy_arn);
  int64_t before = page.after.empty() ? INT64_MAX : parse_integer(page.after).value_or(0);
  std::vector<sql::Row> rows = call.transaction.run(
      "SELECT number, is_default, created FROM iam_policy_version WHERE policy_id = ?1 AND number < ?2 "
      "ORDER BY number DESC LIMIT ?3",
      {policy.id, before, page.rows()});
  finish_page(response, rows, page, [](const sql::Row& row) { return std::to_string(row.integer(0)); });
  for (const sql::Row& row : rows) {
    response.versions.push_back({.version_id = version_name(row.integer(0)),
                                 .is_default_version = row.integer(1) != 0,
                                 .create_date = from_milliseconds(row.integer(2))});
  }
  return response;
}

Nothing set_default_policy_version(Service& service, Call& call, const SetDefaultPolicyVersionRequest& request) {
  Entity policy = require_own_policy(call, request.policy_arn);
  make_default(call, policy, require_version(call, policy, request.version_id).number);
  service.changed(call);
  return {};
}

Nothing delete_policy_version(Service& service, Call& call, const DeletePolicyVersionRequest& request) {
  Entity policy = require_own_policy(call, request.policy_arn);
  Version version = require_version(call, policy, request.version_id);
  if (version.is_default) throw DeleteConflictException("Cannot delete the default version of a policy.");
  call.transaction.run("DELETE FROM iam_policy_version WHERE policy_id = ?1 AND number = ?2",
                       {policy.id, version.number});
  service.changed(call);
  return {};
}

Nothing tag_policy(Service& service, Call& call, const TagPolicyRequest& request) {
  put_tags(call, require_own_policy(call, request.policy_arn), request.tags);
  service.changed(call);
  return {};
}

Nothing untag_policy(Service& service, Call& call, const UntagPolicyRequest& request) {
  remove_tags(call, require_own_policy(call, request.policy_arn), request.tag_keys);
  service.changed(call);
  return {};
}

ListPolicyTagsResponse list_policy_tags(Service&, Call& call, const ListPolicyTagsRequest& request) {
  ListPolicyTagsResponse response{.is_truncated = false};
  if (find_aws_policy(request.policy_arn) != nullptr) return response;
  list_tags(call, require_readable_policy(call, request.policy_arn), request, response);
  return response;
}

}  // namespace holm::iam
