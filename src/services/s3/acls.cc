// Access control lists: there is the one that gives a bucket's owner everything.

#include "services/s3/acls.h"

#include "aws/service/error.h"
#include "s3/handlers.h"
#include "services/s3/buckets.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

[[noreturn]] void throw_not_supported() {
  throw aws::ServiceError("AccessControlListNotSupported", 400, "The bucket does not allow ACLs");
}

std::vector<Grant> full_control(const BucketRow& bucket) {
  return {{.grantee = Grantee{.id = canonical_id(bucket.account), .type = "CanonicalUser"},
           .permission = "FULL_CONTROL"}};
}

// A list is taken when it says what is so anyway.
void refuse_list(const BucketRow& bucket, const std::optional<std::string>& canned,
                 const std::optional<AccessControlPolicy>& policy) {
  refuse_acl(canned);
  if (!policy) return;
  const bool is_one = policy->grants.size() == 1 && policy->grants.front().grantee;
  if (!is_one || policy->grants.front().grantee->id != canonical_id(bucket.account) ||
      policy->grants.front().permission != "FULL_CONTROL") {
    throw_not_supported();
  }
}

}  // namespace

void refuse_acl(const std::optional<std::string>& canned) {
  const std::string name = canned.value_or("private");
  if (name != "private" && name != "bucket-owner-full-control") throw_not_supported();
}

GetBucketAclOutput get_bucket_acl(Service&, Call& call, const GetBucketAclRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  return {.owner = owner_of(bucket.account), .grants = full_control(bucket)};
}

Nothing put_bucket_acl(Service&, Call& call, const PutBucketAclRequest& request) {
  refuse_list(require_bucket(call, request.bucket), request.acl, request.access_control_policy);
  return {};
}

GetObjectAclOutput get_object_acl(Service&, Call& call, const GetObjectAclRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  require_version(call, bucket, request.key, request.version_id);
  return {.owner = owner_of(bucket.account), .grants = full_control(bucket)};
}

PutObjectAclOutput put_object_acl(Service&, Call& call, const PutObjectAclRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  require_version(call, bucket, request.key, request.version_id);
  refuse_list(bucket, request.acl, request.access_control_policy);
  return {};
}

}  // namespace holm::s3
