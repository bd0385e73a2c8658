// Log groups and streams.

#include "services/logs/groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/page_token.h"
#include "base/strings.h"
#include "logs/handlers.h"
#include "services/logs/metric_filters.h"
#include "services/logs/service.h"

namespace holm::logs {

namespace {

constexpr int32_t kPageDefault = 50;
constexpr std::array<int32_t, 23> kRetentionDays = {1,    3,    5,    7,    14,   30,   60,  90,
                                                    120,  150,  180,  365,  400,  545,  731, 1096,
                                                    1827, 2192, 2557, 2922, 3288, 3653, 0};

std::string group_arn(Call& call, const std::string& name) {
  return aws::arn("logs", call, "log-group:" + name);
}

void write_tags(Call& call, const GroupRow& group, const std::map<std::string, std::string>& tags) {
  for (const auto& [key, value] : tags) {
    call.transaction.run(
        "INSERT INTO logs_tag (log_group, key, value) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (log_group, key) DO UPDATE SET value = excluded.value",
        {group.id, key, value});
  }
}

void remove_tags(Call& call, const GroupRow& group, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    call.transaction.run("DELETE FROM logs_tag WHERE log_group = ?1 AND key = ?2", {group.id, key});
  }
}

std::map<std::string, std::string> tags_of(Call& call, const GroupRow& group) {
  std::map<std::string, std::string> tags;
  for (const sql::Row& row :
       call.transaction.run("SELECT key, value FROM logs_tag WHERE log_group = ?1", {group.id})) {
    tags[row.text(0)] = row.text(1);
  }
  return tags;
}

// arn:aws:logs:region:account:log-group:NAME, with or without ":*" behind.
std::string name_in(std::string_view identifier) {
  const size_t at = identifier.find(":log-group:");
  if (at == std::string_view::npos) return std::string(identifier);
  std::string_view name = identifier.substr(at + 11);
  if (name.ends_with(":*")) name.remove_suffix(2);
  return std::string(name);
}

}  // namespace

std::string token_of(const std::string& position) { return make_page_token(position); }

std::string position_of(const std::optional<std::string>& token) {
  if (!token) return {};
  auto position = read_page_token(*token);
  if (!position) throw InvalidParameterException("The specified nextToken is invalid.");
  return *position;
}

GroupRow require_group(Call& call, const std::string& name) {
  auto row = call.transaction.find(
      "SELECT id, name FROM logs_group WHERE account = ?1 AND region = ?2 AND name = ?3",
      {call.account, call.region, name});
  if (!row) throw ResourceNotFoundException("The specified log group does not exist.");
  return {row->integer(0), row->text(1)};
}

GroupRow require_group(Call& call, const std::optional<std::string>& name,
                       const std::optional<std::string>& identifier) {
  if (name.has_value() == identifier.has_value()) {
    throw InvalidParameterException("Exactly one of logGroupName and logGroupIdentifier must be given.");
  }
  return require_group(call, name ? *name : name_in(*identifier));
}

StreamRow require_stream(Call& call, const GroupRow& group, const std::string& name) {
  auto row = call.transaction.find("SELECT id, name FROM logs_stream WHERE log_group = ?1 AND name = ?2",
                                   {group.id, name});
  if (!row) throw ResourceNotFoundException("The specified log stream does not exist.");
  return {row->integer(0), row->text(1)};
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
aws::Nothing create_log_group(Service&, Call& call, const CreateLogGroupRequest& request) {
  if (request.log_group_class.value_or("STANDARD") != "STANDARD") {
    throw aws::NotImplemented("CreateLogGroup: logGroupClass " + *request.log_group_class);
  }
  if (call.transaction.find("SELECT 1 FROM logs_group WHERE account = ?1 AND region = ?2 AND name = ?3",
                            {call.account, call.region, request.log_group_name})) {
    throw ResourceAlreadyExistsException("The specified log group already exists");
  }
  call.transaction.run("INSERT INTO logs_group (account, region, name, created) VALUES (?1, ?2, ?3, ?4)",
                       {call.account, call.region, request.log_group_name, to_milliseconds(call.now)});
  write_tags(call, require_group(call, request.log_group_name), request.tags);
  return {};
}

aws::Nothing delete_log_group(Service&, Call& call, const DeleteLogGroupRequest& request) {
  const GroupRow group = require_group(call, request.log_group_name);
  call.transaction.run("DELETE FROM logs_event WHERE log_group = ?1", {group.id});
  call.transaction.run("DELETE FROM logs_group WHERE id = ?1", {group.id});
  return {};
}

DescribeLogGroupsResponse describe_log_groups(Service&, Call& call, const DescribeLogGroupsRequest& request) {
  if (request.log_group_name_prefix && request.log_group_name_pattern) {
    throw InvalidParameterException(
        "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
  }
  const std::string after = position_of(request.next_token);
  const auto limit = static_cast<size_t>(request.limit.value_or(kPageDefault));
  DescribeLogGroupsResponse result;
  for (const sql::Row& row :
       call.transaction.run("SELECT name, created, retention_days, stored_bytes, id FROM "
                            "logs_group WHERE account = ?1 AND region = ?2"
                            " AND name > ?3 ORDER BY name",
                            {call.account, call.region, after})) {
    const std::string& name = row.text(0);
    if (request.log_group_name_prefix && !name.starts_with(*request.log_group_name_prefix)) continue;
    if (request.log_group_name_pattern && name.find(*request.log_group_name_pattern) == std::string::npos)
      continue;
    if (result.log_groups.size() == limit) {
      result.next_token = token_of(*result.log_groups.back().log_group_name);
      break;
    }
    LogGroup group{.log_group_name = name,
                   .creation_time = row.integer(1),
                   .metric_filter_count = count_metric_filters(call, {row.integer(4), name}),
                   .arn = group_arn(call, name) + ":*",
                   .stored_bytes = row.integer(3),
                   .log_group_class = "STANDARD",
                   .log_group_arn = group_arn(call, name)};
    if (auto days = row.optional_integer(2)) group.retention_in_days = static_cast<int32_t>(*days);
    result.log_groups.push_back(std::move(group));
  }
  return result;
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
aws::Nothing put_retention_policy(Service&, Call& call, const PutRetentionPolicyRequest& request) {
  const GroupRow group = require_group(call, request.log_group_name);
  if (request.retention_in_days == 0 ||
      std::ranges::find(kRetentionDays, request.retention_in_days) == kRetentionDays.end()) {
    throw InvalidParameterException(
        fmt::format("{} is not a number of days that logs can be kept.", request.retention_in_days));
  }
  call.transaction.run("UPDATE logs_group SET retention_days = ?2 WHERE id = ?1",
                       {group.id, int64_t{request.retention_in_days}});
  return {};
}

aws::Nothing delete_retention_policy(Service&, Call& call, const DeleteRetentionPolicyRequest& request) {
  call.transaction.run("UPDATE logs_group SET retention_days = NULL WHERE id = ?1",
                       {require_group(call, request.log_group_name).id});
  return {};
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html
aws::Nothing create_log_stream(Service&, Call& call, const CreateLogStreamRequest& request) {
  const GroupRow group = require_group(call, request.log_group_name);
  if (call.transaction.find("SELECT 1 FROM logs_stream WHERE log_group = ?1 AND name = ?2",
                            {group.id, request.log_stream_name})) {
    throw ResourceAlreadyExistsException("The specified log stream already exists");
  }
  call.transaction.run("INSERT INTO logs_stream (log_group, name, created) VALUES (?1, ?2, ?3)",
                       {group.id, request.log_stream_name, to_milliseconds(call.now)});
  return {};
}

aws::Nothing delete_log_stream(Service&, Call& call, const DeleteLogStreamRequest& request) {
  const GroupRow group = require_group(call, request.log_group_name);
  call.transaction.run("DELETE FROM logs_stream WHERE id = ?1",
                       {require_stream(call, group, request.log_stream_name).id});
  return {};
}

DescribeLogStreamsResponse describe_log_streams(Service&, Call& call,
                                                const DescribeLogStreamsRequest& request) {
  const GroupRow group = require_group(call, request.log_group_name, request.log_group_identifier);
  const bool by_time = request.order_by.value_or("LogStreamName") == "LastEventTime";
  if (by_time && request.log_stream_name_prefix) {
    throw InvalidParameterException("Cannot order by LastEventTime with a logStreamNamePrefix.");
  }
  const std::string position = position_of(request.next_token);
  const auto skip = static_cast<size_t>(parse_integer(position.empty() ? "0" : position).value_or(0));
  const auto limit = static_cast<size_t>(request.limit.value_or(kPageDefault));
  DescribeLogStreamsResponse result;
  size_t seen = 0;
  for (const sql::Row& row : call.transaction.run(
           fmt::format("SELECT name, created, first_event, last_event, last_ingestion FROM logs_stream WHERE"
                       " log_group = ?1 ORDER BY {} {}, name",
                       by_time ? "last_event" : "name", request.descending.value_or(false) ? "DESC" : "ASC"),
           {group.id})) {
    if (request.log_stream_name_prefix && !row.text(0).starts_with(*request.log_stream_name_prefix)) continue;
    if (seen++ < skip) continue;
    if (result.log_streams.size() == limit) {
      result.next_token = token_of(std::to_string(skip + limit));
      break;
    }
    result.log_streams.push_back({.log_stream_name = row.text(0),
                                  .creation_time = row.integer(1),
                                  .first_event_timestamp = row.optional_integer(2),
                                  .last_event_timestamp = row.optional_integer(3),
                                  .last_ingestion_time = row.optional_integer(4),
                                  .arn = group_arn(call, group.name) + ":log-stream:" + row.text(0),
                                  .stored_bytes = 0});
  }
  return result;
}

aws::Nothing tag_resource(Service&, Call& call, const TagResourceRequest& request) {
  write_tags(call, require_group(call, name_in(request.resource_arn)), request.tags);
  return {};
}

aws::Nothing untag_resource(Service&, Call& call, const UntagResourceRequest& request) {
  remove_tags(call, require_group(call, name_in(request.resource_arn)), request.tag_keys);
  return {};
}

ListTagsForResourceResponse list_tags_for_resource(Service&, Call& call,
                                                   const ListTagsForResourceRequest& request) {
  return {.tags = tags_of(call, require_group(call, name_in(request.resource_arn)))};
}

// The older operations on the same tags, which name the group instead of its ARN.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TagLogGroup.html
aws::Nothing tag_log_group(Service&, Call& call, const TagLogGroupRequest& request) {
  write_tags(call, require_group(call, request.log_group_name), request.tags);
  return {};
}

aws::Nothing untag_log_group(Service&, Call& call, const UntagLogGroupRequest& request) {
  remove_tags(call, require_group(call, request.log_group_name), request.tags);
  return {};
}

ListTagsLogGroupResponse list_tags_log_group(Service&, Call& call, const ListTagsLogGroupRequest& request) {
  return {.tags = tags_of(call, require_group(call, request.log_group_name))};
}

}  // namespace holm::logs
