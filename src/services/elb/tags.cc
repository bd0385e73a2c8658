// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/add-remove-tags.html

#include "services/elb/tags.h"

#include <fmt/format.h>

#include <set>

#include "aws/service/reserved_tags.h"
#include "services/elb/records.h"
#include "services/elb/service.h"
#include "sql/database.h"

namespace holm::elb {

namespace {

constexpr int64_t kTagsMax = 10;

}  // namespace

void write_tags(Call& call, const std::string& load_balancer, const std::vector<Tag>& tags) {
  std::set<std::string> keys;
  for (const Tag& tag : tags) {
    if (!keys.insert(tag.key).second) {
      throw DuplicateTagKeysException(fmt::format("A tag key was specified more than once: {}", tag.key));
    }
    if (aws::may_not_write_tag(call, tag.key)) {
      refuse("Tag keys beginning with 'aws:' are reserved for system use.");
    }
    call.transaction.run(
        "INSERT INTO elb_tag (load_balancer, key, value) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (load_balancer, key) DO UPDATE SET value = excluded.value",
        {load_balancer, tag.key, tag.value.value_or("")});
  }
  auto row = call.transaction.find(
      "SELECT count(*) FROM elb_tag WHERE load_balancer = ?1 AND key NOT LIKE 'aws:%'", {load_balancer});
  if (row->integer(0) <= kTagsMax) return;
  throw TooManyTagsException(fmt::format("A load balancer can have {} tags at most", kTagsMax));
}

AddTagsOutput add_tags(Service&, Call& call, const AddTagsInput& request) {
  for (const std::string& name : request.load_balancer_names) {
    write_tags(call, require_record(call, name).arn, request.tags);
  }
  return {};
}

RemoveTagsOutput remove_tags(Service&, Call& call, const RemoveTagsInput& request) {
  for (const std::string& name : request.load_balancer_names) {
    const std::string arn = require_record(call, name).arn;
    for (const TagKeyOnly& each : request.tags) {
      call.transaction.run("DELETE FROM elb_tag WHERE load_balancer = ?1 AND key = ?2",
                           {arn, each.key.value_or("")});
    }
  }
  return {};
}

DescribeTagsOutput describe_tags(Service&, Call& call, const DescribeTagsInput& request) {
  DescribeTagsOutput result;
  for (const std::string& name : request.load_balancer_names) {
    TagDescription description{.load_balancer_name = name};
    for (const sql::Row& row :
         call.transaction.run("SELECT key, value FROM elb_tag WHERE load_balancer = ?1 ORDER BY key",
                              {require_record(call, name).arn})) {
      description.tags.push_back({.key = row.text(0), .value = row.text(1)});
    }
    result.tag_descriptions.push_back(std::move(description));
  }
  return result;
}

}  // namespace holm::elb
