// Which managed policies are attached to whom.

#include <fmt/format.h>

#include "iam/handlers.h"
#include "services/iam/aws_policies.h"
#include "services/iam/pages.h"
#include "services/iam/policies.h"
#include "services/iam/service.h"

namespace holm::iam {

namespace {

constexpr int64_t kAttachedMax = 10;

// Attaching again changes nothing.
void attach(Service& service, Call& call, const Entity& entity, const std::string& arn) {
  require_attachable(call, arn);
  call.transaction.run("INSERT INTO iam_attachment (entity, policy_arn) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                       {entity.id, arn});
  std::string_view quota = entity.kind == EntityKind::User    ? "PoliciesPerUser"
                           : entity.kind == EntityKind::Group ? "PoliciesPerGroup"
                                                              : "PoliciesPerRole";
  int64_t count = count_rows(call, "SELECT count(*) FROM iam_attachment WHERE entity = ?1", {entity.id});
  require_within(count, kAttachedMax, quota);
  service.changed(call);
}

void detach(Service& service, Call& call, const Entity& entity, const std::string& arn) {
  call.transaction.run("DELETE FROM iam_attachment WHERE entity = ?1 AND policy_arn = ?2", {entity.id, arn});
  if (call.transaction.changes() == 0) {
    throw NoSuchEntityException(fmt::format("Policy {} was not found.", arn));
  }
  service.changed(call);
}

// The part of the ARN between "policy" and the name.
std::string path_of_policy(std::string_view arn) {
  size_t begin = arn.find('/');
  return std::string(arn.substr(begin, arn.rfind('/') - begin + 1));
}

template <class Response, class Request>
Response list_attached(Call& call, const Entity& entity, const Request& request) {
  Page page = read_page(request.marker, request.max_items);
  std::string prefix = request.path_prefix.value_or("/");
  std::vector<sql::Row> rows;
  for (const sql::Row& row : call.transaction.run(
           "SELECT policy_arn FROM iam_attachment WHERE entity = ?1 AND policy_arn > ?2 ORDER BY policy_arn",
           {entity.id, page.after})) {
    if (path_of_policy(row.text(0)).starts_with(prefix)) rows.push_back(row);
  }
  Response response;
  finish_page(response, rows, page, [](const sql::Row& row) { return row.text(0); });
  for (const sql::Row& row : rows) {
    const std::string& arn = row.text(0);
    response.attached_policies.push_back({.policy_name = arn.substr(arn.rfind('/') + 1), .policy_arn = arn});
  }
  return response;
}

}  // namespace

Nothing attach_user_policy(Service& service, Call& call, const AttachUserPolicyRequest& request) {
  attach(service, call, require_entity(call, EntityKind::User, request.user_name), request.policy_arn);
  return {};
}

Nothing attach_group_policy(Service& service, Call& call, const AttachGroupPolicyRequest& request) {
  attach(service, call, require_entity(call, EntityKind::Group, request.group_name), request.policy_arn);
  return {};
}

Nothing attach_role_policy(Service& service, Call& call, const AttachRolePolicyRequest& request) {
  attach(service, call, require_changeable_role(call, request.role_name), request.policy_arn);
  return {};
}

Nothing detach_user_policy(Service& service, Call& call, const DetachUserPolicyRequest& request) {
  detach(service, call, require_entity(call, EntityKind::User, request.user_name), request.policy_arn);
  return {};
}

Nothing detach_group_policy(Service& service, Call& call, const DetachGroupPolicyRequest& request) {
  detach(service, call, require_entity(call, EntityKind::Group, request.group_name), request.policy_arn);
  return {};
}

Nothing detach_role_policy(Service& service, Call& call, const DetachRolePolicyRequest& request) {
  detach(service, call, require_changeable_role(call, request.role_name), request.policy_arn);
  return {};
}

ListAttachedUserPoliciesResponse list_attached_user_policies(Service&, Call& call,
                                                             const ListAttachedUserPoliciesRequest& request) {
  return list_attached<ListAttachedUserPoliciesResponse>(
      call, require_entity(call, EntityKind::User, request.user_name), request);
}

ListAttachedGroupPoliciesResponse list_attached_group_policies(Service&, Call& call,
                                                               const ListAttachedGroupPoliciesRequest& request) {
  return list_attached<ListAttachedGroupPoliciesResponse>(
      call, require_entity(call, EntityKind::Group, request.group_name), request);
}

ListAttachedRolePoliciesResponse list_attached_role_policies(Service&, Call& call,
                                                             const ListAttachedRolePoliciesRequest& request) {
  return list_attached<ListAttachedRolePoliciesResponse>(
      call, require_entity(call, EntityKind::Role, request.role_name), request);
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListEntitiesForPolicy.html
ListEntitiesForPolicyResponse list_entities_for_policy(Service&, Call& call,
                                                       const ListEntitiesForPolicyRequest& request) {
  static const std::string kStatement = fmt::format(
      "SELECT {}, e.kind || '/' || e.folded_name AS key FROM iam_entity e WHERE e.account = ?1 AND key > ?2 "
      "AND substr(e.path, 1, length(?3)) = ?3 AND (?4 = '' OR e.kind = ?4) "
      "AND (?5 = 'PermissionsBoundary' OR e.id IN (SELECT entity FROM iam_attachment WHERE policy_arn = ?6) "
      "     OR (?5 = '' AND e.boundary = ?6)) "
      "AND (?5 <> 'PermissionsBoundary' OR e.boundary = ?6) ORDER BY key LIMIT ?7",
      kEntityColumns);
  constexpr size_t kKey = kEntityFoldedName + 1;
  if (find_aws_policy(request.policy_arn) == nullptr) require_own_policy(call, request.policy_arn);
  std::string kind;
  if (request.entity_filter == entity_type::kUser) kind = word_of(EntityKind::User);
  if (request.entity_filter == entity_type::kGroup) kind = word_of(EntityKind::Group);
  if (request.entity_filter == entity_type::kRole) kind = word_of(EntityKind::Role);
  Page page = read_page(request.marker, request.max_items);
  std::vector<sql::Row> rows = call.transaction.run(
      kStatement, {call.account, page.after, request.path_prefix.value_or("/"), kind,
                   request.policy_usage_filter.value_or(""), request.policy_arn, page.rows()});
  ListEntitiesForPolicyResponse response;
  finish_page(response, rows, page, [](const sql::Row& row) { return row.text(kKey); });
  for (const sql::Row& row : rows) {
    Entity entity = read_entity(row);
    if (entity.kind == EntityKind::User) {
      response.policy_users.push_back({.user_name = entity.name, .user_id = entity.id});
    } else if (entity.kind == EntityKind::Group) {
      response.policy_groups.push_back({.group_name = entity.name, .group_id = entity.id});
    } else {
      response.policy_roles.push_back({.role_name = entity.name, .role_id = entity.id});
    }
  }
  return response;
}

}  // namespace holm::iam
