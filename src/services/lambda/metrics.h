// What CloudWatch counts of functions, in memory since the daemon began.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace holm::lambda {

// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
struct FunctionMetrics {
  uint64_t invocations = 0;
  uint64_t errors = 0;
  uint64_t throttles = 0;
  std::chrono::microseconds duration_sum{};
  std::chrono::microseconds duration_max{};
  int64_t concurrent_executions_max = 0;
};

// Any thread.
class Metrics final {
 public:
  enum class Outcome { Succeeded, Failed };
  void began(const std::string& function_arn, int64_t concurrent);
  void ended(const std::string& function_arn, std::chrono::microseconds duration, Outcome outcome);
  void throttled(const std::string& function_arn);
  std::map<std::string, FunctionMetrics> all() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, FunctionMetrics> functions_;
};

}  // namespace holm::lambda
