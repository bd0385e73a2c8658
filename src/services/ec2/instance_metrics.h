// What is measured of instances for CloudWatch: processor time from their control groups, traffic from their
// interfaces. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "metrics/recorder.h"
#include "sandbox/runtime.h"

namespace holm::ec2 {

struct Dependencies;

// Counters of one instance at a time.
struct InstanceReading {
  SteadyTime at{};
  std::chrono::nanoseconds cpu{};
  sandbox::Traffic traffic;
};

// What happened between two readings.
struct InstanceMeasure {
  double cpu_percent = 0;  // Of all its processors.
  sandbox::Traffic traffic;
};
// Nothing when the counters have begun anew in between, or no time has passed.
std::optional<InstanceMeasure> measured_between(const InstanceReading& before, const InstanceReading& after,
                                                unsigned vcpus);

// Any thread.
class InstanceMetrics final {
 public:
  explicit InstanceMetrics(Dependencies& use) : use_(use) {}

  // Instances are read from now on, every minute: those with detailed monitoring are recorded each time,
  // others every five minutes.
  void start();
  // Its sandbox was just started, with all counters at zero.
  void began(const std::string& id);

 private:
  struct Row;
  void read(metrics::Recorder& recorder, Time minute);
  static void record_checks(metrics::Recorder& recorder, const Row& row, Time minute);
  void measure(metrics::Recorder& recorder, const Row& row, Time minute);
  std::optional<InstanceReading> reading_of(const std::string& id) const;

  Dependencies& use_;
  std::mutex mutex_;
  std::map<std::string, InstanceReading> last_;  // What was recorded last begins here. Guarded by mutex_.
};

}  // namespace holm::ec2
