// Configurations that nothing is done with, so that they cannot be set: analytics, metrics, tiers of
// archives. Reading them tells that.

#include "aws/service/error.h"
#include "s3/handlers.h"
#include "services/s3/buckets.h"

namespace holm::s3 {

namespace {

[[noreturn]] void throw_unknown(Call& call, const std::string& bucket, const std::string& id) {
  aws::ServiceError error("NoSuchConfiguration", 404, "The specified configuration does not exist.");
  error.with("BucketName", require_bucket(call, bucket).name).with("Id", id);
  throw error;
}

}  // namespace

GetBucketAnalyticsConfigurationOutput get_bucket_analytics_configuration(
    Service&, Call& call, const GetBucketAnalyticsConfigurationRequest& request) {
  throw_unknown(call, request.bucket, request.id);
}

GetBucketIntelligentTieringConfigurationOutput get_bucket_intelligent_tiering_configuration(
    Service&, Call& call, const GetBucketIntelligentTieringConfigurationRequest& request) {
  throw_unknown(call, request.bucket, request.id);
}

GetBucketMetricsConfigurationOutput get_bucket_metrics_configuration(
    Service&, Call& call, const GetBucketMetricsConfigurationRequest& request) {
  throw_unknown(call, request.bucket, request.id);
}

ListBucketAnalyticsConfigurationsOutput list_bucket_analytics_configurations(
    Service&, Call& call, const ListBucketAnalyticsConfigurationsRequest& request) {
  require_bucket(call, request.bucket);
  return {.is_truncated = false, .continuation_token = request.continuation_token};
}

ListBucketIntelligentTieringConfigurationsOutput list_bucket_intelligent_tiering_configurations(
    Service&, Call& call, const ListBucketIntelligentTieringConfigurationsRequest& request) {
  require_bucket(call, request.bucket);
  return {.is_truncated = false, .continuation_token = request.continuation_token};
}

ListBucketMetricsConfigurationsOutput list_bucket_metrics_configurations(
    Service&, Call& call, const ListBucketMetricsConfigurationsRequest& request) {
  require_bucket(call, request.bucket);
  return {.is_truncated = false, .continuation_token = request.continuation_token};
}

}  // namespace holm::s3
