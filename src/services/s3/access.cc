// Which permissions an operation needs, on what, and what policies may ask about it.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html

#include <fmt/format.h>

#include <algorithm>

#include "s3/handlers.h"
#include "services/s3/acceleration.h"
#include "services/s3/acls.h"
#include "services/s3/buckets.h"
#include "services/s3/copies.h"
#include "services/s3/object_lock.h"
#include "services/s3/payment.h"
#include "services/s3/public_access.h"
#include "services/s3/records.h"
#include "services/s3/service.h"
#include "services/s3/tags.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

using aws::Access;

// A condition key that asks for a member of the input.
struct Asked {
  std::string_view member;
  std::string_view key;
};
constexpr Asked kListKeys[] = {{"ACL", "s3:x-amz-acl"},
                               {"GrantFullControl", "s3:x-amz-grant-full-control"},
                               {"GrantRead", "s3:x-amz-grant-read"},
                               {"GrantReadACP", "s3:x-amz-grant-read-acp"},
                               {"GrantWrite", "s3:x-amz-grant-write"},
                               {"GrantWriteACP", "s3:x-amz-grant-write-acp"}};
// Of a request that makes an object.
constexpr Asked kWriteKeys[] = {
    {"ServerSideEncryption", "s3:x-amz-server-side-encryption"},
    {"SSEKMSKeyId", "s3:x-amz-server-side-encryption-aws-kms-key-id"},
    {"SSECustomerAlgorithm", "s3:x-amz-server-side-encryption-customer-algorithm"},
    {"ObjectLockMode", "s3:object-lock-mode"},
    {"ObjectLockLegalHoldStatus", "s3:object-lock-legal-hold"},
    {"StorageClass", "s3:x-amz-storage-class"},
    {"CopySource", "s3:x-amz-copy-source"},
    {"MetadataDirective", "s3:x-amz-metadata-directive"}};

// A member of any input, by its name in the model.
class Input {
 public:
  Input(const aws::Operation& operation, const void* value) : shape_(*operation.input), value_(value) {}

  // Null when it is absent.
  const std::string* find_text(std::string_view name) const {
    return static_cast<const std::string*>(find(name));
  }

  std::optional<std::string> text(std::string_view name) const {
    const std::string* found = find_text(name);
    return found != nullptr ? std::optional(*found) : std::nullopt;
  }

  bool is_set(std::string_view name) const {
    const void* field = find(name);
    return field != nullptr && *static_cast<const bool*>(field);
  }

  // Adds the texts that are there under their keys: most inputs have few of many members.
  void add_to(Access& access, std::span<const Asked> known) const {
    for (const aws::Member& member : shape_.members) {
      if (member.shape->kind != aws::Kind::String) continue;
      const void* field = aws::find_field(member, value_);
      const auto found = field != nullptr ? std::ranges::find(known, member.name, &Asked::member) : known.end();
      if (found != known.end())
        access.context[std::string(found->key)] = {*static_cast<const std::string*>(field)};
    }
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
    {"RestoreObject", "RestoreObject"},
    {"GetObjectAcl", "GetObjectAcl", "GetObjectVersionAcl"},
    {"PutObjectAcl", "PutObjectAcl", "PutObjectVersionAcl"}};

constexpr Action kBucketActions[] = {
    {"HeadBucket", "ListBucket"},
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
    {"PutBucketReplication", "PutReplicationConfiguration"},
    {"DeleteBucketReplication", "PutReplicationConfiguration"},
    {"PutBucketAccelerateConfiguration", "PutAccelerateConfiguration"},
    {"GetBucketAnalyticsConfiguration", "GetAnalyticsConfiguration"},
    {"ListBucketAnalyticsConfigurations", "GetAnalyticsConfiguration"},
    {"GetBucketIntelligentTieringConfiguration", "GetIntelligentTieringConfiguration"},
    {"ListBucketIntelligentTieringConfigurations", "GetIntelligentTieringConfiguration"},
    {"PutBucketIntelligentTieringConfiguration", "PutIntelligentTieringConfiguration"},
    {"DeleteBucketIntelligentTieringConfiguration", "PutIntelligentTieringConfiguration"},
    {"GetBucketInventoryConfiguration", "GetInventoryConfiguration"},
    {"ListBucketInventoryConfigurations", "GetInventoryConfiguration"},
    {"PutBucketInventoryConfiguration", "PutInventoryConfiguration"},
    {"DeleteBucketInventoryConfiguration", "PutInventoryConfiguration"},
    {"GetBucketMetricsConfiguration", "GetMetricsConfiguration"},
    {"ListBucketMetricsConfigurations", "GetMetricsConfiguration"},
    {"GetObjectLockConfiguration", "GetBucketObjectLockConfiguration"},
    {"PutObjectLockConfiguration", "PutBucketObjectLockConfiguration"}};

// What lists can grant.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#acl-access-policy-permission-mapping
struct Grantable {
  std::string_view action;
  std::string_view permission;
};
constexpr Grantable kBucketGrants[] = {{"s3:ListBucket", "READ"},
                                       {"s3:ListBucketVersions", "READ"},
                                       {"s3:ListBucketMultipartUploads", "READ"},
                                       {"s3:PutObject", "WRITE"},
                                       {"s3:DeleteObject", "WRITE"},
                                       {"s3:AbortMultipartUpload", "WRITE"},
                                       {"s3:ListMultipartUploadParts", "WRITE"},
                                       {"s3:GetBucketAcl", "READ_ACP"},
                                       {"s3:PutBucketAcl", "WRITE_ACP"}};
constexpr Grantable kObjectGrants[] = {
    {"s3:GetObject", "READ"},         {"s3:GetObjectVersion", "READ"},
    {"s3:GetObjectAcl", "READ_ACP"},  {"s3:GetObjectVersionAcl", "READ_ACP"},
    {"s3:PutObjectAcl", "WRITE_ACP"}, {"s3:PutObjectVersionAcl", "WRITE_ACP"}};

std::string action_of(std::span<const Action> actions, std::string_view operation, bool names_version) {
  std::string action = "s3:";
  auto found = std::ranges::find(actions, operation, &Action::operation);
  if (found == actions.end()) return action.append(operation);
  const bool of_version = names_version && !found->of_version.empty();
  return action.append(of_version ? found->of_version : found->action);
}

void add(Access& access, const char* key, const std::optional<std::string>& value) {
  if (value) access.context[key] = {*value};
}

// No braces around it: they would copy it.
std::vector<Access> only(Access access) {
  std::vector<Access> needed;
  needed.push_back(std::move(access));
  return needed;
}

// Services that deliver logs and lists, for themselves and not for whoever asked for them.
constexpr std::string_view kLogDeliveries[] = {"logging.s3.amazonaws.com", "s3.amazonaws.com",
                                               "logdelivery.elasticloadbalancing.amazonaws.com"};

// A bucket, and what every permission about it starts from.
class Place {
 public:
  Place(const Service& service, Call& call, const std::string& bucket,
        const std::optional<std::string>& expected_owner, const std::optional<std::string>& payer)
      : service_(service), records_(service), call_(call), bucket_(require_bucket(call, bucket)) {
    require_acceleration(call, bucket_);
    require_payer(call, bucket_, payer);
    if (expected_owner && *expected_owner != bucket_.account) throw aws::AccessDenied("Access Denied");
    const Settings settings(call.transaction, bucket_.id);
    if (const std::string* policy = settings.find("policy")) policy_ = *policy;
    block_ = access_block_of(settings);
    ownership_ = ownership_of(settings);
    if (ownership_ != Ownership::Enforced) list_ = bucket_list(settings);
    restrict_public();
  }

  const Service& service() const { return service_; }

  Access bucket(std::string action) const {
    auto list = granted(kBucketGrants, action, [&] { return grants_in(list_, bucket_.account); });
    Access access{.action = std::move(action),
                  .resource = bucket_arn(bucket_.name),
                  .resource_policy = policy_,
                  .resource_account = bucket_.account,
                  .resource_list = std::move(list)};
    if (std::ranges::find(kLogDeliveries, call_.principal.id) != std::end(kLogDeliveries))
      let_logs_in(access);
    return access;
  }

  Access object(std::string action, const std::string& key) const {
    Access access = bucket(std::move(action));
    access.resource += '/';
    access.resource += key;
    return access;
  }

  // An object that exists, or may: its tags are known to policies.
  Access existing(std::string action, const std::string& key,
                  const std::optional<std::string>& version) const {
    return existing(std::move(action), key, version, find_standing(records_, bucket_.id, key, version));
  }

  // The same, of what was found.
  Access existing(std::string action, const std::string& key, const std::optional<std::string>& version,
                  const std::optional<Standing>& found) const {
    Access access = object(std::move(action), key);
    add(access, "s3:VersionId", version);
    if (!found) return access;
    for (const Tag& tag : read_tags(found->tags))
      access.context["s3:ExistingObjectTag/" + tag.key] = {tag.value};
    if (found->what == What::Object && !access.action.starts_with("s3:DeleteObject")) owned(access, *found);
    return access;
  }

  // The right to set governance aside, where that is in the way.
  std::optional<Access> bypass(const std::string& key, const std::optional<std::string>& version) const {
    const auto row = find_version(records_, bucket_.id, key, version);
    if (!row || row->lock.mode != "GOVERNANCE" || !is_retained(row->lock, call_.now)) return std::nullopt;
    return existing("s3:BypassGovernanceRetention", key, version);
  }

  // Reading an object; nothing when there is none.
  std::optional<Access> readable(const std::string& action, const std::string& key,
                                 const std::optional<std::string>& version) const {
    const auto found = find_standing(records_, bucket_.id, key, version);
    if (!found || found->what != What::Object) return std::nullopt;
    return existing(action, key, version, found);
  }

 private:
  template <class Grants>
  std::optional<std::string> granted(std::span<const Grantable> known, std::string_view action,
                                     Grants grants) const {
    const auto found = std::ranges::find(known, action, &Grantable::action);
    if (ownership_ == Ownership::Enforced || found == known.end()) return std::nullopt;
    const bool ignored = block_.ignore_public_acls.value_or(false);
    return policy_of(grants(), call_.principal, found->permission,
                     ignored ? PublicGrants::Ignore : PublicGrants::Count);
  }

  // Logs are delivered only where the bucket says that they may be, to its own account too.
  void let_logs_in(Access& access) const {
    access.resource_rule = aws::ResourceRule::MustAllow;
    access.context["aws:SourceArn"] = {call_.principal.arn};
    access.context["aws:SourceAccount"] = {call_.principal.account};
  }

  // What its owner, who may be another account than the bucket's, and its list say.
  void owned(Access& access, const Standing& found) const {
    const std::string owner = owner_in(bucket_, ownership_, found.owner);
    access.resource_list = granted(kObjectGrants, access.action, [&] { return grants_in(found.list, owner); });
    if (owner == bucket_.account) return;
    access.resource_account = owner;
    if (access.resource_policy) access.resource_policy = denials_of(*access.resource_policy);
  }

  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
  void restrict_public() const {
    const aws::Principal& who = call_.principal;
    if (!policy_ || who.account == bucket_.account || who.kind == aws::Principal::Kind::Service) return;
    if (block_.restrict_public_buckets.value_or(false) && is_public_policy(*policy_)) {
      throw aws::AccessDenied("Access Denied");
    }
  }

  const Service& service_;
  mutable Records records_;
  Call& call_;
  BucketRow bucket_;
  std::optional<std::string> policy_;
  PublicAccessBlockConfiguration block_;
  Ownership ownership_;
  std::string list_;  // Where lists count.
};

std::vector<Access> reading(const Place& place, const std::string& action, const std::string& key,
                            const std::optional<std::string>& version) {
  if (auto access = place.readable(action, key, version)) return only(std::move(*access));
  // That there is no such key is told to those who may list, and only to them.
  Access list = place.bucket("s3:ListBucket");
  list.context["s3:prefix"] = {key};
  return only(std::move(list));
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
  std::vector<Access> needed = only(place.object(action, key));
  input.add_to(needed.front(), kListKeys);
  input.add_to(needed.front(), kWriteKeys);
  const std::string tags = tags_of_header(input.text("Tagging"));
  if (!tags.empty()) {
    add_request_tags(needed.front(), read_tags(tags));
    Access tagging = place.object("s3:PutObjectTagging", key);
    add_request_tags(tagging, read_tags(tags));
    needed.push_back(std::move(tagging));
  }
  if (input.find_text("ObjectLockMode") != nullptr) needed.push_back(place.object("s3:PutObjectRetention", key));
  if (input.find_text("ObjectLockLegalHoldStatus") != nullptr)
    needed.push_back(place.object("s3:PutObjectLegalHold", key));
  // A copy reads its source with all that reading needs.
  if (auto header = input.text("CopySource")) {
    const CopySource source = require_copy_source(*header);
    const Place from(place.service(), call, source.bucket, input.text("ExpectedSourceBucketOwner"),
                     input.text("RequestPayer"));
    for (Access& access :
         reading(from, source.version ? "s3:GetObjectVersion" : "s3:GetObject", source.key, source.version)) {
      needed.push_back(std::move(access));
    }
  }
  return needed;
}

// One right for each object, and with the header behind each the one to set governance aside:
// delete_objects.cc counts on the order. A missing one is told with its object.
std::vector<Access> deleting(const Place& place, const DeleteObjectsRequest& request) {
  std::vector<Access> needed;
  for (const ObjectIdentifier& object : request.delete_.objects) {
    needed.push_back(place.existing(object.version_id ? "s3:DeleteObjectVersion" : "s3:DeleteObject",
                                    object.key, object.version_id));
    if (request.bypass_governance_retention.value_or(false))
      needed.push_back(place.existing("s3:BypassGovernanceRetention", object.key, object.version_id));
  }
  for (Access& access : needed) access.on_denial = aws::OnDenial::Tell;
  return needed;
}

std::vector<Access> about_object(const Place& place, const aws::Operation& operation, const Input& input,
                                 const std::string& key, Call& call) {
  const auto version = input.text("VersionId");
  const std::string action = action_of(kObjectActions, operation.name, version.has_value());
  if (action == "s3:PutObject") return writing(place, action, key, input, call);
  if (action == "s3:GetObject" || action == "s3:GetObjectVersion")
    return reading(place, action, key, version);
  std::vector<Access> needed = only(place.existing(action, key, version));
  input.add_to(needed.front(), kListKeys);
  if (!input.is_set("BypassGovernanceRetention")) return needed;
  if (auto bypass = place.bypass(key, version)) needed.push_back(std::move(*bypass));
  return needed;
}

Access about_bucket(const Place& place, const aws::Operation& operation, const Input& input) {
  Access access = place.bucket(action_of(kBucketActions, operation.name, false));
  input.add_to(access, kListKeys);
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
  const std::string* named = input.find_text("Bucket");
  const std::string bucket = named != nullptr ? *named : std::string();
  if (operation.name == "CreateBucket") {
    Access create{
        .action = "s3:CreateBucket", .resource = bucket_arn(bucket), .resource_account = call.account};
    input.add_to(create, kListKeys);
    return {std::move(create)};
  }
  const Place place(*this, call, bucket, input.text("ExpectedBucketOwner"), input.text("RequestPayer"));
  if (operation.name == "DeleteObjects") {
    return deleting(place, *static_cast<const DeleteObjectsRequest*>(value));
  }
  if (const std::string* key = input.find_text("Key")) return about_object(place, operation, input, *key, call);
  std::vector<Access> needed = only(about_bucket(place, operation, input));
  if (operation.name == "PutBucketReplication") {
    const auto& request = *static_cast<const PutBucketReplicationRequest*>(value);
    needed.push_back({.action = "iam:PassRole",
                      .resource = request.replication_configuration.role,
                      .context = {{"iam:PassedToService", {"s3.amazonaws.com"}}}});
  }
  return needed;
}

}  // namespace holm::s3
