// Which permissions an operation needs, on what, and what policies may ask about it.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html

#include <fmt/format.h>

#include <algorithm>

#include "s3/handlers.h"
#include "services/s3/buckets.h"
#include "services/s3/copies.h"
#include "services/s3/public_access.h"
#include "services/s3/service.h"
#include "services/s3/tags.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

using aws::Access;

// A member of any input, by its name in the model.
class Input {
 public:
  Input(const aws::Operation& operation, const void* value) : shape_(*operation.input), value_(value) {}

  std::optional<std::string> text(std::string_view name) const {
    const void* field = find(name);
    if (field == nullptr) return std::nullopt;
    return *static_cast<const std::string*>(field);
  }

  std::optional<int32_t> integer(std::string_view name) const {
    const void* field = find(name);
    if (field == nullptr) return std::nullopt;
    return *static_cast<const int32_t*>(field);
  }

 private:
  const void* find(std::string_view name) const {
    for (const aws::Member& member : shape_.members) {
      if (member.name == name) return aws::find_field(member, value_);
    }
    return nullptr;
  }

  const aws::Shape& shape_;
  const void* value_;
};

struct Action {
  std::string_view operation;
  std::string_view action;
  std::string_view of_version = {};  // Where a version is named.
};

// Those that are not called like the operation.
constexpr Action kObjectActions[] = {
    {"GetObject", "GetObject", "GetObjectVersion"},
    {"HeadObject", "GetObject", "GetObjectVersion"},
    {"GetObjectAttributes", "GetObject", "GetObjectVersion"},
    {"DeleteObject", "DeleteObject", "DeleteObjectVersion"},
    {"CopyObject", "PutObject"},
    {"CreateMultipartUpload", "PutObject"},
    {"UploadPart", "PutObject"},
    {"UploadPartCopy", "PutObject"},
    {"CompleteMultipartUpload", "PutObject"},
    {"ListParts", "ListMultipartUploadParts"},
    {"GetObjectTagging", "GetObjectTagging", "GetObjectVersionTagging"},
    {"PutObjectTagging", "PutObjectTagging", "PutObjectVersionTagging"},
    {"DeleteObjectTagging", "DeleteObjectTagging", "DeleteObjectVersionTagging"},
    {"GetObjectAcl", "GetObjectAcl", "GetObjectVersionAcl"},
    {"PutObjectAcl", "PutObjectAcl", "PutObjectVersionAcl"}};

constexpr Action kBucketActions[] = {{"HeadBucket", "ListBucket"},
                                     {"ListObjects", "ListBucket"},
                                     {"ListObjectsV2", "ListBucket"},
                                     {"ListObjectVersions", "ListBucketVersions"},
                                     {"ListMultipartUploads", "ListBucketMultipartUploads"},
                                     {"DeleteBucketTagging", "PutBucketTagging"},
                                     {"GetBucketCors", "GetBucketCORS"},
                                     {"PutBucketCors", "PutBucketCORS"},
                                     {"DeleteBucketCors", "PutBucketCORS"},
                                     {"GetBucketNotificationConfiguration", "GetBucketNotification"},
                                     {"PutBucketNotificationConfiguration", "PutBucketNotification"},
                                     {"GetPublicAccessBlock", "GetBucketPublicAccessBlock"},
                                     {"PutPublicAccessBlock", "PutBucketPublicAccessBlock"},
                                     {"DeletePublicAccessBlock", "PutBucketPublicAccessBlock"},
                                     {"DeleteBucketOwnershipControls", "PutBucketOwnershipControls"},
                                     {"GetBucketEncryption", "GetEncryptionConfiguration"},
                                     {"GetBucketAccelerateConfiguration", "GetAccelerateConfiguration"},
                                     {"GetBucketLifecycleConfiguration", "GetLifecycleConfiguration"},
                                     {"GetBucketReplication", "GetReplicationConfiguration"},
                                     {"GetObjectLockConfiguration", "GetBucketObjectLockConfiguration"}};

std::string action_of(std::span<const Action> actions, std::string_view operation, bool names_version) {
  auto found = std::ranges::find(actions, operation, &Action::operation);
  if (found == actions.end()) return fmt::format("s3:{}", operation);
  const bool of_version = names_version && !found->of_version.empty();
  return fmt::format("s3:{}", of_version ? found->of_version : found->action);
}

void add(Access& access, std::string key, const std::optional<std::string>& value) {
  if (value) access.context[std::move(key)] = {*value};
}

// A bucket, and what every permission about it starts from.
class Place {
 public:
  Place(Call& call, const std::string& bucket, const std::optional<std::string>& expected_owner)
      : call_(call), bucket_(require_bucket(call, bucket)) {
    if (expected_owner && *expected_owner != bucket_.account) throw aws::AccessDenied("Access Denied");
    policy_ = find_configuration(call.transaction, bucket_.id, "policy");
    restrict_public();
  }

  Access bucket(std::string action) const {
    return {.action = std::move(action),
            .resource = bucket_arn(bucket_.name),
            .resource_policy = policy_,
            .resource_account = bucket_.account};
  }

  Access object(std::string action, const std::string& key) const {
    Access access = bucket(std::move(action));
    access.resource += "/" + key;
    return access;
  }

  // An object that exists, or may: its tags are known to policies.
  Access existing(std::string action, const std::string& key,
                  const std::optional<std::string>& version) const {
    Access access = object(std::move(action), key);
    add(access, "s3:VersionId", version);
    const auto row = find_version(call_.transaction, bucket_.id, key, version);
    if (!row) return access;
    for (const Tag& tag : read_tags(row->tags))
      access.context["s3:ExistingObjectTag/" + tag.key] = {tag.value};
    return access;
  }

  bool has(const std::string& key, const std::optional<std::string>& version) const {
    const auto row = find_version(call_.transaction, bucket_.id, key, version);
    return row && row->what == What::Object;
  }

 private:
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
  void restrict_public() const {
    const aws::Principal& who = call_.principal;
    if (!policy_ || who.account == bucket_.account || who.kind == aws::Principal::Kind::Service) return;
    const auto block = access_block_of(call_.transaction, bucket_.id);
    if (block.restrict_public_buckets.value_or(false) && is_public_policy(*policy_)) {
      throw aws::AccessDenied("Access Denied");
    }
  }

  Call& call_;
  BucketRow bucket_;
  std::optional<std::string> policy_;
};

std::vector<Access> reading(const Place& place, const std::string& action, const std::string& key,
                            const std::optional<std::string>& version) {
  std::vector<Access> needed = {place.existing(action, key, version)};
  // Whether a key exists is told only to those who may list.
  if (!place.has(key, version)) {
    Access list = place.bucket("s3:ListBucket");
    list.context["s3:prefix"] = {key};
    needed.push_back(std::move(list));
  }
  return needed;
}

// What a request that makes an object says about it.
void add_write_context(Access& access, const Input& input) {
  add(access, "s3:x-amz-acl", input.text("ACL"));
  add(access, "s3:x-amz-storage-class", input.text("StorageClass"));
  add(access, "s3:x-amz-copy-source", input.text("CopySource"));
  add(access, "s3:x-amz-metadata-directive", input.text("MetadataDirective"));
}

void add_request_tags(Access& access, const std::vector<Tag>& tags) {
  std::vector<std::string> keys;
  for (const Tag& tag : tags) {
    access.context["s3:RequestObjectTag/" + tag.key] = {tag.value};
    keys.push_back(tag.key);
  }
  if (!keys.empty()) access.context["s3:RequestObjectTagKeys"] = std::move(keys);
}

std::vector<Access> writing(const Place& place, const std::string& action, const std::string& key,
                            const Input& input, Call& call) {
  std::vector<Access> needed = {place.object(action, key)};
  add_write_context(needed.front(), input);
  const std::string tags = tags_of_header(input.text("Tagging"));
  if (!tags.empty()) {
    add_request_tags(needed.front(), read_tags(tags));
    Access tagging = place.object("s3:PutObjectTagging", key);
    add_request_tags(tagging, read_tags(tags));
    needed.push_back(std::move(tagging));
  }
  // A copy reads its source with all that reading needs.
  if (auto header = input.text("CopySource")) {
    const CopySource source = require_copy_source(*header);
    const Place from(call, source.bucket, input.text("ExpectedSourceBucketOwner"));
    for (Access& access :
         reading(from, source.version ? "s3:GetObjectVersion" : "s3:GetObject", source.key, source.version)) {
      needed.push_back(std::move(access));
    }
  }
  return needed;
}

std::vector<Access> deleting(const Place& place, const DeleteObjectsRequest& request) {
  std::vector<Access> needed;
  for (const ObjectIdentifier& object : request.delete_.objects) {
    needed.push_back(place.existing(object.version_id ? "s3:DeleteObjectVersion" : "s3:DeleteObject",
                                    object.key, object.version_id));
  }
  return needed;
}

std::vector<Access> about_object(const Place& place, const aws::Operation& operation, const Input& input,
                                 const std::string& key, Call& call) {
  const auto version = input.text("VersionId");
  const std::string action = action_of(kObjectActions, operation.name, version.has_value());
  if (action == "s3:PutObject") return writing(place, action, key, input, call);
  if (action == "s3:GetObject" || action == "s3:GetObjectVersion")
    return reading(place, action, key, version);
  return {place.existing(action, key, version)};
}

Access about_bucket(const Place& place, const aws::Operation& operation, const Input& input) {
  Access access = place.bucket(action_of(kBucketActions, operation.name, false));
  add(access, "s3:prefix", input.text("Prefix"));
  add(access, "s3:delimiter", input.text("Delimiter"));
  if (auto count = input.integer("MaxKeys")) access.context["s3:max-keys"] = {std::to_string(*count)};
  return access;
}

}  // namespace

// Decided on the very bucket and key that the handler is given, after all decoding.
std::vector<Access> Service::access(const aws::Operation& operation, const void* value,
                                    aws::Call& call) const {
  const Input input(operation, value);
  if (operation.name == "ListBuckets") return {{.action = "s3:ListAllMyBuckets"}};
  const std::string bucket = input.text("Bucket").value_or("");
  if (operation.name == "CreateBucket") {
    Access create{
        .action = "s3:CreateBucket", .resource = bucket_arn(bucket), .resource_account = call.account};
    add(create, "s3:x-amz-acl", input.text("ACL"));
    return {std::move(create)};
  }
  const Place place(call, bucket, input.text("ExpectedBucketOwner"));
  if (operation.name == "DeleteObjects") {
    return deleting(place, *static_cast<const DeleteObjectsRequest*>(value));
  }
  if (auto key = input.text("Key")) return about_object(place, operation, input, *key, call);
  return {about_bucket(place, operation, input)};
}

}  // namespace holm::s3
