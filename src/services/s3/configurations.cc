// Configurations that nothing is done with, so that they cannot be set: analytics. Reading them tells that.

#include "s3/handlers.h"
#include "services/s3/named_configurations.h"

namespace holm::s3 {

GetBucketAnalyticsConfigurationOutput get_bucket_analytics_configuration(
    Service&, Call& call, const GetBucketAnalyticsConfigurationRequest& request) {
  require_bucket(call, request.bucket);
  throw_no_configuration();
}

ListBucketAnalyticsConfigurationsOutput list_bucket_analytics_configurations(
    Service&, Call& call, const ListBucketAnalyticsConfigurationsRequest& request) {
  require_bucket(call, request.bucket);
  return {.is_truncated = false, .continuation_token = request.continuation_token};
}

}  // namespace holm::s3
