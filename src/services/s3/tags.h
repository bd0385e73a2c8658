// Tags of objects and buckets.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aws/service/call.h"
#include "s3/types.h"

namespace holm::s3 {

constexpr size_t kObjectTagsMax = 10;
constexpr size_t kBucketTagsMax = 50;

// Throws InvalidTag or BadRequest. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
void require_tags(const std::vector<Tag>& tags, size_t count_max);
void require_tags_of_new_bucket(const aws::Caller& caller, const std::vector<Tag>& tags);
// Of the header x-amz-tagging: "a=b&c=d", as JSON for VersionRow::tags; empty when there are none.
std::string tags_of_header(const std::optional<std::string>& header);

std::string write_tags(const std::vector<Tag>& tags);  // JSON; empty for none.
std::vector<Tag> read_tags(const std::string& json);

}  // namespace holm::s3
