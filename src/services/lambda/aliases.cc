// Aliases: names for versions. Weighted routing is refused, as nothing here reads it.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html

#include <algorithm>

#include "base/random.h"
#include "lambda/handlers.h"
#include "services/lambda/functions.h"
#include "services/lambda/service.h"

namespace holm::lambda {

namespace {

constexpr int32_t kPageDefault = 50;

AliasConfiguration read_alias(const sql::Row& row, FunctionId id) {
  id.qualifier = row.text(0);
  return {.alias_arn = id.arn(),
          .name = row.text(0),
          .function_version = row.text(1),
          .description = row.text(2),
          .revision_id = row.text(3)};
}

AliasConfiguration require_alias(Call& call, const FunctionId& id, const std::string& name) {
  auto row = call.transaction.find(
      "SELECT alias, version, description, revision FROM lambda_alias WHERE account = ?1 AND"
      " region = ?2 AND name = ?3 AND alias = ?4",
      {id.account, id.region, id.name, name});
  if (!row) {
    throw ResourceNotFoundException("Cannot find alias arn: " + id.unqualified_arn() + ":" + name);
  }
  return read_alias(*row, id);
}

void require_alias_version(Call& call, FunctionId id, const std::string& version) {
  id.qualifier = version;
  if (require_version(call, id).version != version) {
    throw InvalidParameterValueException("An alias cannot point to an alias: " + version);
  }
}

void write_alias(Service& service, Call& call, const FunctionId& id, const AliasConfiguration& alias) {
  call.transaction.run(
      "INSERT OR REPLACE INTO lambda_alias (account, region, name, alias, version, description,"
      " revision) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      {id.account, id.region, id.name, *alias.name, *alias.function_version, alias.description.value_or(""),
       service.use().random.uuid()});
}

}  // namespace

AliasConfiguration create_alias(Service& service, Call& call, const CreateAliasRequest& request) {
  // The model's pattern says so with a look ahead.
  if (request.name.find_first_not_of("0123456789") == std::string::npos) {
    throw aws::ServiceError("ValidationException", 400,
                            "1 validation error detected: Value '" + request.name +
                                "' at 'name' failed to satisfy constraint: Member must not be a number");
  }
  const FunctionId id = function_id(call, request.function_name);
  require_function(call, id);
  require_alias_version(call, id, request.function_version);
  if (call.transaction.find("SELECT 1 FROM lambda_alias WHERE account = ?1 AND region = ?2 AND"
                            " name = ?3 AND alias = ?4",
                            {id.account, id.region, id.name, request.name})) {
    throw ResourceConflictException("Alias already exists: " + id.unqualified_arn() + ":" + request.name);
  }
  write_alias(service, call, id,
              {.name = request.name,
               .function_version = request.function_version,
               .description = request.description});
  return require_alias(call, id, request.name);
}

AliasConfiguration get_alias(Service&, Call& call, const GetAliasRequest& request) {
  return require_alias(call, function_id(call, request.function_name), request.name);
}

AliasConfiguration update_alias(Service& service, Call& call, const UpdateAliasRequest& request) {
  const FunctionId id = function_id(call, request.function_name);
  AliasConfiguration alias = require_alias(call, id, request.name);
  if (request.revision_id && request.revision_id != alias.revision_id) {
    throw PreconditionFailedException("The RevisionId provided does not match the latest one.");
  }
  if (request.function_version) {
    require_alias_version(call, id, *request.function_version);
    alias.function_version = request.function_version;
  }
  if (request.description) alias.description = request.description;
  write_alias(service, call, id, alias);
  return require_alias(call, id, request.name);
}

// Deleting an alias that does not exist is no error.
Nothing delete_alias(Service&, Call& call, const DeleteAliasRequest& request) {
  const FunctionId id = function_id(call, request.function_name);
  require_function(call, id);
  for (const char* table : {"lambda_permission", "lambda_event_config"}) {
    call.transaction.run("DELETE FROM " + std::string(table) +
                             " WHERE account = ?1 AND region = ?2 AND name = ?3 AND qualifier = ?4",
                         {id.account, id.region, id.name, request.name});
  }
  call.transaction.run(
      "DELETE FROM lambda_alias WHERE account = ?1 AND region = ?2 AND name = ?3"
      " AND alias = ?4",
      {id.account, id.region, id.name, request.name});
  return {};
}

ListAliasesResponse list_aliases(Service&, Call& call, const ListAliasesRequest& request) {
  const FunctionId id = function_id(call, request.function_name);
  require_function(call, id);
  const auto limit = static_cast<size_t>(std::min(request.max_items.value_or(kPageDefault), kPageDefault));
  ListAliasesResponse result;
  for (const sql::Row& row : call.transaction.run(
           "SELECT alias, version, description, revision FROM lambda_alias WHERE account = ?1 AND"
           " region = ?2 AND name = ?3 AND alias > ?4 AND (?5 = '' OR version = ?5) ORDER BY alias"
           " LIMIT ?6",
           {id.account, id.region, id.name, request.marker.value_or(""),
            request.function_version.value_or(""), static_cast<int64_t>(limit) + 1})) {
    if (result.aliases.size() == limit) {
      result.next_marker = result.aliases.back().name;
      break;
    }
    result.aliases.push_back(read_alias(row, id));
  }
  return result;
}

}  // namespace holm::lambda
