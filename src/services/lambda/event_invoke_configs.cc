// What becomes of asynchronous invocations that fail.
// https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html

#include <algorithm>

#include "lambda/handlers.h"
#include "services/lambda/functions.h"

namespace holm::lambda {

namespace {

constexpr int32_t kPageDefault = 50;

// Only functions are told; what is not built is refused by its service's name.
std::optional<std::string> require_destination(Call& call, const std::optional<std::string>& destination) {
  if (!destination || destination->empty()) return std::nullopt;
  if (!destination->starts_with("arn:aws:lambda:")) {
    throw aws::NotImplemented("DestinationConfig: " + *destination);
  }
  require_version(call, function_id(call, *destination));
  return destination;
}

std::optional<std::string> on_success_of(const std::optional<DestinationConfig>& config) {
  return config && config->on_success ? config->on_success->destination : std::nullopt;
}

std::optional<std::string> on_failure_of(const std::optional<DestinationConfig>& config) {
  return config && config->on_failure ? config->on_failure->destination : std::nullopt;
}

constexpr char kSelect[] =
    "SELECT retries, age_seconds, on_success, on_failure, modified, qualifier FROM"
    " lambda_event_config WHERE account = ?1 AND region = ?2 AND name = ?3";

FunctionEventInvokeConfig read_config(const sql::Row& row, FunctionId id) {
  id.qualifier = row.text(5).empty() ? kLatest : row.text(5);
  FunctionEventInvokeConfig result{.last_modified = from_milliseconds(row.integer(4)),
                                   .function_arn = id.arn()};
  if (auto retries = row.optional_integer(0)) {
    result.maximum_retry_attempts = static_cast<int32_t>(*retries);
  }
  if (auto age = row.optional_integer(1)) {
    result.maximum_event_age_in_seconds = static_cast<int32_t>(*age);
  }
  result.destination_config = DestinationConfig{.on_success = OnSuccess{.destination = row.optional_text(2)},
                                                .on_failure = OnFailure{.destination = row.optional_text(3)}};
  return result;
}

// The qualifier configurations are kept under.
std::string key_of(const FunctionId& id) { return id.qualifier == kLatest ? "" : id.qualifier; }

FunctionEventInvokeConfig require_config(Call& call, const FunctionId& id) {
  auto row = call.transaction.find(std::string(kSelect) + " AND qualifier = ?4",
                                   {id.account, id.region, id.name, key_of(id)});
  if (!row) {
    throw ResourceNotFoundException("The function " + id.arn() + " doesn't have an EventInvokeConfig");
  }
  return read_config(*row, id);
}

FunctionEventInvokeConfig write_config(Call& call, const FunctionId& id,
                                       const FunctionEventInvokeConfig& config) {
  auto number = [](const std::optional<int32_t>& value) {
    return sql::optional_value(value ? std::optional<int64_t>(*value) : std::nullopt);
  };
  const auto success = require_destination(call, on_success_of(config.destination_config));
  const auto failed = require_destination(call, on_failure_of(config.destination_config));
  call.transaction.run(
      "INSERT OR REPLACE INTO lambda_event_config (account, region, name, qualifier, retries,"
      " age_seconds, on_success, on_failure, modified) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      {id.account, id.region, id.name, key_of(id), number(config.maximum_retry_attempts),
       number(config.maximum_event_age_in_seconds), sql::optional_value(success), sql::optional_value(failed),
       to_milliseconds(call.now)});
  return require_config(call, id);
}

}  // namespace

FunctionEventInvokeConfig put_function_event_invoke_config(
    Service&, Call& call, const PutFunctionEventInvokeConfigRequest& request) {
  const FunctionId id = function_id(call, request.function_name, request.qualifier);
  require_version(call, id);
  return write_config(call, id,
                      {.maximum_retry_attempts = request.maximum_retry_attempts,
                       .maximum_event_age_in_seconds = request.maximum_event_age_in_seconds,
                       .destination_config = request.destination_config});
}

// Like Put, but what is not given stays.
FunctionEventInvokeConfig update_function_event_invoke_config(
    Service&, Call& call, const UpdateFunctionEventInvokeConfigRequest& request) {
  const FunctionId id = function_id(call, request.function_name, request.qualifier);
  FunctionEventInvokeConfig config = require_config(call, id);
  if (request.maximum_retry_attempts) config.maximum_retry_attempts = request.maximum_retry_attempts;
  if (request.maximum_event_age_in_seconds) {
    config.maximum_event_age_in_seconds = request.maximum_event_age_in_seconds;
  }
  if (request.destination_config) {
    if (request.destination_config->on_success) {
      config.destination_config->on_success = request.destination_config->on_success;
    }
    if (request.destination_config->on_failure) {
      config.destination_config->on_failure = request.destination_config->on_failure;
    }
  }
  return write_config(call, id, config);
}

FunctionEventInvokeConfig get_function_event_invoke_config(
    Service&, Call& call, const GetFunctionEventInvokeConfigRequest& request) {
  return require_config(call, function_id(call, request.function_name, request.qualifier));
}

Nothing delete_function_event_invoke_config(Service&, Call& call,
                                            const DeleteFunctionEventInvokeConfigRequest& request) {
  const FunctionId id = function_id(call, request.function_name, request.qualifier);
  (void)require_config(call, id);
  call.transaction.run(
      "DELETE FROM lambda_event_config WHERE account = ?1 AND region = ?2 AND"
      " name = ?3 AND qualifier = ?4",
      {id.account, id.region, id.name, key_of(id)});
  return {};
}

ListFunctionEventInvokeConfigsResponse list_function_event_invoke_configs(
    Service&, Call& call, const ListFunctionEventInvokeConfigsRequest& request) {
  const FunctionId id = function_id(call, request.function_name);
  require_function(call, id);
  const auto limit = static_cast<size_t>(request.max_items.value_or(kPageDefault));
  ListFunctionEventInvokeConfigsResponse result;
  std::string last;
  for (const sql::Row& row :
       call.transaction.run(std::string(kSelect) + " AND (?4 IS NULL OR qualifier > ?4) ORDER BY qualifier",
                            {id.account, id.region, id.name, sql::optional_value(request.marker)})) {
    if (result.function_event_invoke_configs.size() == limit) {
      result.next_marker = last;
      break;
    }
    last = row.text(5);
    result.function_event_invoke_configs.push_back(read_config(row, id));
  }
  return result;
}

}  // namespace holm::lambda
