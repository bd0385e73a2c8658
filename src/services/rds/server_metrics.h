// What is measured of database servers for CloudWatch: processor time, memory and traffic by the kernel, the
// rest by the servers' own counters. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "async/workers.h"
#include "base/clock.h"
#include "metrics/recorder.h"
#include "sandbox/traffic.h"
#include "services/rds/instance_classes.h"

namespace holm::rds {

struct Dependencies;
struct InstanceRow;
class Controller;
class MariaDb;

// A server's counters at a time.
struct ServerReading {
  SteadyTime at{};
  std::chrono::nanoseconds cpu{};
  uint64_t memory_bytes = 0;
  sandbox::Traffic traffic;
  std::map<std::string, double> status;  // By the names of SHOW GLOBAL STATUS.
};

struct Measure {
  std::string_view name;
  double value = 0;
  std::string_view unit;
};
// What happened between two readings, by AWS's names. `is_aurora` decides which of them. Without `before`, or
// when the counters have begun anew since, only what is so at the moment.
std::vector<Measure> measures_of(const ServerReading* before, const ServerReading& after,
                                 const InstanceClass& size, bool is_aurora);

// Any thread. Servers are asked one after the other on a thread of its own, so that one that hangs keeps
// nobody.
class ServerMetrics final {
 public:
  ServerMetrics(Dependencies& use, MariaDb& server, const Controller& controller)
      : use_(use), server_(server), controller_(controller), worker_(1, 1) {}

  // Every minute from now on.
  void start();

 private:
  void read_all(Time minute);
  void read(const InstanceRow& row, Time minute);
  std::optional<ServerReading> reading_of(const std::string& sandbox) const;
  void record(const InstanceRow& row, Time minute, const Measure& measure);

  Dependencies& use_;
  MariaDb& server_;
  const Controller& controller_;
  std::map<std::string, ServerReading> last_;  // By sandbox; on the worker's thread only.
  async::Workers worker_;                      // Last, so that it ends first.
};

}  // namespace holm::rds
