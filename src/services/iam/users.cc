// Users: making, finding, renaming and deleting them, and their tags and boundaries.

#include "services/iam/users.h"

#include <fmt/format.h>

#include "iam/handlers.h"
#include "services/iam/pages.h"
#include "services/iam/policies.h"
#include "services/iam/service.h"

namespace holm::iam {

AttachedPermissionsBoundary to_boundary(const std::string& policy_arn) {
  // The model knows PermissionsBoundaryPolicy; IAM answers "Policy".
  return {.permissions_boundary_type = "Policy", .permissions_boundary_arn = policy_arn};
}

User to_user(sql::Transaction& transaction, const Entity& entity, Detail detail) {
  User user{.path = entity.path,
            .user_name = entity.name,
            .user_id = entity.id,
            .arn = entity.arn(),
            .create_date = entity.created};
  if (detail == Detail::Brief) return user;
  user.tags = told_tags(transaction, entity);
  if (entity.boundary) user.permissions_boundary = to_boundary(*entity.boundary);
  return user;
}

Entity require_user_or_caller(Call& call, const std::optional<std::string>& name) {
  if (name) return require_entity(call, EntityKind::User, *name);
  if (call.principal.kind != aws::Principal::Kind::User) {
    throw aws::ServiceError("ValidationError", 400,
                            "Must specify userName when calling with non-User credentials");
  }
  return require_entity(call, EntityKind::User,
                        std::string_view(call.principal.arn).substr(call.principal.arn.rfind('/') + 1));
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
CreateUserResponse create_user(Service& service, Call& call, const CreateUserRequest& request) {
  if (request.permissions_boundary) require_boundary(call, *request.permissions_boundary);
  Entity entity{.kind = EntityKind::User,
                .name = request.user_name,
                .path = path_or_root(request.path),
                .boundary = request.permissions_boundary};
  insert_entity(service, call, entity);
  put_tags(call, entity, request.tags);
  service.changed(call);
  return {.user = to_user(call.transaction, entity, Detail::Full)};
}

GetUserResponse get_user(Service&, Call& call, const GetUserRequest& request) {
  // https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html
  // The root user asks about itself without a name.
  if (!request.user_name && call.principal.kind == aws::Principal::Kind::Root) {
    sql::Row row = *call.transaction.find(
        "SELECT coalesce(max(created), 0) FROM iam_account WHERE account = ?1", {call.account});
    return {.user = {.path = "/",
                     .user_id = call.account,
                     .arn = call.principal.arn,
                     .create_date = Time(std::chrono::milliseconds(row.integer(0)))}};
  }
  return {.user = to_user(call.transaction, require_user_or_caller(call, request.user_name), Detail::Full)};
}

// Keys, memberships and policies stay the user's: they hang on its id.
Nothing update_user(Service& service, Call& call, const UpdateUserRequest& request) {
  Entity user = require_entity(call, EntityKind::User, request.user_name);
  rename_entity(call, user, request.new_user_name, request.new_path);
  service.changed(call);
  return {};
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
Nothing delete_user(Service& service, Call& call, const DeleteUserRequest& request) {
  Entity user = require_entity(call, EntityKind::User, request.user_name);
  struct Obstacle {
    std::string_view statement, message;
  };
  constexpr Obstacle kObstacles[] = {
      {"SELECT count(*) FROM iam_access_key WHERE user_id = ?1",
       "Cannot delete entity, must delete access keys first."},
      {"SELECT count(*) FROM iam_inline_policy WHERE entity = ?1",
       "Cannot delete entity, must delete policies first."},
      {"SELECT count(*) FROM iam_attachment WHERE entity = ?1",
       "Cannot delete entity, must detach all policies first."},
      {"SELECT count(*) FROM iam_membership WHERE user_id = ?1",
       "Cannot delete entity, must remove users from group first."},
  };
  for (const Obstacle& obstacle : kObstacles) {
    if (count_rows(call, obstacle.statement, {user.id}) > 0) {
      throw DeleteConflictException(std::string(obstacle.message));
    }
  }
  delete_entity(call, user);
  service.changed(call);
  return {};
}

ListUsersResponse list_users(Service&, Call& call, const ListUsersRequest& request) {
  Page page = read_page(request.marker, request.max_items);
  std::vector<sql::Row> rows =
      list_entities(call, EntityKind::User, request.path_prefix.value_or("/"), page);
  ListUsersResponse response;
  finish_page(response, rows, page, entity_key);
  for (const sql::Row& row : rows) {
    response.users.push_back(to_user(call.transaction, read_entity(row), Detail::Brief));
  }
  return response;
}

Nothing tag_user(Service& service, Call& call, const TagUserRequest& request) {
  put_tags(call, require_entity(call, EntityKind::User, request.user_name), request.tags);
  service.changed(call);
  return {};
}

Nothing untag_user(Service& service, Call& call, const UntagUserRequest& request) {
  remove_tags(call, require_entity(call, EntityKind::User, request.user_name), request.tag_keys);
  service.changed(call);
  return {};
}

ListUserTagsResponse list_user_tags(Service&, Call& call, const ListUserTagsRequest& request) {
  ListUserTagsResponse response;
  list_tags(call, require_entity(call, EntityKind::User, request.user_name), request, response);
  return response;
}

Nothing put_user_permissions_boundary(Service& service, Call& call,
                                      const PutUserPermissionsBoundaryRequest& request) {
  Entity user = require_entity(call, EntityKind::User, request.user_name);
  set_boundary(call, user, request.permissions_boundary);
  service.changed(call);
  return {};
}

Nothing delete_user_permissions_boundary(Service& service, Call& call,
                                         const DeleteUserPermissionsBoundaryRequest& request) {
  clear_boundary(call, require_entity(call, EntityKind::User, request.user_name));
  service.changed(call);
  return {};
}

}  // namespace holm::iam
