// What was measured, for tests to look at.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "metrics/recorder.h"

namespace holm::test {

// Any thread.
class KeptMetrics final : public metrics::Recorder {
 public:
  void record(const metrics::Series& series, Time, const metrics::Statistics& measured) override {
    std::lock_guard lock(mutex_);
    kept_[name_of(series)].merge(measured);
  }

  // By "AWS/Lambda Invocations FunctionName=f", with as many dimensions as there are, in their names' order;
  // nothing was measured: a count of 0.
  metrics::Statistics of(const std::string& name) const {
    std::lock_guard lock(mutex_);
    auto found = kept_.find(name);
    return found == kept_.end() ? metrics::Statistics() : found->second;
  }

 private:
  static std::string name_of(const metrics::Series& series) {
    std::string name = series.metric.space + " " + series.metric.name;
    // The key has them sorted.
    for (const metrics::Dimension& each : metrics::series_of(metrics::key_of(series))->metric.dimensions) {
      name += " " + each.name + "=" + each.value;
    }
    return name;
  }

  mutable std::mutex mutex_;
  std::map<std::string, metrics::Statistics> kept_;
};

}  // namespace holm::test
