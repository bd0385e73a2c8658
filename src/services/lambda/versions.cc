// Publishing versions.
// https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html

#include "services/lambda/versions.h"

#include <algorithm>

#include "aws/codec/json_codec.h"
#include "base/strings.h"
#include "lambda/handlers.h"
#include "lambda/schema.h"

namespace holm::lambda {

namespace {

constexpr int32_t kPageDefault = 50;

// All of a configuration but what differs from version to version.
std::string essence(const VersionRow& row) {
  FunctionConfiguration configuration = row.configuration;
  configuration.version = configuration.function_arn = configuration.revision_id = std::nullopt;
  configuration.last_modified = configuration.description = std::nullopt;
  return row.package + aws::write_kept_json(shape_of(configuration), &configuration);
}

}  // namespace

FunctionConfiguration publish(Call& call, const VersionRow& latest,
                              const std::optional<std::string>& description) {
  const FunctionId id{latest.account, latest.region, latest.name, ""};
  const std::vector<sql::Value> key = {id.account, id.region, id.name};
  const int64_t last = call.transaction
                           .find(
                               "SELECT last_version FROM lambda_function WHERE account = ?1 AND"
                               " region = ?2 AND name = ?3",
                               key)
                           ->integer(0);
  FunctionId same = id;
  same.qualifier = std::to_string(last);
  auto previous = last > 0 ? find_version(call, same) : std::nullopt;
  if (previous && essence(*previous) == essence(latest)) return configuration_of(*previous, same);
  call.transaction.run(
      "UPDATE lambda_function SET last_version = last_version + 1 WHERE"
      " account = ?1 AND region = ?2 AND name = ?3",
      key);
  VersionRow row = latest;
  row.version = std::to_string(last + 1);
  row.configuration.version = row.version;
  if (description) row.configuration.description = description;
  write_version(call, row);
  return configuration_of(row, {id.account, id.region, id.name, row.version});
}

FunctionConfiguration publish_version(Service&, Call& call, const PublishVersionRequest& request) {
  const FunctionId id = function_id(call, request.function_name);
  const VersionRow row = require_version(call, {id.account, id.region, id.name, ""});
  require_settled(row);
  require_revision(row, request.revision_id);
  if (request.code_sha256 && request.code_sha256 != row.configuration.code_sha256) {
    throw InvalidParameterValueException(
        "CodeSHA256 (" + *request.code_sha256 + ") is different from current CodeSHA256 in $LATEST (" +
        row.configuration.code_sha256.value_or("") + "). Please try again with the CodeSHA256 in $LATEST.");
  }
  return publish(call, row, request.description);
}

ListVersionsByFunctionResponse list_versions_by_function(Service&, Call& call,
                                                         const ListVersionsByFunctionRequest& request) {
  const FunctionId id = function_id(call, request.function_name);
  require_function(call, id);
  const auto after = parse_integer(request.marker.value_or("-1"));
  if (!after) throw InvalidParameterValueException("Invalid marker");
  const auto limit = static_cast<size_t>(std::min(request.max_items.value_or(kPageDefault), kPageDefault));
  ListVersionsByFunctionResponse result;
  for (const sql::Row& each : call.transaction.run(
           "SELECT version, number FROM lambda_version WHERE account = ?1 AND region = ?2 AND"
           " name = ?3 AND number > ?4 ORDER BY number LIMIT ?5",
           {id.account, id.region, id.name, int64_t{*after}, static_cast<int64_t>(limit) + 1})) {
    if (result.versions.size() == limit) {
      const std::string& last = *result.versions.back().version;
      result.next_marker = last == kLatest ? "0" : last;
      break;
    }
    const FunctionId one{id.account, id.region, id.name, each.text(0)};
    result.versions.push_back(configuration_of(require_version(call, one), one));
  }
  return result;
}

}  // namespace holm::lambda
