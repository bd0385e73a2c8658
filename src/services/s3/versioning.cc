// Whether a bucket keeps what is replaced or deleted.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html

#include "s3/handlers.h"
#include "services/s3/buckets.h"
#include "services/s3/object_lock.h"
#include "services/s3/replication.h"
#include "services/s3/service.h"

namespace holm::s3 {

namespace {

constexpr std::string_view kMfaKind = "mfa-delete";

}  // namespace

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html
// MfaDelete is told to those who have ever said something about it.
GetBucketVersioningOutput get_bucket_versioning(Service&, Call& call,
                                                const GetBucketVersioningRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  GetBucketVersioningOutput output{.mfa_delete = find_configuration(call.transaction, bucket.id, kMfaKind)};
  switch (bucket.versioning) {
    case Versioning::Never: break;
    case Versioning::Enabled: output.status = "Enabled"; break;
    case Versioning::Suspended: output.status = "Suspended"; break;
  }
  return output;
}

// Once enabled it can be suspended, never undone.
Nothing put_bucket_versioning(Service&, Call& call, const PutBucketVersioningRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  const VersioningConfiguration& wanted = request.versioning_configuration;
  if (wanted.mfa_delete.value_or("Disabled") != "Disabled") {
    throw aws::NotImplemented("PutBucketVersioning: MfaDelete");
  }
  if (wanted.status != "Enabled" && wanted.status != "Suspended") {
    throw aws::ServiceError("IllegalVersioningConfigurationException", 400,
                            "The Versioning element must be specified");
  }
  if (wanted.status == "Suspended" && find_lock_configuration({call.transaction, bucket.id})) {
    throw aws::ServiceError("InvalidBucketState", 409,
                            "An Object Lock configuration is present on this bucket, so the versioning state "
                            "cannot be changed.");
  }
  if (wanted.status == "Suspended" && is_replicated(call.transaction, bucket.id)) {
    throw aws::ServiceError("InvalidBucketState", 409,
                            "A replication configuration is present on this bucket, so you cannot change the "
                            "versioning state. To change the versioning state, first delete the replication "
                            "configuration.");
  }
  call.transaction.run("UPDATE s3_bucket SET versioning = ?2 WHERE id = ?1", {bucket.id, *wanted.status});
  if (wanted.mfa_delete) set_configuration(call, bucket.id, kMfaKind, *wanted.mfa_delete);
  return {};
}

}  // namespace holm::s3
