// How much of a function may run at once, and what the account has.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html

#include <fmt/format.h>

#include "lambda/handlers.h"
#include "services/lambda/fleet.h"
#include "services/lambda/functions.h"
#include "services/lambda/packages.h"

namespace holm::lambda {

namespace {

constexpr int64_t kUnreservedMin = 10;
constexpr int64_t kCodeBytesMax = 80'530'636'800;

int64_t reserved_of_others(Call& call, const FunctionId& id) {
  return call.transaction
      .find(
          "SELECT coalesce(sum(reserved), 0) FROM lambda_function WHERE account = ?1 AND"
          " region = ?2 AND name <> ?3",
          {id.account, id.region, id.name})
      ->integer(0);
}

}  // namespace

Concurrency put_function_concurrency(Service&, Call& call, const PutFunctionConcurrencyRequest& request) {
  const FunctionId id = function_id(call, request.function_name);
  require_function(call, id);
  const int64_t wanted = request.reserved_concurrent_executions;
  if (kAccountConcurrency - reserved_of_others(call, id) - wanted < kUnreservedMin) {
    throw InvalidParameterValueException(
        fmt::format("Specified ReservedConcurrentExecutions for function decreases account's"
                    " UnreservedConcurrentExecution below its minimum value of [{}].",
                    kUnreservedMin));
  }
  call.transaction.run(
      "UPDATE lambda_function SET reserved = ?4 WHERE account = ?1 AND"
      " region = ?2 AND name = ?3",
      {id.account, id.region, id.name, wanted});
  return {.reserved_concurrent_executions = static_cast<int32_t>(wanted)};
}

GetFunctionConcurrencyResponse get_function_concurrency(Service&, Call& call,
                                                        const GetFunctionConcurrencyRequest& request) {
  const FunctionId id = function_id(call, request.function_name);
  const VersionRow row = require_version(call, {id.account, id.region, id.name, ""});
  GetFunctionConcurrencyResponse result;
  if (row.reserved) result.reserved_concurrent_executions = static_cast<int32_t>(*row.reserved);
  return result;
}

Nothing delete_function_concurrency(Service&, Call& call, const DeleteFunctionConcurrencyRequest& request) {
  const FunctionId id = function_id(call, request.function_name);
  require_function(call, id);
  call.transaction.run(
      "UPDATE lambda_function SET reserved = NULL WHERE account = ?1 AND"
      " region = ?2 AND name = ?3",
      {id.account, id.region, id.name});
  return {};
}

// https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html
GetAccountSettingsResponse get_account_settings(Service&, Call& call, const GetAccountSettingsRequest&) {
  auto usage = call.transaction.find(
      "SELECT count(DISTINCT name), coalesce(sum(json_extract(configuration, '$.CodeSize')), 0)"
      " FROM lambda_version WHERE account = ?1 AND region = ?2",
      {call.account, call.region});
  const int64_t unreserved =
      kAccountConcurrency - reserved_of_others(call, {call.account, call.region, "", ""});
  return {.account_limit = AccountLimit{.total_code_size = kCodeBytesMax,
                                        .code_size_unzipped = static_cast<int64_t>(kUnzippedBytesMax),
                                        .code_size_zipped = static_cast<int64_t>(kZippedBytesMax),
                                        .concurrent_executions = static_cast<int32_t>(kAccountConcurrency),
                                        .unreserved_concurrent_executions = static_cast<int32_t>(unreserved)},
          .account_usage =
              AccountUsage{.total_code_size = usage->integer(1), .function_count = usage->integer(0)}};
}

}  // namespace holm::lambda
