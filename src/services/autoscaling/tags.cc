// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html

#include "services/autoscaling/tags.h"

#include <fmt/format.h>

#include <algorithm>

#include "autoscaling/errors.h"
#include "aws/service/reserved_tags.h"
#include "base/strings.h"

namespace holm::autoscaling {

namespace {

constexpr int64_t kTagsMax = 50;
constexpr size_t kPageDefault = 50;

// Tags name the group that they are on.
GroupRow require_group_of(Call& call, const Tag& tag) {
  if (tag.resource_type.value_or("auto-scaling-group") != "auto-scaling-group") {
    throw_invalid(
        fmt::format("Resource type '{}' is not valid: it must be auto-scaling-group.", *tag.resource_type));
  }
  if (!tag.resource_id) throw_invalid("A tag needs the ResourceId of its group.");
  return require_group(call, *tag.resource_id);
}

bool passes(const std::vector<Filter>& filters, const TagDescription& tag) {
  return std::ranges::all_of(filters, [&](const Filter& filter) {
    const std::string name = filter.name.value_or("");
    std::string have;
    if (name == "auto-scaling-group") have = tag.resource_id.value_or("");
    else if (name == "key") have = tag.key.value_or("");
    else if (name == "value") have = tag.value.value_or("");
    else if (name == "propagate-at-launch") have = tag.propagate_at_launch.value_or(false) ? "true" : "false";
    else throw_invalid(fmt::format("Filter type {} is not valid.", name));
    return std::ranges::find(filter.values, have) != filter.values.end();
  });
}

}  // namespace

void write_tags(Call& call, const GroupRow& group, const std::vector<Tag>& tags) {
  for (const Tag& tag : tags) {
    if (tag.key.empty()) throw_invalid("A tag needs a key.");
    if (aws::may_not_write_tag(call, tag.key)) {
      throw_invalid(fmt::format("The tag key {} begins with 'aws:', which is reserved.", tag.key));
    }
    call.transaction.run(
        "INSERT INTO autoscaling_tag (grp, key, value, propagates) VALUES (?1, ?2, ?3, ?4)"
        " ON CONFLICT (grp, key) DO UPDATE SET value = excluded.value, propagates = excluded.propagates",
        {group.id, tag.key, tag.value.value_or(""), int64_t{tag.propagate_at_launch.value_or(true)}});
  }
  auto count = call.transaction.find(
      "SELECT count(*) FROM autoscaling_tag WHERE grp = ?1 AND key NOT LIKE 'aws:%'", {group.id});
  if (count->integer(0) > kTagsMax) {
    throw LimitExceededFault(fmt::format("A group may have at most {} tags.", kTagsMax));
  }
}

std::vector<TagDescription> tags_of(Call& call, const GroupRow& group) {
  std::vector<TagDescription> tags;
  for (const sql::Row& row : call.transaction.run(
           "SELECT key, value, propagates FROM autoscaling_tag WHERE grp = ?1 ORDER BY key", {group.id})) {
    tags.push_back({.resource_id = group.name,
                    .resource_type = "auto-scaling-group",
                    .key = row.text(0),
                    .value = row.text(1),
                    .propagate_at_launch = row.integer(2) != 0});
  }
  return tags;
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateOrUpdateTags.html
// Instances that run already keep the tags they were launched with.
aws::Nothing create_or_update_tags(Service&, Call& call, const CreateOrUpdateTagsType& request) {
  for (const Tag& tag : request.tags) write_tags(call, require_group_of(call, tag), {tag});
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteTags.html
aws::Nothing delete_tags(Service&, Call& call, const DeleteTagsType& request) {
  for (const Tag& tag : request.tags) {
    call.transaction.run("DELETE FROM autoscaling_tag WHERE grp = ?1 AND key = ?2",
                         {require_group_of(call, tag).id, tag.key});
  }
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeTags.html
TagsType describe_tags(Service&, Call& call, const DescribeTagsType& request) {
  TagsType result;
  for (const GroupRow& group : groups_of(call)) {
    for (TagDescription& tag : tags_of(call, group)) {
      if (passes(request.filters, tag)) result.tags.push_back(std::move(tag));
    }
  }
  const size_t count = page_count(request.max_records, kPageDefault);
  result.next_token = take_page(result.tags, count, request.next_token);
  return result;
}

}  // namespace holm::autoscaling
