// What can be asked of a bucket though it cannot be set here: the answers of a bucket on which it is not set.
// Tools read all of these at every refresh and stop at any other answer.

#include "s3/handlers.h"
#include "services/s3/buckets.h"
#include "services/s3/service.h"

namespace holm::s3 {

namespace {

[[noreturn]] void throw_unset(const BucketRow& bucket, std::string_view code, const std::string& message) {
  aws::ServiceError error(code, 404, message);
  error.with("BucketName", bucket.name);
  throw error;
}

}  // namespace

GetBucketWebsiteOutput get_bucket_website(Service&, Call& call, const GetBucketWebsiteRequest& request) {
  throw_unset(require_bucket(call, request.bucket), "NoSuchWebsiteConfiguration",
              "The specified bucket does not have a website configuration");
}

GetBucketReplicationOutput get_bucket_replication(Service&, Call& call,
                                                  const GetBucketReplicationRequest& request) {
  throw_unset(require_bucket(call, request.bucket), "ReplicationConfigurationNotFoundError",
              "The replication configuration was not found");
}

GetBucketAccelerateConfigurationOutput get_bucket_accelerate_configuration(
    Service&, Call& call, const GetBucketAccelerateConfigurationRequest& request) {
  require_bucket(call, request.bucket);
  return {};
}

GetBucketRequestPaymentOutput get_bucket_request_payment(Service&, Call& call,
                                                         const GetBucketRequestPaymentRequest& request) {
  require_bucket(call, request.bucket);
  return {.payer = "BucketOwner"};
}

}  // namespace holm::s3
