// Tags of objects and buckets.

#include "services/s3/tags.h"

#include <algorithm>
#include <set>

#include "aws/codec/json_codec.h"
#include "aws/service/reserved_tags.h"
#include "base/check.h"
#include "base/strings.h"
#include "formats/form.h"
#include "s3/handlers.h"
#include "s3/schema.h"
#include "services/s3/buckets.h"
#include "services/s3/changes.h"
#include "services/s3/invalid_argument.h"
#include "services/s3/notifications.h"
#include "services/s3/replication.h"
#include "services/s3/service.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

constexpr size_t kTagKeyMax = 128;
constexpr size_t kTagValueMax = 256;

[[noreturn]] void throw_invalid_tag(const std::string& message, const Tag& tag) {
  aws::ServiceError error("InvalidTag", 400, message);
  error.with("TagKey", tag.key);
  throw error;
}

size_t characters(std::string_view text) {
  size_t count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_S3Tag.html
// Letters and digits of every language, spaces and + - = . _ : / @.
bool is_tag_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    return is_plain || static_cast<unsigned char>(c) >= 0x80 ||
           std::string_view(" +-=._:/@").find(c) != std::string_view::npos;
  });
}

// Only services and stacks write tags of AWS's own. Whoever replaces all tags may repeat those that are
// there.
void require_own(const aws::Caller& caller, const std::vector<Tag>& tags, const std::vector<Tag>& known,
                 const std::string& message) {
  for (const Tag& tag : tags) {
    const bool is_there = std::ranges::any_of(
        known, [&](const Tag& each) { return each.key == tag.key && each.value == tag.value; });
    if (is_there || !aws::may_not_write_tag(caller, tag.key)) continue;
    aws::ServiceError error("InvalidTag", 400, message);
    error.with("TagKey", tag.key);
    throw error;
  }
}

constexpr char kOfObject[] = "Your TagKey cannot be prefixed with aws:";
constexpr char kOfBucket[] = "System tags cannot be added/updated by requester";

[[noreturn]] void throw_invalid_header(const std::string& header) {
  throw_invalid_argument(
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL "
      "query parameters without tag name duplicates.",
      {"x-amz-tagging", header});
}

// What writes tags: setting none is not the same as removing them.
struct TagChange {
  const char* method;
  const char* event;
  std::vector<Tag> tags;
};

// Writes the tags of one version and tells who wants to know.
VersionRow set_object_tags(Service& service, Call& call, const std::string& bucket_name,
                           const std::string& key, const std::optional<std::string>& version,
                           const TagChange& tagging) {
  const BucketRow bucket = require_bucket(call, bucket_name);
  VersionRow row;
  change(service, call, [&](Records& records) {
    row = require_changeable(records, bucket, key, version, tagging.method);
    row.tags = write_tags(tagging.tags);
    keep_changed(records, call, bucket, row);
    record_event(service, call, records, bucket,
                 {.name = tagging.event,
                  .key = key,
                  .bytes = std::nullopt,
                  .etag = row.etag,
                  .version = row.version,
                  .sequence = row.id});
  });
  return row;
}

std::optional<std::string> told_version(const VersionRow& row) {
  if (row.version == "null") return std::nullopt;
  return row.version;
}

}  // namespace

void require_tags(const std::vector<Tag>& tags, size_t count_max) {
  if (tags.size() > count_max) {
    throw aws::ServiceError("BadRequest", 400,
                            count_max == kObjectTagsMax ? "Object tags cannot be greater than 10"
                                                        : "Bucket tag count cannot be greater than 50");
  }
  std::set<std::string> keys;
  for (const Tag& tag : tags) {
    if (tag.key.empty() || characters(tag.key) > kTagKeyMax || !is_tag_text(tag.key)) {
      throw_invalid_tag("The TagKey you have provided is invalid", tag);
    }
    if (characters(tag.value) > kTagValueMax || !is_tag_text(tag.value)) {
      aws::ServiceError error("InvalidTag", 400, "The TagValue you have provided is invalid");
      error.with("TagKey", tag.key).with("TagValue", tag.value);
      throw error;
    }
    if (!keys.insert(tag.key).second) {
      throw_invalid_tag("Cannot provide multiple Tags with the same key", tag);
    }
  }
}

void require_tags_of_new_bucket(const aws::Caller& caller, const std::vector<Tag>& tags) {
  for (const Tag& tag : tags) {
    if (!aws::may_not_write_tag(caller, tag.key)) continue;
    throw aws::ServiceError("InvalidTag", 400,
                            "User-defined tag keys can't start with \"aws:\". This prefix is reserved for "
                            "system tags. Remove \"aws:\" from your tag keys and try again.");
  }
  require_tags(tags, kBucketTagsMax);
}

std::string tags_of_header(const std::optional<std::string>& header) {
  if (!header || header->empty()) return {};
  auto form = formats::parse_form(*header);
  // What belongs to a value is escaped.
  const bool is_form = std::ranges::all_of(
      split(*header, '&'), [](std::string_view field) { return std::ranges::count(field, '=') <= 1; });
  if (!is_form) throw_invalid_header(*header);
  if (!form) throw_invalid_header(*header);
  std::vector<Tag> tags;
  for (const formats::FormField& field : *form) {
    const bool is_known = std::ranges::any_of(tags, [&](const Tag& tag) { return tag.key == field.name; });
    if (is_known || field.name.empty()) throw_invalid_header(*header);
    tags.push_back({.key = std::string(field.name), .value = std::string(field.value)});
  }
  require_tags(tags, kObjectTagsMax);
  require_own({}, tags, {}, kOfObject);
  std::ranges::sort(tags, {}, &Tag::key);
  return write_tags(tags);
}

std::string write_tags(const std::vector<Tag>& tags) {
  if (tags.empty()) return {};
  const Tagging document{.tag_set = tags};
  return aws::write_json(schema::kTagging, &document);
}

std::vector<Tag> read_tags(const std::string& json) {
  if (json.empty()) return {};
  Tagging document;
  CHECK(aws::read_json(json, schema::kTagging, &document).has_value());
  return document.tag_set;
}

GetObjectTaggingOutput get_object_tagging(Service& service, Call& call,
                                          const GetObjectTaggingRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  Records records(service);
  const VersionRow row = require_changeable(records, bucket, request.key, request.version_id, "GET");
  return {.version_id = told_version(row), .tag_set = read_tags(row.tags)};
}

PutObjectTaggingOutput put_object_tagging(Service& service, Call& call,
                                          const PutObjectTaggingRequest& request) {
  require_tags(request.tagging.tag_set, kObjectTagsMax);
  require_own(call, request.tagging.tag_set, {}, kOfObject);
  const VersionRow row = set_object_tags(service, call, request.bucket, request.key, request.version_id,
                                         {"PUT", "ObjectTagging:Put", request.tagging.tag_set});
  return {.version_id = told_version(row)};
}

DeleteObjectTaggingOutput delete_object_tagging(Service& service, Call& call,
                                                const DeleteObjectTaggingRequest& request) {
  const VersionRow row = set_object_tags(service, call, request.bucket, request.key, request.version_id,
                                         {"DELETE", "ObjectTagging:Delete", {}});
  return {.version_id = told_version(row)};
}

GetBucketTaggingOutput get_bucket_tagging(Service&, Call& call, const GetBucketTaggingRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  auto document = find_configuration(call.transaction, bucket.id, "tags");
  if (!document) {
    aws::ServiceError error("NoSuchTagSet", 404, "The TagSet does not exist");
    error.with("BucketName", bucket.name);
    throw error;
  }
  return {.tag_set = read_tags(*document)};
}

Nothing put_bucket_tagging(Service&, Call& call, const PutBucketTaggingRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  require_tags(request.tagging.tag_set, kBucketTagsMax);
  const auto known = find_configuration(call.transaction, bucket.id, "tags");
  require_own(call, request.tagging.tag_set, read_tags(known.value_or("")), kOfBucket);
  if (request.tagging.tag_set.empty()) {
    clear_configuration(call, bucket.id, "tags");
  } else {
    set_configuration(call, bucket.id, "tags", write_tags(request.tagging.tag_set));
  }
  return {};
}

Nothing delete_bucket_tagging(Service&, Call& call, const DeleteBucketTaggingRequest& request) {
  clear_configuration(call, require_bucket(call, request.bucket).id, "tags");
  return {};
}

}  // namespace holm::s3
