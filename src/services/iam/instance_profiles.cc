// Instance profiles: how a role comes to an instance.

#include <fmt/format.h>

#include "iam/handlers.h"
#include "services/iam/pages.h"
#include "services/iam/roles.h"
#include "services/iam/service.h"

namespace holm::iam {

namespace {

std::vector<Role> roles_of(Call& call, const Entity& profile) {
  static const std::string kStatement = fmt::format(
      "SELECT {} FROM iam_entity e JOIN iam_profile_role p ON p.role_id = e.id WHERE p.profile_id = ?1",
      kEntityColumns);
  std::vector<Role> roles;
  for (const sql::Row& row : call.transaction.run(kStatement, {profile.id})) {
    roles.push_back(to_role(call.transaction, read_entity(row), Detail::Brief));
  }
  return roles;
}

InstanceProfile to_profile(Call& call, const Entity& entity, Detail detail) {
  InstanceProfile profile{.path = entity.path,
                          .instance_profile_name = entity.name,
                          .instance_profile_id = entity.id,
                          .arn = entity.arn(),
                          .create_date = entity.created,
                          .roles = roles_of(call, entity)};
  if (detail == Detail::Full) profile.tags = tags_of(call.transaction, entity);
  return profile;
}

}  // namespace

CreateInstanceProfileResponse create_instance_profile(Service& service, Call& call,
                                                      const CreateInstanceProfileRequest& request) {
  Entity entity{.kind = EntityKind::InstanceProfile,
                .name = request.instance_profile_name,
                .path = path_or_root(request.path)};
  insert_entity(service, call, entity);
  put_tags(call, entity, request.tags);
  service.changed(call);
  return {.instance_profile = to_profile(call, entity, Detail::Full)};
}

GetInstanceProfileResponse get_instance_profile(Service&, Call& call, const GetInstanceProfileRequest& request) {
  Entity profile = require_entity(call, EntityKind::InstanceProfile, request.instance_profile_name);
  return {.instance_profile = to_profile(call, profile, Detail::Full)};
}

Nothing delete_instance_profile(Service& service, Call& call, const DeleteInstanceProfileRequest& request) {
  Entity profile = require_entity(call, EntityKind::InstanceProfile, request.instance_profile_name);
  if (count_rows(call, "SELECT count(*) FROM iam_profile_role WHERE profile_id = ?1", {profile.id}) > 0) {
    throw DeleteConflictException("Cannot delete entity, must remove roles from instance profile first.");
  }
  delete_entity(call, profile);
  service.changed(call);
  return {};
}

ListInstanceProfilesResponse list_instance_profiles(Service&, Call& call,
                                                    const ListInstanceProfilesRequest& request) {
  Page page = read_page(request.marker, request.max_items);
  std::vector<sql::Row> rows =
      list_entities(call, EntityKind::InstanceProfile, request.path_prefix.value_or("/"), page);
  ListInstanceProfilesResponse response;
  finish_page(response, rows, page, entity_key);
  for (const sql::Row& row : rows) {
    response.instance_profiles.push_back(to_profile(call, read_entity(row), Detail::Brief));
  }
  return response;
}

ListInstanceProfilesForRoleResponse list_instance_profiles_for_role(
    Service&, Call& call, const ListInstanceProfilesForRoleRequest& request) {
  static const std::string kStatement = fmt::format(
      "SELECT {} FROM iam_entity e JOIN iam_profile_role p ON p.profile_id = e.id WHERE p.role_id = ?1 "
      "AND e.folded_name > ?2 ORDER BY e.folded_name LIMIT ?3",
      kEntityColumns);
  Entity role = require_entity(call, EntityKind::Role, request.role_name);
  Page page = read_page(request.marker, request.max_items);
  std::vector<sql::Row> rows = call.transaction.run(kStatement, {role.id, page.after, page.rows()});
  ListInstanceProfilesForRoleResponse response;
  finish_page(response, rows, page, entity_key);
  for (const sql::Row& row : rows) {
    response.instance_profiles.push_back(to_profile(call, read_entity(row), Detail::Brief));
  }
  return response;
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html
// A profile holds one role; the quota cannot be raised.
Nothing add_role_to_instance_profile(Service& service, Call& call,
                                     const AddRoleToInstanceProfileRequest& request) {
  Entity profile = require_entity(call, EntityKind::InstanceProfile, request.instance_profile_name);
  Entity role = require_changeable_role(call, request.role_name);
  int64_t count = count_rows(call, "SELECT count(*) FROM iam_profile_role WHERE profile_id = ?1", {profile.id});
  require_within(count + 1, 1, "InstanceSessionsPerInstanceProfile");
  call.transaction.run("INSERT INTO iam_profile_role (profile_id, role_id) VALUES (?1, ?2)",
                       {profile.id, role.id});
  service.changed(call);
  return {};
}

Nothing remove_role_from_instance_profile(Service& service, Call& call,
                                          const RemoveRoleFromInstanceProfileRequest& request) {
  Entity profile = require_entity(call, EntityKind::InstanceProfile, request.instance_profile_name);
  Entity role = require_entity(call, EntityKind::Role, request.role_name);
  call.transaction.run("DELETE FROM iam_profile_role WHERE profile_id = ?1 AND role_id = ?2",
                       {profile.id, role.id});
  if (call.transaction.changes() == 0) {
    throw NoSuchEntityException(
        fmt::format("The role with name {} is not in instance profile {}.", role.name, profile.name));
  }
  service.changed(call);
  return {};
}

Nothing tag_instance_profile(Service& service, Call& call, const TagInstanceProfileRequest& request) {
  put_tags(call, require_entity(call, EntityKind::InstanceProfile, request.instance_profile_name), request.tags);
  service.changed(call);
  return {};
}

Nothing untag_instance_profile(Service& service, Call& call, const UntagInstanceProfileRequest& request) {
  remove_tags(call, require_entity(call, EntityKind::InstanceProfile, request.instance_profile_name),
              request.tag_keys);
  service.changed(call);
  return {};
}

ListInstanceProfileTagsResponse list_instance_profile_tags(Service&, Call& call,
                                                           const ListInstanceProfileTagsRequest& request) {
  ListInstanceProfileTagsResponse response;
  list_tags(call, require_entity(call, EntityKind::InstanceProfile, request.instance_profile_name), request,
            response);
  return response;
}

}  // namespace holm::iam
