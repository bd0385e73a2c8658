// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/enable-access-logs.html

#include "services/elb/access_logs.h"

#include <fmt/format.h>

#include "aws/service/region.h"
#include "services/elb/records.h"
#include "sql/database.h"

namespace holm::elb {

namespace {

constexpr int32_t kHourly = 60;
constexpr int32_t kOften = 5;

[[noreturn]] void refuse_configuration(const std::string& why) {
  throw InvalidConfigurationRequestException(why);
}

}  // namespace

std::optional<balancing::LogBucket> log_bucket_of(const LoadBalancerAttributes& attributes) {
  const auto& log = attributes.access_log;
  if (!log || !log->enabled) return std::nullopt;
  return balancing::LogBucket{.name = log->s3_bucket_name.value_or(""),
                              .prefix = log->s3_bucket_prefix.value_or(""),
                              .period = std::chrono::minutes(log->emit_interval.value_or(kHourly))};
}

// What is said of logs that are off is kept for when they are on.
void set_access_log(Service& service, Call& call, Record& record, const AccessLog& wanted) {
  const int32_t interval = wanted.emit_interval.value_or(kHourly);
  if (interval != kOften && interval != kHourly) {
    refuse_configuration(
        fmt::format("AccessLog EmitInterval is {} or {} minutes, and not {}", kOften, kHourly, interval));
  }
  AccessLog& log = record.attributes.access_log.emplace(wanted);
  const auto bucket = log_bucket_of(record.attributes);
  if (!bucket) return;
  log.emit_interval = interval;
  if (bucket->name.empty())
    refuse_configuration("AccessLog S3BucketName must be set when access logs are enabled");
  if (bucket->prefix.find("AWSLogs") != std::string::npos) {
    refuse_configuration("AccessLog S3BucketPrefix must not contain 'AWSLogs'");
  }
  if (!balancing::lets_logs_in(call, balancing::LogKind::Access, record.arn, *bucket)) {
    refuse_configuration(
        fmt::format("Access Denied for bucket: {} Please check S3bucket permission", bucket->name));
  }
  service.use().jobs.schedule(call.transaction, {.kind = kTestFileJob, .key = record.arn}, call.now);
}

jobs::Outcome write_test_file(Dependencies& use, const jobs::Job& job) {
  std::optional<balancing::LogBucket> bucket;
  use.region.transact(use.region.caller({}, {}, kPrincipal), sql::Access::Read, [&](aws::Call& call) {
    const auto record = find_record_of_arn(call, job.key);
    if (record) bucket = log_bucket_of(record->attributes);
  });
  if (bucket) balancing::write_test_file(use, balancing::LogKind::Access, job.key, *bucket);
  return jobs::done();
}

}  // namespace holm::elb
