// What users, groups, roles, instance profiles and managed policies have in common: one row each in iam_entity.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service/call.h"
#include "base/clock.h"
#include "iam/types.h"
#include "sql/database.h"

namespace holm::iam {

using aws::Call;
class Service;

enum class EntityKind { User, Group, Role, InstanceProfile, Policy };

// "user": the word in ARNs and in the table.
std::string_view word_of(EntityKind kind);

struct Entity {
  std::string id;
  std::string account;
  EntityKind kind = EntityKind::User;
  std::string name;
  std::string path;
  Time created{};
  Time changed{};
  std::optional<std::string> description;
  std::string trust_policy;  // Roles only.
  int64_t max_session_duration = 0;
  std::optional<std::string> boundary;

  // arn:aws:iam::<account>:<kind><path><name>
  std::string arn() const;
};

// The columns that read_entity() expects, for an iam_entity called `e`.
inline constexpr std::string_view kEntityColumns =
    "e.id, e.account, e.kind, e.name, e.path, e.created, e.changed, e.description, e.trust_policy, "
    "e.max_session_duration, e.boundary, e.folded_name";
inline constexpr size_t kEntityFoldedName = 11;
Entity read_entity(const sql::Row& row);

std::optional<Entity> find_entity(sql::Transaction& transaction, std::string_view account, EntityKind kind,
                                  std::string_view name);
// arn:aws:iam::<account>:…; nothing for other texts. The path has to be right.
std::optional<Entity> find_entity_by_arn(sql::Transaction& transaction, std::string_view arn);
// Throws NoSuchEntity in AWS's words.
Entity require_entity(Call& call, EntityKind kind, std::string_view name);
// The same for handlers that change it: service-linked roles are refused.
Entity require_changeable_role(Call& call, std::string_view name);
bool is_service_linked(const Entity& entity);

// Writes a new row with an id of its own; throws EntityAlreadyExists and LimitExceeded.
void insert_entity(Service& service, Call& call, Entity& entity);
void delete_entity(Call& call, const Entity& entity);
// Gives it another name or path; throws EntityAlreadyExists.
void rename_entity(Call& call, const Entity& entity, const std::optional<std::string>& name,
                   const std::optional<std::string>& path);
// "/" unless given.
std::string path_or_root(const std::optional<std::string>& path);

struct Page;
// Entities of a kind whose path begins so, in the order of their names; the key of a row is entity_key().
std::vector<sql::Row> list_entities(Call& call, EntityKind kind, const std::string& path_prefix, const Page& page);
inline std::string entity_key(const sql::Row& row) { return row.text(kEntityFoldedName); }

// Tags of one entity in the order of their keys.
std::vector<Tag> tags_of(sql::Transaction& transaction, const Entity& entity);
// As descriptions have them: nothing where there are none.
std::optional<std::vector<Tag>> told_tags(sql::Transaction& transaction, const Entity& entity);
void put_tags(Call& call, const Entity& entity, const std::vector<Tag>& tags);
void remove_tags(Call& call, const Entity& entity, const std::vector<std::string>& keys);

// Throws LimitExceeded in AWS's words when `count` is more than `quota` allows.
void require_within(int64_t count, int64_t quota, std::string_view name);
int64_t count_rows(Call& call, std::string_view statement, std::vector<sql::Value> arguments);

}  // namespace holm::iam
