// Tags of keys.

#include "services/kms/tags.h"

#include <set>
#include <string_view>

#include "aws/service/reserved_tags.h"
#include "kms/handlers.h"
#include "services/kms/service.h"

namespace holm::kms {

namespace {

constexpr int64_t kTagsMax = 50;

}  // namespace

void put_tags(Call& call, const KeyRow& key, const std::vector<Tag>& tags) {
  std::set<std::string_view> names;
  for (const Tag& tag : tags) {
    if (aws::is_reserved_tag(tag.tag_key)) throw TagException("Tags beginning with aws: are reserved");
    if (!names.insert(tag.tag_key).second) throw TagException("Duplicate tag keys");
    call.transaction.run(
        "INSERT INTO kms_tag (account, region, key, name, value) VALUES (?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT (account, region, key, name) DO UPDATE SET value = excluded.value",
        {key.account, key.region, key.id, tag.tag_key, tag.tag_value});
  }
  const auto count =
      call.transaction.find("SELECT count(*) FROM kms_tag WHERE account = ?1 AND region = ?2 AND key = ?3",
                            {key.account, key.region, key.id});
  if (count->integer(0) > kTagsMax) throw TagException("Too many tags");
}

Nothing tag_resource(Service&, Call& call, const TagResourceRequest& request) {
  put_tags(call, require_key(call, request.key_id), request.tags);
  return {};
}

Nothing untag_resource(Service&, Call& call, const UntagResourceRequest& request) {
  const KeyRow key = require_key(call, request.key_id);
  for (const std::string& name : request.tag_keys) {
    call.transaction.run("DELETE FROM kms_tag WHERE account = ?1 AND region = ?2 AND key = ?3 AND name = ?4",
                         {key.account, key.region, key.id, name});
  }
  return {};
}

// All of them fit into one page.
ListResourceTagsResponse list_resource_tags(Service&, Call& call, const ListResourceTagsRequest& request) {
  const KeyRow key = require_key(call, request.key_id);
  ListResourceTagsResponse response{.truncated = false};
  if (request.marker || request.limit.value_or(1) < 1) return response;
  for (const sql::Row& row : call.transaction.run(
           "SELECT name, value FROM kms_tag WHERE account = ?1 AND region = ?2 AND key = ?3 ORDER BY name",
           {key.account, key.region, key.id})) {
    response.tags.push_back({.tag_key = row.text(0), .tag_value = row.text(1)});
  }
  return response;
}

}  // namespace holm::kms
