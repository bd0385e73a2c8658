// Tags of topics.

#include <set>
#include <string_view>

#include "aws/service/error.h"
#include "services/sns/service.h"
#include "services/sns/topics.h"

namespace holm::sns {

namespace {

constexpr int64_t kTagsMax = 50;

TopicId tagged_topic(Call& call, const std::string& arn) {
  const TopicId id = topic_id(arn, "ResourceArn");
  if (!topic_exists(call, id)) throw ResourceNotFoundException("Resource does not exist");
  return id;
}

}  // namespace

void write_tags(Call& call, const TopicId& id, const std::vector<Tag>& tags) {
  std::set<std::string_view> keys;
  for (const Tag& tag : tags) {
    if (!keys.insert(tag.key).second) throw_invalid("Duplicated keys are not allowed.");
    call.transaction.run(
        "INSERT INTO sns_tag (account, region, topic, key, value) VALUES (?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT (account, region, topic, key) DO UPDATE SET value = excluded.value",
        {id.account, id.region, id.name, tag.key, tag.value});
  }
  auto count =
      call.transaction.find("SELECT count(*) FROM sns_tag WHERE account = ?1 AND region = ?2 AND topic = ?3",
                            {id.account, id.region, id.name});
  if (count->integer(0) > kTagsMax)
    throw TagLimitExceededException("Could not complete request: tag quota of per resource exceeded");
}

std::vector<Tag> tags_of(Call& call, const TopicId& id) {
  std::vector<Tag> tags;
  for (const sql::Row& row : call.transaction.run(
           "SELECT key, value FROM sns_tag WHERE account = ?1 AND region = ?2 AND topic = ?3 ORDER BY key",
           {id.account, id.region, id.name})) {
    tags.push_back({.key = row.text(0), .value = row.text(1)});
  }
  return tags;
}

TagResourceResponse tag_resource(Service&, Call& call, const TagResourceRequest& request) {
  write_tags(call, tagged_topic(call, request.resource_arn), request.tags);
  return {};
}

UntagResourceResponse untag_resource(Service&, Call& call, const UntagResourceRequest& request) {
  const TopicId id = tagged_topic(call, request.resource_arn);
  for (const std::string& key : request.tag_keys) {
    call.transaction.run("DELETE FROM sns_tag WHERE account = ?1 AND region = ?2 AND topic = ?3 AND key = ?4",
                         {id.account, id.region, id.name, key});
  }
  return {};
}

ListTagsForResourceResponse list_tags_for_resource(Service&, Call& call,
                                                   const ListTagsForResourceRequest& request) {
  return {.tags = tags_of(call, tagged_topic(call, request.resource_arn))};
}

}  // namespace holm::sns
