// Transfer acceleration: whether a bucket can be used through s3-accelerate endpoints. Here they are no
// faster. https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration.html

#include "services/s3/acceleration.h"

#include "aws/service/malformed_xml.h"
#include "base/strings.h"
#include "s3/handlers.h"
#include "services/s3/service.h"

namespace holm::s3 {

namespace {

constexpr std::string_view kKind = "acceleration";

}  // namespace

void require_acceleration(Call& call, const BucketRow& bucket) {
  const std::string host = to_lower(call.host);
  if (host.find(".s3-accelerate.") == std::string::npos) return;
  const auto status = find_configuration(call.transaction, bucket.id, kKind);
  if (!status) throw InvalidRequest("S3 Transfer Acceleration is not configured on this bucket");
  if (*status != "Enabled") throw InvalidRequest("S3 Transfer Acceleration is disabled on this bucket");
}

GetBucketAccelerateConfigurationOutput get_bucket_accelerate_configuration(
    Service&, Call& call, const GetBucketAccelerateConfigurationRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  return {.status = find_configuration(call.transaction, bucket.id, kKind)};
}

Nothing put_bucket_accelerate_configuration(Service&, Call& call,
                                            const PutBucketAccelerateConfigurationRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  const auto& status = request.accelerate_configuration.status;
  if (bucket.name.contains('.')) {
    throw InvalidRequest(
        "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names");
  }
  if (status != "Enabled" && status != "Suspended") {
    throw aws::MalformedXml();
  }
  set_configuration(call, bucket.id, kKind, *status);
  return {};
}

}  // namespace holm::s3
