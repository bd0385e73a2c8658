// Counting invocations.

#include "services/lambda/metrics.h"

#include <algorithm>

namespace holm::lambda {

void Metrics::began(const std::string& function_arn, int64_t concurrent) {
  std::lock_guard lock(mutex_);
  FunctionMetrics& counts = functions_[function_arn];
  ++counts.invocations;
  counts.concurrent_executions_max = std::max(counts.concurrent_executions_max, concurrent);
}

void Metrics::ended(const std::string& function_arn, std::chrono::microseconds duration, Outcome outcome) {
  std::lock_guard lock(mutex_);
  FunctionMetrics& counts = functions_[function_arn];
  if (outcome == Outcome::Failed) ++counts.errors;
  counts.duration_sum += duration;
  counts.duration_max = std::max(counts.duration_max, duration);
}

void Metrics::throttled(const std::string& function_arn) {
  std::lock_guard lock(mutex_);
  ++functions_[function_arn].throttles;
}

std::map<std::string, FunctionMetrics> Metrics::all() const {
  std::lock_guard lock(mutex_);
  return functions_;
}

}  // namespace holm::lambda
