// Tags of parameters.

#include "services/ssm/tags.h"

#include <fmt/format.h>

#include <map>

#include "aws/service/error.h"
#include "services/ssm/service.h"
#include "ssm/handlers.h"

namespace holm::ssm {

namespace {

constexpr int64_t kTagsMax = 50;

void require_parameter(Call& call, const std::string& type, const std::string& name) {
  if (type != "Parameter") throw aws::NotImplemented("Tags of a " + type);
  if (!call.transaction.find("SELECT 1 FROM ssm_parameter WHERE account = ?1 AND region = ?2 AND name = ?3",
                             {call.account, call.region, name})) {
    throw InvalidResourceId(fmt::format("There is no parameter {}.", name));
  }
}

}  // namespace

void write_tags(Call& call, const std::string& name, const std::vector<Tag>& tags) {
  for (const Tag& tag : tags) {
    call.transaction.run(
        "INSERT INTO ssm_tag (account, region, parameter, key, value) VALUES (?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT (account, region, parameter, key) DO UPDATE SET value = excluded.value",
        {call.account, call.region, name, tag.key, tag.value});
  }
  auto count = call.transaction.find(
      "SELECT count(*) FROM ssm_tag WHERE account = ?1 AND region = ?2 AND parameter = ?3",
      {call.account, call.region, name});
  if (count->integer(0) > kTagsMax) throw TooManyTagsError("A parameter has at most 50 tags.");
}

void delete_tags(Call& call, const std::string& name) {
  call.transaction.run("DELETE FROM ssm_tag WHERE account = ?1 AND region = ?2 AND parameter = ?3",
                       {call.account, call.region, name});
}

// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html
AddTagsToResourceResult add_tags_to_resource(Service&, Call& call, const AddTagsToResourceRequest& request) {
  require_parameter(call, request.resource_type, request.resource_id);
  write_tags(call, request.resource_id, request.tags);
  return {};
}

RemoveTagsFromResourceResult remove_tags_from_resource(Service&, Call& call,
                                                       const RemoveTagsFromResourceRequest& request) {
  require_parameter(call, request.resource_type, request.resource_id);
  for (const std::string& key : request.tag_keys) {
    call.transaction.run(
        "DELETE FROM ssm_tag WHERE account = ?1 AND region = ?2 AND parameter = ?3 AND key = ?4",
        {call.account, call.region, request.resource_id, key});
  }
  return {};
}

ListTagsForResourceResult list_tags_for_resource(Service&, Call& call,
                                                 const ListTagsForResourceRequest& request) {
  require_parameter(call, request.resource_type, request.resource_id);
  ListTagsForResourceResult result;
  for (const sql::Row& row : call.transaction.run("SELECT key, value FROM ssm_tag WHERE account = ?1 AND "
                                                  "region = ?2 AND parameter = ?3 ORDER BY key",
                                                  {call.account, call.region, request.resource_id})) {
    result.tag_list.push_back({.key = row.text(0), .value = row.text(1)});
  }
  return result;
}

}  // namespace holm::ssm
