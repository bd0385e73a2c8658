// Aliases: names that keys are found by.

#include <fmt/format.h>


#include "base/characters.h"
#include "base/strings.h"
#include "kms/handlers.h"
#include "services/kms/keys.h"
#include "services/kms/service.h"

namespace holm::kms {

namespace {

constexpr int32_t kPageMax = 50;

std::string alias_arn(const Call& call, const std::string& name) {
  return fmt::format("arn:aws:kms:{}:{}:{}", call.region, call.account, name);
}

// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
void require_alias_name(const std::string& name) {
  if (!name.starts_with("alias/")) {
    throw aws::ServiceError("ValidationException", 400,
                            "Alias must start with the prefix \"alias/\". Please see "
                            "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html");
  }
  const std::string_view rest = std::string_view(name).substr(6);
  if (rest.empty() || !is_alphanumeric(rest, "/_-"))
    throw InvalidAliasNameException("Alias contains invalid characters for an alias");
  if (rest.starts_with("aws/"))
    throw InvalidAliasNameException("Aliases that begin with alias/aws/ are AWS's own.");
}

bool alias_exists(Call& call, const std::string& name) {
  return call.transaction
      .find("SELECT 1 FROM kms_alias WHERE account = ?1 AND region = ?2 AND name = ?3",
            {call.account, call.region, name})
      .has_value();
}

void require_alias(Call& call, const std::string& name) {
  if (alias_exists(call, name)) return;
  throw NotFoundException(fmt::format("Alias {} is not found.", alias_arn(call, name)));
}

KeyRow require_target(Call& call, const std::string& name) {
  KeyRow key = require_key(call, name);
  if (key.state == "PendingDeletion")
    throw KMSInvalidStateException(fmt::format("{} is pending deletion.", key_arn(key)));
  return key;
}

}  // namespace

Nothing create_alias(Service&, Call& call, const CreateAliasRequest& request) {
  require_alias_name(request.alias_name);
  const KeyRow key = require_target(call, request.target_key_id);
  if (alias_exists(call, request.alias_name)) {
    throw AlreadyExistsException(
        fmt::format("An alias with the name {} already exists", alias_arn(call, request.alias_name)));
  }
  call.transaction.run(
      "INSERT INTO kms_alias (account, region, name, key, created, updated) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
      {call.account, call.region, request.alias_name, key.id, to_milliseconds(call.now)});
  return {};
}

Nothing update_alias(Service&, Call& call, const UpdateAliasRequest& request) {
  require_alias_name(request.alias_name);
  require_alias(call, request.alias_name);
  const KeyRow key = require_target(call, request.target_key_id);
  call.transaction.run(
      "UPDATE kms_alias SET key = ?4, updated = ?5 WHERE account = ?1 AND region = ?2 AND name = ?3",
      {call.account, call.region, request.alias_name, key.id, to_milliseconds(call.now)});
  return {};
}

Nothing delete_alias(Service&, Call& call, const DeleteAliasRequest& request) {
  require_alias_name(request.alias_name);
  require_alias(call, request.alias_name);
  call.transaction.run("DELETE FROM kms_alias WHERE account = ?1 AND region = ?2 AND name = ?3",
                       {call.account, call.region, request.alias_name});
  return {};
}

ListAliasesResponse list_aliases(Service&, Call& call, const ListAliasesRequest& request) {
  const auto count = static_cast<size_t>(request.limit.value_or(kPageMax));
  const std::string key = request.key_id ? require_key(call, *request.key_id).id : "";
  ListAliasesResponse response{.truncated = false};
  for (const sql::Row& row : call.transaction.run(
           "SELECT name, key, created, updated FROM kms_alias WHERE account = ?1 AND region = ?2 AND name > "
           "?3"
           " AND (?5 = '' OR key = ?5) ORDER BY name LIMIT ?4",
           {call.account, call.region, request.marker.value_or(""), static_cast<int64_t>(count) + 1, key})) {
    if (response.aliases.size() == count) {
      response.truncated = true;
      response.next_marker = response.aliases.back().alias_name;
      break;
    }
    response.aliases.push_back({.alias_name = row.text(0),
                                .alias_arn = alias_arn(call, row.text(0)),
                                .target_key_id = row.text(1),
                                .creation_date = from_milliseconds(row.integer(2)),
                                .last_updated_date = from_milliseconds(row.integer(3))});
  }
  return response;
}

}  // namespace holm::kms
