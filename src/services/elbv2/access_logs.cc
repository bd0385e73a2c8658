// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-connection-logging.html

#include "services/elbv2/access_logs.h"

#include <fmt/format.h>

#include "aws/service/region.h"
#include "base/strings.h"
#include "services/elbv2/attributes.h"
#include "services/elbv2/records.h"
#include "sql/database.h"

namespace holm::elbv2 {

namespace {

std::string attribute_name(LogKind kind, std::string_view what) {
  return fmt::format("{}_logs.s3.{}", kind == LogKind::Access ? "access" : "connection", what);
}

// Before the key of the job for a test file.
constexpr std::string_view kOfConnections = "connections|";

}  // namespace

std::optional<balancing::LogBucket> log_bucket_of(Call& call, LogKind kind, const std::string& arn) {
  if (attribute(call, arn, attribute_name(kind, "enabled")) != "true") return std::nullopt;
  return balancing::LogBucket{.name = attribute(call, arn, attribute_name(kind, "bucket")),
                              .prefix = attribute(call, arn, attribute_name(kind, "prefix"))};
}

void require_log_bucket(Service& service, Call& call, LogKind kind, const std::string& arn) {
  const auto bucket = log_bucket_of(call, kind, arn);
  if (!bucket) return;
  if (bucket->name.empty()) {
    throw InvalidConfigurationRequestException(
        fmt::format("The attribute '{}' must be set when '{}' is 'true'", attribute_name(kind, "bucket"),
                    attribute_name(kind, "enabled")));
  }
  if (bucket->prefix.find("AWSLogs") != std::string::npos) {
    throw InvalidConfigurationRequestException(
        fmt::format("The value of '{}' must not contain 'AWSLogs'", attribute_name(kind, "prefix")));
  }
  if (!balancing::lets_logs_in(call, kind, arn, *bucket)) {
    throw InvalidConfigurationRequestException(
        fmt::format("Access Denied for bucket: {}. Please check S3bucket permission", bucket->name));
  }
  const std::string job_key = kind == LogKind::Access ? arn : std::string(kOfConnections) + arn;
  service.use().jobs.schedule(call.transaction, {.kind = kTestFileJob, .key = job_key}, call.now);
}

jobs::Outcome write_test_file(Dependencies& use, const jobs::Job& job) {
  const LogKind kind = job.key.starts_with(kOfConnections) ? LogKind::Connection : LogKind::Access;
  const std::string arn = kind == LogKind::Access ? job.key : job.key.substr(kOfConnections.size());
  std::optional<balancing::LogBucket> bucket;
  use.region.transact(use.region.caller({}, {}, kPrincipal), sql::Access::Read,
                      [&](aws::Call& call) { bucket = log_bucket_of(call, kind, arn); });
  if (bucket) balancing::write_test_file(use, kind, arn, *bucket);
  return jobs::done();
}

}  // namespace holm::elbv2
