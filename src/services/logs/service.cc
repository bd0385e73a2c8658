// Permissions, and the job that ends the life of old events.

#include "services/logs/service.h"

#include <fmt/format.h>

#include "aws/service/region.h"
#include "jobs/jobs.h"
#include "logs/handlers.h"

namespace holm::logs {

namespace {

constexpr char kExpireJob[] = "logs.expire";
constexpr std::chrono::minutes kExpireEvery{10};
constexpr int64_t kDayMilliseconds = 86'400'000;

template <class Input>
std::string group_of(const void* input) {
  return static_cast<const Input*>(input)->log_group_name;
}

template <class Input>
std::string optional_group_of(const void* input) {
  const auto& request = *static_cast<const Input*>(input);
  if (request.log_group_name) return *request.log_group_name;
  return request.log_group_identifier.value_or("*");
}

}  // namespace

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
std::vector<aws::Access> Service::access(const aws::Operation& operation, const void* input,
                                         aws::Call& call) const {
  auto group = [&](const std::string& name, const std::string& stream = {}) -> std::vector<aws::Access> {
    std::string resource = name.starts_with("arn:") ? name : aws::arn("logs", call, "log-group:" + name);
    if (!resource.ends_with(":*")) resource += ":";
    if (resource.ends_with(":*")) resource.pop_back();
    resource += stream.empty() ? "*" : "log-stream:" + stream;
    return {{.action = fmt::format("logs:{}", operation.name), .resource = resource}};
  };
  const std::string_view name = operation.name;
  if (name == "CreateLogGroup") return group(group_of<CreateLogGroupRequest>(input));
  if (name == "DeleteLogGroup") return group(group_of<DeleteLogGroupRequest>(input));
  if (name == "PutRetentionPolicy") return group(group_of<PutRetentionPolicyRequest>(input));
  if (name == "DeleteRetentionPolicy") return group(group_of<DeleteRetentionPolicyRequest>(input));
  if (name == "CreateLogStream") return group(group_of<CreateLogStreamRequest>(input));
  if (name == "DeleteLogStream") return group(group_of<DeleteLogStreamRequest>(input));
  if (name == "DescribeLogStreams") return group(optional_group_of<DescribeLogStreamsRequest>(input));
  if (name == "FilterLogEvents") return group(optional_group_of<FilterLogEventsRequest>(input));
  if (name == "PutMetricFilter") return group(group_of<PutMetricFilterRequest>(input));
  if (name == "DeleteMetricFilter") return group(group_of<DeleteMetricFilterRequest>(input));
  if (name == "DescribeMetricFilters") {
    return group(static_cast<const DescribeMetricFiltersRequest*>(input)->log_group_name.value_or("*"));
  }
  if (name == "PutLogEvents") {
    const auto& request = *static_cast<const PutLogEventsRequest*>(input);
    return group(request.log_group_name, request.log_stream_name);
  }
  if (name == "GetLogEvents") {
    const auto& request = *static_cast<const GetLogEventsRequest*>(input);
    return group(optional_group_of<GetLogEventsRequest>(input), request.log_stream_name);
  }
  return aws::ServiceBase::access(operation, input, call);
}

void Service::start() {
  jobs_.keep({.kind = kExpireJob, .key = "all"}, clock_.now() + kExpireEvery, [this](const jobs::Job&) {
    expire_events();
    return jobs::again_at(clock_.now() + kExpireEvery);
  });
}

void Service::expire_events() {
  const aws::Caller caller = region_.caller("", "", "logs.amazonaws.com");
  region_.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    for (const sql::Row& row :
         call.transaction.run("SELECT id, retention_days FROM logs_group WHERE retention_days IS NOT NULL")) {
      const int64_t before = to_milliseconds(clock_.now()) - row.integer(1) * kDayMilliseconds;
      call.transaction.run("DELETE FROM logs_event WHERE log_group = ?1 AND timestamp < ?2",
                           {row.integer(0), before});
    }
  });
}

}  // namespace holm::logs
