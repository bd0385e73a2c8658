// Inline policies: documents that belong to one user, group or role.

#include <fmt/format.h>

#include "base/strings.h"
#include "iam/handlers.h"
#include "services/iam/pages.h"
#include "services/iam/policies.h"
#include "services/iam/service.h"

namespace holm::iam {

namespace {

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
// All inline policies of one entity together.
int64_t size_max(EntityKind kind) {
  return kind == EntityKind::User ? 2048 : kind == EntityKind::Group ? 5120 : 10240;
}

void put(Service& service, Call& call, const Entity& entity, const std::string& name,
         const std::string& document) {
  require_document(document, policy::PolicyKind::Identity);
  call.transaction.run(
      "INSERT INTO iam_inline_policy (entity, name, document) VALUES (?1, ?2, ?3) "
      "ON CONFLICT (entity, name) DO UPDATE SET document = excluded.document",
      {entity.id, name, document});
  size_t size = 0;
  for (const sql::Row& row :
       call.transaction.run("SELECT document FROM iam_inline_policy WHERE entity = ?1", {entity.id})) {
    size += policy::counted_characters(row.text(0));
  }
  if (static_cast<int64_t>(size) > size_max(entity.kind)) {
    throw LimitExceededException(fmt::format("Maximum policy size of {} bytes exceeded for {} {}",
                                             size_max(entity.kind), word_of(entity.kind), entity.name));
  }
  service.changed(call);
}

[[noreturn]] void refuse_unknown(const Entity& entity, const std::string& name) {
  throw NoSuchEntityException(
      fmt::format("The {} policy with name {} cannot be found.", word_of(entity.kind), name));
}

std::string get(Call& call, const Entity& entity, const std::string& name) {
  std::optional<sql::Row> row = call.transaction.find(
      "SELECT document FROM iam_inline_policy WHERE entity = ?1 AND name = ?2", {entity.id, name});
  if (!row) refuse_unknown(entity, name);
  return percent_encode(row->text(0));
}

void remove(Service& service, Call& call, const Entity& entity, const std::string& name) {
  call.transaction.run("DELETE FROM iam_inline_policy WHERE entity = ?1 AND name = ?2", {entity.id, name});
  if (call.transaction.changes() == 0) refuse_unknown(entity, name);
  service.changed(call);
}

template <class Response, class Request>
Response list(Call& call, const Entity& entity, const Request& request) {
  Page page = read_page(request.marker, request.max_items);
  std::vector<sql::Row> rows = call.transaction.run(
      "SELECT name FROM iam_inline_policy WHERE entity = ?1 AND name > ?2 ORDER BY name LIMIT ?3",
      {entity.id, page.after, page.rows()});
  Response response;
  finish_page(response, rows, page, [](const sql::Row& row) { return row.text(0); });
  for (const sql::Row& row : rows) response.policy_names.push_back(row.text(0));
  return response;
}

}  // namespace

Nothing put_user_policy(Service& service, Call& call, const PutUserPolicyRequest& request) {
  Entity user = require_entity(call, EntityKind::User, request.user_name);
  put(service, call, user, request.policy_name, request.policy_document);
  return {};
}

Nothing put_group_policy(Service& service, Call& call, const PutGroupPolicyRequest& request) {
  Entity group = require_entity(call, EntityKind::Group, request.group_name);
  put(service, call, group, request.policy_name, request.policy_document);
  return {};
}

Nothing put_role_policy(Service& service, Call& call, const PutRolePolicyRequest& request) {
  Entity role = require_changeable_role(call, request.role_name);
  put(service, call, role, request.policy_name, request.policy_document);
  return {};
}

GetUserPolicyResponse get_user_policy(Service&, Call& call, const GetUserPolicyRequest& request) {
  Entity user = require_entity(call, EntityKind::User, request.user_name);
  return {.user_name = user.name,
          .policy_name = request.policy_name,
          .policy_document = get(call, user, request.policy_name)};
}

GetGroupPolicyResponse get_group_policy(Service&, Call& call, const GetGroupPolicyRequest& request) {
  Entity group = require_entity(call, EntityKind::Group, request.group_name);
  return {.group_name = group.name,
          .policy_name = request.policy_name,
          .policy_document = get(call, group, request.policy_name)};
}

GetRolePolicyResponse get_role_policy(Service&, Call& call, const GetRolePolicyRequest& request) {
  Entity role = require_entity(call, EntityKind::Role, request.role_name);
  return {.role_name = role.name,
          .policy_name = request.policy_name,
          .policy_document = get(call, role, request.policy_name)};
}

Nothing delete_user_policy(Service& service, Call& call, const DeleteUserPolicyRequest& request) {
  remove(service, call, require_entity(call, EntityKind::User, request.user_name), request.policy_name);
  return {};
}

Nothing delete_group_policy(Service& service, Call& call, const DeleteGroupPolicyRequest& request) {
  remove(service, call, require_entity(call, EntityKind::Group, request.group_name), request.policy_name);
  return {};
}

Nothing delete_role_policy(Service& service, Call& call, const DeleteRolePolicyRequest& request) {
  remove(service, call, require_changeable_role(call, request.role_name), request.policy_name);
  return {};
}

ListUserPoliciesResponse list_user_policies(Service&, Call& call, const ListUserPoliciesRequest& request) {
  return list<ListUserPoliciesResponse>(call, require_entity(call, EntityKind::User, request.user_name), request);
}

ListGroupPoliciesResponse list_group_policies(Service&, Call& call, const ListGroupPoliciesRequest& request) {
  Entity group = require_entity(call, EntityKind::Group, request.group_name);
  return list<ListGroupPoliciesResponse>(call, group, request);
}

ListRolePoliciesResponse list_role_policies(Service&, Call& call, const ListRolePoliciesRequest& request) {
  return list<ListRolePoliciesResponse>(call, require_entity(call, EntityKind::Role, request.role_name), request);
}

}  // namespace holm::iam
