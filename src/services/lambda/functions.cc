// Functions: names and rows, and the operations that only read.

#include "services/lambda/functions.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/codec/json_codec.h"
#include "base/check.h"
#include "base/page_token.h"
#include "base/strings.h"
#include "lambda/handlers.h"
#include "lambda/schema.h"
#include "services/lambda/code.h"
#include "services/lambda/fleet.h"
#include "services/lambda/packages.h"
#include "services/lambda/service.h"

namespace holm::lambda {

namespace {

constexpr size_t kPageDefault = 50;

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// A version's number or name for a qualifier; aliases are looked up.
std::string version_of(Call& call, const FunctionId& id) {
  if (id.qualifier.empty() || id.qualifier == kLatest) return kLatest;
  if (is_number(id.qualifier)) return id.qualifier;
  auto row = call.transaction.find(
      "SELECT version FROM lambda_alias WHERE account = ?1 AND region = ?2 AND name = ?3"
      " AND alias = ?4",
      {id.account, id.region, id.name, id.qualifier});
  return row ? row->text(0) : "";
}

VersionRow read_row(const sql::Row& row) {
  VersionRow result{.account = row.text(0),
                    .region = row.text(1),
                    .name = row.text(2),
                    .version = row.text(3),
                    .package = row.text(5),
                    .reserved = row.optional_integer(6)};
  FunctionConfiguration& configuration = result.configuration;
  CHECK(aws::read_kept_json(row.text(4), shape_of(configuration), &configuration).has_value());
  return result;
}

constexpr char kSelect[] =
    "SELECT v.account, v.region, v.name, v.version, v.configuration, v.package, f.reserved"
    " FROM lambda_version v JOIN lambda_function f USING (account, region, name) WHERE"
    " v.account = ?1 AND v.region = ?2";

}  // namespace

std::string FunctionId::unqualified_arn() const {
  return fmt::format("arn:aws:lambda:{}:{}:function:{}", region, account, name);
}

std::string FunctionId::arn() const {
  return qualifier.empty() ? unqualified_arn() : unqualified_arn() + ":" + qualifier;
}

// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html#API_GetFunction_RequestSyntax
FunctionId function_id(const aws::Caller& caller, const std::string& name,
                       const std::optional<std::string>& qualifier) {
  FunctionId id{caller.account, caller.region, "", ""};
  std::vector<std::string_view> parts = split(name, ':');
  if (parts.size() >= 7 && parts[0] == "arn" && parts[2] == "lambda" && parts[5] == "function") {
    id.region = parts[3];
    id.account = parts[4];
    parts.erase(parts.begin(), parts.begin() + 6);
  } else if (parts.size() >= 3 && parts[1] == "function") {
    id.account = parts[0];
    parts.erase(parts.begin(), parts.begin() + 2);
  }
  if (parts.empty() || parts.size() > 2 || parts[0].empty() || parts[0].size() > 64) {
    throw InvalidParameterValueException("Not the name or ARN of a function: " + name);
  }
  id.name = parts[0];
  if (parts.size() == 2) id.qualifier = parts[1];
  if (qualifier && !id.qualifier.empty() && id.qualifier != *qualifier) {
    throw InvalidParameterValueException(
        "The derived qualifier from the function name does not match the specified qualifier.");
  }
  if (qualifier) id.qualifier = *qualifier;
  return id;
}

std::optional<VersionRow> find_version(Call& call, const FunctionId& id) {
  auto row = call.transaction.find(std::string(kSelect) + " AND v.name = ?3 AND v.version = ?4",
                                   {id.account, id.region, id.name, version_of(call, id)});
  if (!row) return std::nullopt;
  return read_row(*row);
}

VersionRow require_version(Call& call, const FunctionId& id) {
  auto row = find_version(call, id);
  if (!row) throw ResourceNotFoundException("Function not found: " + id.arn());
  return std::move(*row);
}

void require_function(Call& call, const FunctionId& id) {
  (void)require_version(call, {id.account, id.region, id.name, ""});
}

void write_version(Call& call, const VersionRow& row) {
  const FunctionConfiguration& configuration = row.configuration;
  const std::string json = aws::write_kept_json(shape_of(configuration), &configuration);
  const int64_t number = parse_integer(row.version).value_or(0);
  call.transaction.run(
      "INSERT INTO lambda_version (account, region, name, version, number, configuration, package)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (account, region, name, version) DO UPDATE"
      " SET configuration = excluded.configuration, package = excluded.package",
      {row.account, row.region, row.name, row.version, number, json, row.package});
}

FunctionConfiguration configuration_of(const VersionRow& row, const FunctionId& id) {
  FunctionConfiguration result = row.configuration;
  result.function_arn = id.arn();
  return result;
}

std::shared_ptr<const Target> target_of(Service& service, const VersionRow& row, const FunctionId& id) {
  const FunctionConfiguration& configuration = row.configuration;
  auto target = std::make_shared<Target>();
  target->account = row.account;
  target->region = row.region;
  target->name = row.name;
  target->version = row.version;
  target->function_arn = id.unqualified_arn();
  target->revision = configuration.revision_id.value_or("");
  target->runtime = configuration.runtime.value_or("");
  target->handler = configuration.handler.value_or("");
  target->role = configuration.role.value_or("");
  target->code_path = service.packages().code_path(row.package);
  target->log_group = configuration.logging_config->log_group.value_or("/aws/lambda/" + row.name);
  if (configuration.environment) target->environment = configuration.environment->variables;
  target->memory_mib = static_cast<uint32_t>(configuration.memory_size.value_or(128));
  if (configuration.ephemeral_storage) {
    target->ephemeral_mib = static_cast<uint32_t>(configuration.ephemeral_storage->size);
  }
  target->timeout = std::chrono::seconds(configuration.timeout.value_or(3));
  target->reserved = row.reserved;
  return target;
}

FunctionConfiguration get_function_configuration(Service&, Call& call,
                                                 const GetFunctionConfigurationRequest& request) {
  const FunctionId id = function_id(call, request.function_name, request.qualifier);
  return configuration_of(require_version(call, id), id);
}

// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
GetFunctionResponse get_function(Service&, Call& call, const GetFunctionRequest& request) {
  const FunctionId id = function_id(call, request.function_name, request.qualifier);
  const VersionRow row = require_version(call, id);
  GetFunctionResponse result{.configuration = configuration_of(row, id),
                             .code = FunctionCodeLocation{.repository_type = "S3"}};
  if (row.reserved) {
    result.concurrency = Concurrency{.reserved_concurrent_executions = static_cast<int32_t>(*row.reserved)};
  }
  for (const sql::Row& each : call.transaction.run(
           "SELECT key, value FROM lambda_tag WHERE account = ?1 AND region = ?2 AND name = ?3",
           {id.account, id.region, id.name})) {
    result.tags[each.text(0)] = each.text(1);
  }
  return result;
}

// https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
ListFunctionsResponse list_functions(Service&, Call& call, const ListFunctionsRequest& request) {
  ListFunctionsResponse result;
  const auto after = request.marker ? read_page_token(*request.marker) : std::optional<std::string>("");
  if (!after) throw InvalidParameterValueException("Invalid marker");
  const auto limit = static_cast<size_t>(
      std::min(request.max_items.value_or(kPageDefault), static_cast<int32_t>(kPageDefault)));
  const bool all = request.function_version.has_value();
  for (const sql::Row& each : call.transaction.run(
           std::string(kSelect) + " AND v.name || '/' || v.number > ?3 AND (?4 OR v.number = 0)"
                                  " ORDER BY v.name || '/' || v.number LIMIT ?5",
           {call.account, call.region, *after, int64_t{all}, static_cast<int64_t>(limit) + 1})) {
    const VersionRow row = read_row(each);
    if (result.functions.size() == limit) {
      const FunctionConfiguration& last = result.functions.back();
      const std::string number = *last.version == kLatest ? "0" : *last.version;
      result.next_marker = make_page_token(*last.function_name + "/" + number);
      break;
    }
    FunctionId id{row.account, row.region, row.name, all ? row.version : ""};
    result.functions.push_back(configuration_of(row, id));
  }
  return result;
}

// https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
DeleteFunctionResponse delete_function(Service& service, Call& call, const DeleteFunctionRequest& request) {
  const FunctionId id = function_id(call, request.function_name, request.qualifier);
  require_function(call, id);
  if (id.qualifier == kLatest) {
    throw InvalidParameterValueException(
        "$LATEST version cannot be deleted without deleting the"
        " function.");
  }
  if (!id.qualifier.empty()) {
    const VersionRow row = require_version(call, id);
    if (call.transaction.find("SELECT 1 FROM lambda_alias WHERE account = ?1 AND region = ?2 AND"
                              " name = ?3 AND version = ?4",
                              {id.account, id.region, id.name, row.version})) {
      throw ResourceConflictException("Cannot delete version " + row.version + ": an alias points to it.");
    }
    call.transaction.run(
        "DELETE FROM lambda_version WHERE account = ?1 AND region = ?2 AND"
        " name = ?3 AND version = ?4",
        {id.account, id.region, id.name, row.version});
    release_package(service, call, row.package);
  } else {
    for (const sql::Row& each :
         call.transaction.run("SELECT DISTINCT package FROM lambda_version WHERE account = ?1 AND region = ?2"
                              " AND name = ?3",
                              {id.account, id.region, id.name})) {
      release_package(service, call, each.text(0));
    }
    call.transaction.run(
        "DELETE FROM lambda_function WHERE account = ?1 AND region = ?2 AND"
        " name = ?3",
        {id.account, id.region, id.name});
    call.transaction.run("DELETE FROM lambda_event WHERE account = ?1 AND region = ?2 AND name = ?3",
                         {id.account, id.region, id.name});
  }
  call.after_commit([&service, id] { service.fleet().retire(id.unqualified_arn(), id.qualifier); });
  return {.status_code = 204};
}

}  // namespace holm::lambda
