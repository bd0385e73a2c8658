// Reading and replacing access control lists.

#include "s3/handlers.h"
#include "services/s3/acls.h"
#include "services/s3/changes.h"
#include "services/s3/notifications.h"
#include "services/s3/service.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

void require_said(const AskedList& asked) {
  if (!asked.says_nothing()) return;
  aws::ServiceError error("MissingSecurityHeader", 400, "Your request was missing a required header");
  error.with("MissingHeaderName", "x-amz-acl");
  throw error;
}

// With the names of those that are granted something.
std::vector<Grant> told_grants(Owners& owners, std::vector<Grant> grants) {
  for (Grant& grant : grants) {
    if (!grant.grantee->id) continue;
    if (auto account = owners.find_account(*grant.grantee->id))
      grant.grantee->display_name = owners.of(*account).display_name;
  }
  return grants;
}

// Where lists do not count, the one that is told says so.
std::vector<Grant> grants_of(Call& call, const BucketRow& bucket, const std::string& list,
                             const std::string& owner) {
  const bool counts = ownership_of({call.transaction, bucket.id}) != Ownership::Enforced;
  return grants_in(counts ? list : std::string(), owner);
}

}  // namespace

GetBucketAclOutput get_bucket_acl(Service& service, Call& call, const GetBucketAclRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  Owners owners(service);
  auto grants = grants_of(call, bucket, bucket_list({call.transaction, bucket.id}), bucket.account);
  return {.owner = owners.of(bucket.account), .grants = told_grants(owners, std::move(grants))};
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html
Nothing put_bucket_acl(Service& service, Call& call, const PutBucketAclRequest& request) {
  const AskedList asked = asked_list(request);
  require_said(asked);
  keep_bucket_list(service, call, require_bucket(call, request.bucket), asked);
  return {};
}

GetObjectAclOutput get_object_acl(Service& service, Call& call, const GetObjectAclRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  Records records(service);
  const VersionRow row = require_version(records, bucket, request.key, request.version_id);
  Owners owners(service);
  const std::string owner = owner_in(bucket, ownership_of({call.transaction, bucket.id}), row.owner);
  auto grants = grants_of(call, bucket, row.list, owner);
  return {.owner = owners.of(owner), .grants = told_grants(owners, std::move(grants))};
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html
// The object stays as old as it is.
PutObjectAclOutput put_object_acl(Service& service, Call& call, const PutObjectAclRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  const AskedList asked = asked_list(request);
  require_said(asked);
  change(service, call, [&](Records& records) {
    VersionRow row = require_changeable(records, bucket, request.key, request.version_id, "PUT");
    const std::string owner = owner_in(bucket, ownership_of({call.transaction, bucket.id}), row.owner);
    row.list = object_list(service, call, bucket, asked, owner);
    keep_version(records, bucket.id, row);
    record_event(service, call, records, bucket, event_of("ObjectAcl:Put", row));
  });
  return {};
}

}  // namespace holm::s3
