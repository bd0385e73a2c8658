// What is measured of functions for CloudWatch.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "metrics/recorder.h"
#include "services/lambda/target.h"

namespace holm::lambda {

// How many invocations run at once, the one that is beginning counted.
struct RunningNow {
  int64_t of_function = 0;
  int64_t of_account = 0;
  std::optional<int64_t> unreserved;  // Of the account's functions that have none reserved, if this is one.
};

// Any thread.
class Metrics final {
 public:
  explicit Metrics(metrics::Recorder& recorder) : recorder_(recorder) {}

  void throttled(const Target& target, const Invocation& invocation, Time time);
  void began(const Target& target, const Invocation& invocation, const RunningNow& concurrency, Time time);
  // `invoked_arn` and the time of its beginning are the invocation's.
  void ended(const Target& target, const std::string& invoked_arn, Time began,
             const InvocationResult& result);

 private:
  struct Place;
  void count(const Place& place, std::string_view name, double value, std::string_view unit = "Count");

  metrics::Recorder& recorder_;
};

}  // namespace holm::lambda
