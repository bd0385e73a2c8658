// Roles: who may assume them, for how long, and their tags and boundaries.

#include "services/iam/roles.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "iam/handlers.h"
#include "services/iam/pages.h"
#include "services/iam/policies.h"
#include "services/iam/service.h"

namespace holm::iam {

namespace {

constexpr int64_t kTrustPolicyMax = 2048;
constexpr int32_t kDefaultSessionSeconds = 3600;

// Users and roles of the account that a policy trusts exist, as on AWS; about other accounts nobody is asked.
void require_principals(Call& call, const std::string& document) {
  for (const std::string& arn : policy::principal_arns(*policy::parse(document))) {
    const std::string own = fmt::format("arn:aws:iam::{}:", call.account);
    if (!arn.starts_with(own + "user/") && !arn.starts_with(own + "role/")) continue;
    if (find_entity_by_arn(call.transaction, arn)) continue;
    throw MalformedPolicyDocumentException(fmt::format("Invalid principal in policy: \"AWS\":\"{}\"", arn));
  }
}

void require_trust_policy(Call& call, const std::string& document) {
  require_document(document, policy::PolicyKind::Trust);
  require_principals(call, document);
  require_within(static_cast<int64_t>(policy::counted_characters(document)), kTrustPolicyMax, "ACLSizePerRole");
}

}  // namespace

Role to_role(sql::Transaction& transaction, const Entity& entity, Detail detail) {
  Role role{.path = entity.path,
            .role_name = entity.name,
            .role_id = entity.id,
            .arn = entity.arn(),
            .create_date = entity.created,
            .assume_role_policy_document = percent_encode(entity.trust_policy),
            .description = entity.description,
            .max_session_duration = static_cast<int32_t>(entity.max_session_duration)};
  if (detail == Detail::Brief) return role;
  role.tags = told_tags(transaction, entity);
  if (entity.boundary) role.permissions_boundary = to_boundary(*entity.boundary);
  return role;
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
CreateRoleResponse create_role(Service& service, Call& call, const CreateRoleRequest& request) {
  require_trust_policy(call, request.assume_role_policy_document);
  if (request.permissions_boundary) require_boundary(call, *request.permissions_boundary);
  Entity entity{.kind = EntityKind::Role,
                .name = request.role_name,
                .path = path_or_root(request.path),
                .description = request.description,
                .trust_policy = request.assume_role_policy_document,
                .max_session_duration = request.max_session_duration.value_or(kDefaultSessionSeconds),
                .boundary = request.permissions_boundary};
  if (is_service_linked(entity)) {
    throw InvalidInputException("The path prefix /aws-service-role/ is reserved for service-linked roles.");
  }
  insert_entity(service, call, entity);
  put_tags(call, entity, request.tags);
  service.changed(call);
  CreateRoleResponse output{.role = to_role(call.transaction, entity, Detail::Full)};
  output.role.max_session_duration.reset();  // As AWS: only those who read the role are told.
  return output;
}

GetRoleResponse get_role(Service&, Call& call, const GetRoleRequest& request) {
  Entity role = require_entity(call, EntityKind::Role, request.role_name);
  return {.role = to_role(call.transaction, role, Detail::Full)};
}

UpdateRoleResponse update_role(Service& service, Call& call, const UpdateRoleRequest& request) {
  Entity role = require_changeable_role(call, request.role_name);
  call.transaction.run(
      "UPDATE iam_entity SET description = ?2, max_session_duration = ?3 WHERE id = ?1",
      {role.id, sql::optional_value(request.description ? request.description : role.description),
       int64_t{request.max_session_duration.value_or(static_cast<int32_t>(role.max_session_duration))}});
  service.changed(call);
  return {};
}

UpdateRoleDescriptionResponse update_role_description(Service& service, Call& call,
                                                      const UpdateRoleDescriptionRequest& request) {
  Entity role = require_changeable_role(call, request.role_name);
  role.description = request.description;
  call.transaction.run("UPDATE iam_entity SET description = ?2 WHERE id = ?1", {role.id, request.description});
  service.changed(call);
  return {.role = to_role(call.transaction, role, Detail::Full)};
}

Nothing update_assume_role_policy(Service& service, Call& call, const UpdateAssumeRolePolicyRequest& request) {
  Entity role = require_changeable_role(call, request.role_name);
  require_trust_policy(call, request.policy_document);
  call.transaction.run("UPDATE iam_entity SET trust_policy = ?2 WHERE id = ?1",
                       {role.id, request.policy_document});
  service.changed(call);
  return {};
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html
Nothing delete_role(Service& service, Call& call, const DeleteRoleRequest& request) {
  Entity role = require_changeable_role(call, request.role_name);
  if (count_rows(call, "SELECT count(*) FROM iam_profile_role WHERE role_id = ?1", {role.id}) > 0) {
    throw DeleteConflictException("Cannot delete entity, must remove roles from instance profile first.");
  }
  if (count_rows(call, "SELECT count(*) FROM iam_attachment WHERE entity = ?1", {role.id}) > 0) {
    throw DeleteConflictException("Cannot delete entity, must detach all policies first.");
  }
  if (count_rows(call, "SELECT count(*) FROM iam_inline_policy WHERE entity = ?1", {role.id}) > 0) {
    throw DeleteConflictException("Cannot delete entity, must delete policies first.");
  }
  delete_entity(call, role);
  service.events().publish(call.transaction, {.type = "iam.role-deleted",
                                              .account = call.account,
                                              .region = call.region,
                                              .resource = role.arn(),
                                              .detail = {}});
  service.changed(call);
  return {};
}

ListRolesResponse list_roles(Service&, Call& call, const ListRolesRequest& request) {
  Page page = read_page(request.marker, request.max_items);
  std::vector<sql::Row> rows = list_entities(call, EntityKind::Role, request.path_prefix.value_or("/"), page);
  ListRolesResponse response;
  finish_page(response, rows, page, entity_key);
  for (const sql::Row& row : rows) {
    response.roles.push_back(to_role(call.transaction, read_entity(row), Detail::Brief));
  }
  return response;
}

Nothing tag_role(Service& service, Call& call, const TagRoleRequest& request) {
  put_tags(call, require_changeable_role(call, request.role_name), request.tags);
  service.changed(call);
  return {};
}

Nothing untag_role(Service& service, Call& call, const UntagRoleRequest& request) {
  remove_tags(call, require_changeable_role(call, request.role_name), request.tag_keys);
  service.changed(call);
  return {};
}

ListRoleTagsResponse list_role_tags(Service&, Call& call, const ListRoleTagsRequest& request) {
  ListRoleTagsResponse response;
  list_tags(call, require_entity(call, EntityKind::Role, request.role_name), request, response);
  return response;
}

Nothing put_role_permissions_boundary(Service& service, Call& call,
                                      const PutRolePermissionsBoundaryRequest& request) {
  Entity role = require_changeable_role(call, request.role_name);
  set_boundary(call, role, request.permissions_boundary);
  service.changed(call);
  return {};
}

Nothing delete_role_permissions_boundary(Service& service, Call& call,
                                         const DeleteRolePermissionsBoundaryRequest& request) {
  clear_boundary(call, require_changeable_role(call, request.role_name));
  service.changed(call);
  return {};
}

}  // namespace holm::iam
