// Groups and who is in them.

#include <fmt/format.h>

#include "iam/handlers.h"
#include "services/iam/pages.h"
#include "services/iam/service.h"
#include "services/iam/users.h"

namespace holm::iam {

namespace {

constexpr int64_t kGroupsPerUserMax = 10;

Group to_group(const Entity& entity) {
  return {.path = entity.path,
          .group_name = entity.name,
          .group_id = entity.id,
          .arn = entity.arn(),
          .create_date = entity.created};
}

}  // namespace

CreateGroupResponse create_group(Service& service, Call& call, const CreateGroupRequest& request) {
  Entity entity{.kind = EntityKind::Group, .name = request.group_name, .path = path_or_root(request.path)};
  insert_entity(service, call, entity);
  service.changed(call);
  return {.group = to_group(entity)};
}

GetGroupResponse get_group(Service&, Call& call, const GetGroupRequest& request) {
  static const std::string kStatement = fmt::format(
      "SELECT {} FROM iam_entity e JOIN iam_membership m ON m.user_id = e.id WHERE m.group_id = ?1 "
      "AND e.folded_name > ?2 ORDER BY e.folded_name LIMIT ?3",
      kEntityColumns);
  Entity group = require_entity(call, EntityKind::Group, request.group_name);
  Page page = read_page(request.marker, request.max_items);
  std::vector<sql::Row> rows = call.transaction.run(kStatement, {group.id, page.after, page.rows()});
  GetGroupResponse response{.group = to_group(group)};
  finish_page(response, rows, page, entity_key);
  for (const sql::Row& row : rows) {
    response.users.push_back(to_user(call.transaction, read_entity(row), Detail::Brief));
  }
  return response;
}

Nothing update_group(Service& service, Call& call, const UpdateGroupRequest& request) {
  Entity group = require_entity(call, EntityKind::Group, request.group_name);
  rename_entity(call, group, request.new_group_name, request.new_path);
  service.changed(call);
  return {};
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroup.html
Nothing delete_group(Service& service, Call& call, const DeleteGroupRequest& request) {
  Entity group = require_entity(call, EntityKind::Group, request.group_name);
  if (count_rows(call, "SELECT count(*) FROM iam_membership WHERE group_id = ?1", {group.id}) > 0) {
    throw DeleteConflictException("Cannot delete entity, must remove users from group first.");
  }
  if (count_rows(call, "SELECT count(*) FROM iam_attachment WHERE entity = ?1", {group.id}) > 0) {
    throw DeleteConflictException("Cannot delete entity, must detach all policies first.");
  }
  if (count_rows(call, "SELECT count(*) FROM iam_inline_policy WHERE entity = ?1", {group.id}) > 0) {
    throw DeleteConflictException("Cannot delete entity, must delete policies first.");
  }
  delete_entity(call, group);
  service.changed(call);
  return {};
}

ListGroupsResponse list_groups(Service&, Call& call, const ListGroupsRequest& request) {
  Page page = read_page(request.marker, request.max_items);
  std::vector<sql::Row> rows =
      list_entities(call, EntityKind::Group, request.path_prefix.value_or("/"), page);
  ListGroupsResponse response;
  finish_page(response, rows, page, entity_key);
  for (const sql::Row& row : rows) response.groups.push_back(to_group(read_entity(row)));
  return response;
}

// Adding a member again changes nothing.
Nothing add_user_to_group(Service& service, Call& call, const AddUserToGroupRequest& request) {
  Entity group = require_entity(call, EntityKind::Group, request.group_name);
  Entity user = require_entity(call, EntityKind::User, request.user_name);
  call.transaction.run("INSERT INTO iam_membership (group_id, user_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                       {group.id, user.id});
  int64_t count = count_rows(call, "SELECT count(*) FROM iam_membership WHERE user_id = ?1", {user.id});
  require_within(count, kGroupsPerUserMax, "GroupsPerUser");
  service.changed(call);
  return {};
}

Nothing remove_user_from_group(Service& service, Call& call, const RemoveUserFromGroupRequest& request) {
  Entity group = require_entity(call, EntityKind::Group, request.group_name);
  Entity user = require_entity(call, EntityKind::User, request.user_name);
  call.transaction.run("DELETE FROM iam_membership WHERE group_id = ?1 AND user_id = ?2", {group.id, user.id});
  service.changed(call);
  return {};
}

ListGroupsForUserResponse list_groups_for_user(Service&, Call& call, const ListGroupsForUserRequest& request) {
  static const std::string kStatement = fmt::format(
      "SELECT {} FROM iam_entity e JOIN iam_membership m ON m.group_id = e.id WHERE m.user_id = ?1 "
      "AND e.folded_name > ?2 ORDER BY e.folded_name LIMIT ?3",
      kEntityColumns);
  Entity user = require_entity(call, EntityKind::User, request.user_name);
  Page page = read_page(request.marker, request.max_items);
  std::vector<sql::Row> rows = call.transaction.run(kStatement, {user.id, page.after, page.rows()});
  ListGroupsForUserResponse response;
  finish_page(response, rows, page, entity_key);
  for (const sql::Row& row : rows) response.groups.push_back(to_group(read_entity(row)));
  return response;
}

}  // namespace holm::iam
