// Tags of alarms and dashboards.

#include "services/cloudwatch/tags.h"

#include <fmt/format.h>

#include "aws/service/error.h"
#include "services/cloudwatch/alarms.h"
#include "services/cloudwatch/dashboards.h"
#include "services/cloudwatch/service.h"

namespace holm::cloudwatch {

namespace {

constexpr int64_t kTagsMax = 50;

bool is_dashboard(const std::string& resource) { return resource.starts_with("dashboard/"); }

// Dashboards are in no region.
std::string region_of(const Call& call, const std::string& resource) {
  return is_dashboard(resource) ? "" : call.region;
}

// The end of the ARN of an alarm or dashboard that is there.
std::string resource_in(Call& call, const std::string& arn) {
  const std::string alarm = aws::arn("cloudwatch", call, ""), dashboard = dashboard_arn(call, "");
  if (arn.starts_with(alarm + "alarm:") && find_alarm(call, arn.substr(alarm.size() + 6))) {
    return arn.substr(alarm.size());
  }
  if (arn.starts_with(dashboard) && has_dashboard(call, arn.substr(dashboard.size()))) {
    return "dashboard/" + arn.substr(dashboard.size());
  }
  throw ResourceNotFoundException(fmt::format("There is no {}.", arn));
}

}  // namespace

void write_tags(Call& call, const std::string& resource, const std::vector<Tag>& tags) {
  const std::string region = region_of(call, resource);
  for (const Tag& tag : tags) {
    call.transaction.run(
        "INSERT INTO cloudwatch_tag (account, region, resource, key, value) VALUES (?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT (account, region, resource, key) DO UPDATE SET value = excluded.value",
        {call.account, region, resource, tag.key, tag.value});
  }
  auto count = call.transaction.find(
      "SELECT count(*) FROM cloudwatch_tag WHERE account = ?1 AND region = ?2 AND resource = ?3",
      {call.account, region, resource});
  if (count->integer(0) > kTagsMax) {
    throw InvalidParameterValueException("An alarm or dashboard has at most 50 tags.");
  }
}

void delete_tags(Call& call, const std::string& resource) {
  call.transaction.run("DELETE FROM cloudwatch_tag WHERE account = ?1 AND region = ?2 AND resource = ?3",
                       {call.account, region_of(call, resource), resource});
}

TagResourceOutput tag_resource(Service&, Call& call, const TagResourceInput& request) {
  write_tags(call, resource_in(call, request.resource_arn), request.tags);
  return {};
}

UntagResourceOutput untag_resource(Service&, Call& call, const UntagResourceInput& request) {
  const std::string resource = resource_in(call, request.resource_arn);
  for (const std::string& key : request.tag_keys) {
    call.transaction.run(
        "DELETE FROM cloudwatch_tag WHERE account = ?1 AND region = ?2 AND resource = ?3 AND key = ?4",
        {call.account, region_of(call, resource), resource, key});
  }
  return {};
}

ListTagsForResourceOutput list_tags_for_resource(Service&, Call& call,
                                                 const ListTagsForResourceInput& request) {
  const std::string resource = resource_in(call, request.resource_arn);
  ListTagsForResourceOutput result;
  for (const sql::Row& row :
       call.transaction.run("SELECT key, value FROM cloudwatch_tag WHERE account = ?1 AND region = ?2 AND "
                            "resource = ?3 ORDER BY key",
                            {call.account, region_of(call, resource), resource})) {
    result.tags.push_back({.key = row.text(0), .value = row.text(1)});
  }
  return result;
}

}  // namespace holm::cloudwatch
