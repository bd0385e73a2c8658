// Finding, making, renaming, tagging and deleting the things of an account.

#include "services/iam/entities.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/page_token.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "iam/errors.h"
#include "services/iam/pages.h"
#include "services/iam/service.h"

namespace holm::iam {

namespace {

constexpr int64_t kTagsMax = 50;
constexpr int kDefaultPage = 100;

struct KindFacts {
  std::string_view word;
  std::string_view title;      // In messages.
  std::string_view id_prefix;  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
  std::string_view quota_name;
  int64_t quota;
};

const KindFacts& facts(EntityKind kind) {
  static constexpr KindFacts kUser{"user", "user", "AIDA", "UsersPerAccount", 5000};
  static constexpr KindFacts kGroup{"group", "group", "AGPA", "GroupsPerAccount", 300};
  static constexpr KindFacts kRole{"role", "role", "AROA", "RolesPerAccount", 1000};
  static constexpr KindFacts kProfile{"instance-profile", "Instance Profile", "AIPA",
                                      "InstanceProfilesPerAccount", 1000};
  static constexpr KindFacts kPolicy{"policy", "policy", "ANPA", "PoliciesPerAccount", 1500};
  switch (kind) {
    case EntityKind::User: return kUser;
    case EntityKind::Group: return kGroup;
    case EntityKind::Role: return kRole;
    case EntityKind::InstanceProfile: return kProfile;
    case EntityKind::Policy: return kPolicy;
  }
  return kUser;
}

std::optional<EntityKind> kind_of(std::string_view word) {
  for (EntityKind kind : {EntityKind::User, EntityKind::Group, EntityKind::Role, EntityKind::InstanceProfile,
                          EntityKind::Policy}) {
    if (facts(kind).word == word) return kind;
  }
  return std::nullopt;
}

[[noreturn]] void refuse_duplicate(EntityKind kind, std::string_view name) {
  switch (kind) {
    case EntityKind::InstanceProfile:
      throw EntityAlreadyExistsException(fmt::format("Instance Profile {} already exists.", name));
    case EntityKind::Policy:
      throw EntityAlreadyExistsException(
          fmt::format("A policy called {} already exists. Duplicate names are not allowed.", name));
    case EntityKind::User:
    case EntityKind::Group:
    case EntityKind::Role: break;
  }
  std::string title(facts(kind).title);
  title[0] = static_cast<char>(std::toupper(title[0]));
  throw EntityAlreadyExistsException(fmt::format("{} with name {} already exists.", title, name));
}

}  // namespace

std::string_view word_of(EntityKind kind) { return facts(kind).word; }

std::string Entity::arn() const {
  return fmt::format("arn:aws:iam::{}:{}{}{}", account, word_of(kind), path, name);
}

Entity read_entity(const sql::Row& row) {
  std::optional<EntityKind> kind = kind_of(row.text(2));
  CHECK(kind.has_value());
  return {.id = row.text(0),
          .account = row.text(1),
          .kind = *kind,
          .name = row.text(3),
          .path = row.text(4),
          .created = from_milliseconds(row.integer(5)),
          .changed = from_milliseconds(row.integer(6)),
          .description = row.optional_text(7),
          .trust_policy = row.optional_text(8).value_or(""),
          .max_session_duration = row.optional_integer(9).value_or(0),
          .boundary = row.optional_text(10)};
}

std::optional<Entity> find_entity(sql::Transaction& transaction, std::string_view account, EntityKind kind,
                                  std::string_view name) {
  static const std::string kStatement =
      fmt::format("SELECT {} FROM iam_entity e WHERE account = ?1 AND kind = ?2 AND folded_name = ?3",
                  kEntityColumns);
  std::optional<sql::Row> row =
      transaction.find(kStatement, {std::string(account), std::string(word_of(kind)), to_lower(name)});
  if (!row) return std::nullopt;
  return read_entity(*row);
}

std::optional<Entity> find_entity_by_arn(sql::Transaction& transaction, std::string_view arn) {
  std::vector<std::string_view> parts = split(arn, ':');
  if (parts.size() != 6 || parts[0] != "arn" || parts[1] != "aws" || parts[2] != "iam" || !parts[3].empty()) {
    return std::nullopt;
  }
  size_t slash = parts[5].find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  std::optional<EntityKind> kind = kind_of(parts[5].substr(0, slash));
  if (!kind) return std::nullopt;
  std::string_view name = parts[5].substr(parts[5].rfind('/') + 1);
  std::optional<Entity> entity = find_entity(transaction, parts[4], *kind, name);
  if (entity && entity->arn() != arn) return std::nullopt;
  return entity;
}

Entity require_entity(Call& call, EntityKind kind, std::string_view name) {
  std::optional<Entity> entity = find_entity(call.transaction, call.account, kind, name);
  if (entity) return *entity;
  if (kind == EntityKind::InstanceProfile) {
    throw NoSuchEntityException(fmt::format("Instance Profile {} cannot be found.", name));
  }
  throw NoSuchEntityException(fmt::format("The {} with name {} cannot be found.", facts(kind).title, name));
}

bool is_service_linked(const Entity& entity) {
  return entity.kind == EntityKind::Role && entity.path.starts_with("/aws-service-role/");
}

Entity require_changeable_role(Call& call, std::string_view name) {
  Entity role = require_entity(call, EntityKind::Role, name);
  if (is_service_linked(role)) {
    throw UnmodifiableEntityException(fmt::format(
        "Cannot perform the operation on the protected role '{}' - this role is only modifiable by AWS",
        role.name));
  }
  return role;
}

int64_t count_rows(Call& call, std::string_view statement, std::vector<sql::Value> arguments) {
  return call.transaction.find(statement, std::move(arguments))->integer(0);
}

void require_within(int64_t count, int64_t quota, std::string_view name) {
  if (count > quota) throw LimitExceededException(fmt::format("Cannot exceed quota for {}: {}", name, quota));
}

void insert_entity(Service& service, Call& call, Entity& entity) {
  constexpr size_t kIdLength = 17;
  const KindFacts& known = facts(entity.kind);
  if (find_entity(call.transaction, call.account, entity.kind, entity.name)) {
    refuse_duplicate(entity.kind, entity.name);
  }
  int64_t count = count_rows(call, "SELECT count(*) FROM iam_entity WHERE account = ?1 AND kind = ?2",
                             {call.account, std::string(known.word)});
  require_within(count + 1, known.quota, known.quota_name);
  entity.id = fmt::format("{}{}", known.id_prefix, service.random().base32(kIdLength));
  entity.account = call.account;
  entity.created = entity.changed = call.now;
  sql::Value trust = entity.trust_policy.empty() ? sql::Value() : sql::Value(entity.trust_policy);
  sql::Value duration = entity.max_session_duration == 0 ? sql::Value() : sql::Value(entity.max_session_duration);
  call.transaction.run(
      "INSERT INTO iam_entity (id, account, kind, name, folded_name, path, created, changed, description, "
      "trust_policy, max_session_duration, boundary) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9, ?10, ?11)",
      {entity.id, entity.account, std::string(known.word), entity.name, to_lower(entity.name), entity.path,
       to_milliseconds(call.now), sql::optional_value(entity.description), trust, duration,
       sql::optional_value(entity.boundary)});
}

void delete_entity(Call& call, const Entity& entity) {
  call.transaction.run("DELETE FROM iam_entity WHERE id = ?1", {entity.id});
}

void rename_entity(Call& call, const Entity& entity, const std::optional<std::string>& name,
                   const std::optional<std::string>& path) {
  std::string new_name = name.value_or(entity.name);
  std::optional<Entity> other = find_entity(call.transaction, call.account, entity.kind, new_name);
  if (other && other->id != entity.id) refuse_duplicate(entity.kind, new_name);
  call.transaction.run("UPDATE iam_entity SET name = ?2, folded_name = ?3, path = ?4 WHERE id = ?1",
                       {entity.id, new_name, to_lower(new_name), path.value_or(entity.path)});
}

std::string path_or_root(const std::optional<std::string>& path) { return path.value_or("/"); }

std::vector<sql::Row> list_entities(Call& call, EntityKind kind, const std::string& path_prefix,
                                    const Page& page) {
  static const std::string kStatement = fmt::format(
      "SELECT {} FROM iam_entity e WHERE account = ?1 AND kind = ?2 AND substr(path, 1, length(?3)) = ?3 "
      "AND folded_name > ?4 ORDER BY folded_name LIMIT ?5",
      kEntityColumns);
  return call.transaction.run(
      kStatement, {call.account, std::string(word_of(kind)), path_prefix, page.after, page.rows()});
}

std::vector<Tag> tags_of(sql::Transaction& transaction, const Entity& entity) {
  std::vector<Tag> tags;
  for (const sql::Row& row :
       transaction.run("SELECT key, value FROM iam_tag WHERE entity = ?1 ORDER BY folded_key", {entity.id})) {
    tags.push_back({.key = row.text(0), .value = row.text(1)});
  }
  return tags;
}

std::optional<std::vector<Tag>> told_tags(sql::Transaction& transaction, const Entity& entity) {
  std::vector<Tag> tags = tags_of(transaction, entity);
  return tags.empty() ? std::nullopt : std::optional(std::move(tags));
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
// Keys ignore case: a tag replaces one whose key differs in case only.
void put_tags(Call& call, const Entity& entity, const std::vector<Tag>& tags) {
  std::vector<std::string> seen;
  for (const Tag& tag : tags) {
    std::string folded = to_lower(tag.key);
    for (const std::string& one : seen) {
      if (one == folded) {
        throw InvalidInputException("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
      }
    }
    seen.push_back(folded);
    if (folded.starts_with("aws:")) {
      throw InvalidInputException("System tags cannot be added/updated/removed by user.");
    }
    call.transaction.run(
        "INSERT INTO iam_tag (entity, folded_key, key, value) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT (entity, folded_key) DO UPDATE SET key = excluded.key, value = excluded.value",
        {entity.id, folded, tag.key, tag.value});
  }
  int64_t count = count_rows(call, "SELECT count(*) FROM iam_tag WHERE entity = ?1", {entity.id});
  if (count > kTagsMax) {
    throw LimitExceededException(fmt::format("The number of tags has reached the maximum limit: {}.", kTagsMax));
  }
}

void remove_tags(Call& call, const Entity& entity, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    call.transaction.run("DELETE FROM iam_tag WHERE entity = ?1 AND folded_key = ?2", {entity.id, to_lower(key)});
  }
}

Page read_page(const std::optional<std::string>& marker, const std::optional<int32_t>& max_items) {
  Page page{.limit = max_items.value_or(kDefaultPage)};
  if (!marker) return page;
  std::optional<std::string> key = read_page_token(*marker);
  if (!key) throw aws::ServiceError("ValidationError", 400, "Invalid Marker.");
  page.after = *key;
  return page;
}

std::string make_marker(const std::string& key) { return make_page_token(key); }

}  // namespace holm::iam
