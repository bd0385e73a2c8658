// Tags of alarms.

#include "services/cloudwatch/alarm_tags.h"

#include <fmt/format.h>

#include "aws/service/error.h"
#include "services/cloudwatch/alarms.h"
#include "services/cloudwatch/service.h"

namespace holm::cloudwatch {

namespace {

constexpr int64_t kTagsMax = 50;

// arn:aws:cloudwatch:region:account:alarm:NAME
std::string name_in(Call& call, const std::string& arn) {
  const std::string prefix = aws::arn("cloudwatch", call, "alarm:");
  if (!arn.starts_with(prefix)) throw ResourceNotFoundException(fmt::format("There is no {}.", arn));
  const std::string name = arn.substr(prefix.size());
  if (!find_alarm(call, name)) throw ResourceNotFoundException(fmt::format("There is no {}.", arn));
  return name;
}

}  // namespace

void write_tags(Call& call, const std::string& alarm, const std::vector<Tag>& tags) {
  for (const Tag& tag : tags) {
    call.transaction.run(
        "INSERT INTO cloudwatch_tag (account, region, alarm, key, value) VALUES (?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT (account, region, alarm, key) DO UPDATE SET value = excluded.value",
        {call.account, call.region, alarm, tag.key, tag.value});
  }
  auto count = call.transaction.find(
      "SELECT count(*) FROM cloudwatch_tag WHERE account = ?1 AND region = ?2 AND alarm = ?3",
      {call.account, call.region, alarm});
  if (count->integer(0) > kTagsMax) throw InvalidParameterValueException("An alarm has at most 50 tags.");
}

TagResourceOutput tag_resource(Service&, Call& call, const TagResourceInput& request) {
  write_tags(call, name_in(call, request.resource_arn), request.tags);
  return {};
}

UntagResourceOutput untag_resource(Service&, Call& call, const UntagResourceInput& request) {
  const std::string alarm = name_in(call, request.resource_arn);
  for (const std::string& key : request.tag_keys) {
    call.transaction.run(
        "DELETE FROM cloudwatch_tag WHERE account = ?1 AND region = ?2 AND alarm = ?3 AND key = ?4",
        {call.account, call.region, alarm, key});
  }
  return {};
}

ListTagsForResourceOutput list_tags_for_resource(Service&, Call& call,
                                                 const ListTagsForResourceInput& request) {
  ListTagsForResourceOutput result;
  for (const sql::Row& row :
       call.transaction.run("SELECT key, value FROM cloudwatch_tag WHERE account = ?1 AND region = ?2 AND "
                            "alarm = ?3 ORDER BY key",
                            {call.account, call.region, name_in(call, request.resource_arn)})) {
    result.tags.push_back({.key = row.text(0), .value = row.text(1)});
  }
  return result;
}

}  // namespace holm::cloudwatch
