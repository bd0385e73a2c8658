// Tags of every kind of resource, and events.

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "rds/handlers.h"
#include "services/rds/cluster_snapshots.h"
#include "services/rds/filters.h"
#include "services/rds/rows.h"
#include "services/rds/subnet_groups.h"

namespace holm::rds {

namespace {

// The ARN, once it is sure that it names something of the caller's.
std::string require_resource(Call& call, const std::string& arn) {
  const std::vector<std::string_view> parts = split(arn, ':');
  if (parts.size() != 7 || parts[2] != "rds") throw_invalid("Invalid resource name: " + arn);
  const std::string kind(parts[5]), id(parts[6]);
  if (kind == "cluster") require_cluster(call, arn);
  else if (kind == "db") require_instance(call, arn);
  else if (kind == "subgrp") require_subnet_group(call, id);
  else if (kind != "cluster-snapshot") throw aws::NotImplemented("Tags of " + kind);
  else if (!find_cluster_snapshot(call, id)) {
    throw DBClusterSnapshotNotFoundFault(fmt::format("DBClusterSnapshot {} not found.", id));
  }
  return arn;
}

constexpr std::chrono::minutes kEventsDefault{60};

}  // namespace

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_AddTagsToResource.html
aws::Nothing add_tags_to_resource(Service&, Call& call, const AddTagsToResourceMessage& request) {
  write_tags(call, require_resource(call, request.resource_name), request.tags);
  return {};
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RemoveTagsFromResource.html
aws::Nothing remove_tags_from_resource(Service&, Call& call, const RemoveTagsFromResourceMessage& request) {
  const std::string arn = require_resource(call, request.resource_name);
  for (const std::string& key : request.tag_keys) {
    call.transaction.run("DELETE FROM rds_tag WHERE arn = ?1 AND key = ?2", {arn, key});
  }
  return {};
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ListTagsForResource.html
TagListMessage list_tags_for_resource(Service&, Call& call, const ListTagsForResourceMessage& request) {
  const std::string arn = require_resource(call, request.resource_name);
  if (!passes(request.filters, {})) return {};
  return {.tag_list = tags_of(call, arn)};
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeEvents.html
EventsMessage describe_events(Service&, Call& call, const DescribeEventsMessage& request) {
  if (request.source_identifier && !request.source_type) {
    throw_combination("SourceType must be provided with SourceIdentifier.");
  }
  const Time until = request.end_time.value_or(call.now);
  const auto span = request.duration ? std::chrono::minutes(*request.duration) : kEventsDefault;
  const Time from = request.start_time.value_or(until - span);
  EventsMessage result;
  if (!passes(request.filters, {})) return result;
  for (const sql::Row& row :
       call.transaction.run("SELECT source_type, source, arn, category, message, happened FROM rds_event"
                            " WHERE account = ?1 AND region = ?2 AND happened >= ?3 AND happened <= ?4 ORDER "
                            "BY happened, rowid",
                            {call.account, call.region, to_milliseconds(from), to_milliseconds(until)})) {
    if (request.source_type.value_or(row.text(0)) != row.text(0)) continue;
    if (to_lower(request.source_identifier.value_or(row.text(1))) != row.text(1)) continue;
    const auto& wanted = request.event_categories;
    if (!wanted.empty() && std::ranges::find(wanted, row.text(3)) == wanted.end()) continue;
    result.events.push_back({.source_identifier = row.text(1),
                             .source_type = row.text(0),
                             .message = row.text(4),
                             .event_categories = {row.text(3)},
                             .date = from_milliseconds(row.integer(5)),
                             .source_arn = row.text(2)});
  }
  result.marker = take_page(result.events, request.max_records, request.marker);
  return result;
}

}  // namespace holm::rds
