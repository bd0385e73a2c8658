// Reading database servers' counters.

#include "services/rds/server_metrics.h"

#include <algorithm>
#include <filesystem>

#include "aws/service/region.h"
#include "base/log.h"
#include "metrics/meters.h"
#include "sandbox/runtime.h"
#include "services/rds/controller.h"
#include "services/rds/mariadb.h"
#include "services/rds/service.h"

namespace holm::rds {

namespace {

constexpr std::chrono::seconds kLate{90};  // What is older than a minute and a half is not of this minute.

double value_in(const ServerReading& reading, const std::string& name) {
  const auto found = reading.status.find(name);
  return found == reading.status.end() ? 0 : found->second;
}

// Differences of counters, by the second.
class Rates {
 public:
  Rates(const ServerReading& before, const ServerReading& after)
      : before_(before),
        after_(after),
        seconds_(std::chrono::duration<double>(after.at - before.at).count()) {}

  double of(std::initializer_list<const char*> names) const {
    double sum = 0;
    for (const char* name : names) sum += value_in(after_, name) - value_in(before_, name);
    return sum / seconds_;
  }
  double of(uint64_t before, uint64_t after) const { return static_cast<double>(after - before) / seconds_; }
  double share_of_processors(unsigned count) const {
    const double used = std::chrono::duration<double>(after_.cpu - before_.cpu).count();
    // The kernel lets a group have a little more now and then and takes it back later.
    return std::min(100.0, 100 * used / seconds_ / count);
  }

 private:
  const ServerReading &before_, &after_;
  const double seconds_;
};

bool began_anew(const ServerReading& before, const ServerReading& after) {
  return after.at <= before.at || after.cpu < before.cpu ||
         value_in(after, "Uptime") < value_in(before, "Uptime") ||
         after.traffic.bytes_received < before.traffic.bytes_received ||
         after.traffic.bytes_sent < before.traffic.bytes_sent;
}

constexpr std::string_view kEverySecond = "Count/Second", kBytesEverySecond = "Bytes/Second";

void add_rates(std::vector<Measure>& measures, const ServerReading& before, const ServerReading& after,
               const InstanceClass& size) {
  const Rates rates(before, after);
  measures.push_back({"CPUUtilization", rates.share_of_processors(size.vcpus), "Percent"});
  measures.push_back({"NetworkReceiveThroughput",
                      rates.of(before.traffic.bytes_received, after.traffic.bytes_received),
                      kBytesEverySecond});
  measures.push_back({"NetworkTransmitThroughput",
                      rates.of(before.traffic.bytes_sent, after.traffic.bytes_sent), kBytesEverySecond});
  measures.push_back({"ReadIOPS", rates.of({"Innodb_data_reads"}), kEverySecond});
  measures.push_back({"WriteIOPS", rates.of({"Innodb_data_writes"}), kEverySecond});
  measures.push_back({"ReadThroughput", rates.of({"Innodb_data_read"}), kBytesEverySecond});
  measures.push_back({"WriteThroughput", rates.of({"Innodb_data_written"}), kBytesEverySecond});
}

void add_aurora_rates(std::vector<Measure>& measures, const ServerReading& before,
                      const ServerReading& after) {
  const Rates rates(before, after);
  auto add = [&](std::string_view name, std::initializer_list<const char*> counters) {
    measures.push_back({name, rates.of(counters), kEverySecond});
  };
  add("Queries", {"Queries"});
  add("SelectThroughput", {"Com_select"});
  add("InsertThroughput", {"Com_insert", "Com_insert_select"});
  add("UpdateThroughput", {"Com_update", "Com_update_multi"});
  add("DeleteThroughput", {"Com_delete", "Com_delete_multi"});
  add("DMLThroughput", {"Com_insert", "Com_insert_select", "Com_update", "Com_update_multi", "Com_delete",
                        "Com_delete_multi"});
  add("CommitThroughput", {"Com_commit"});
  add("Deadlocks", {"Innodb_deadlocks"});
  add("LoginFailures", {"Access_denied_errors"});
  const auto& was = before.traffic;
  const auto& is = after.traffic;
  measures.push_back({"NetworkThroughput",
                      rates.of(was.bytes_received + was.bytes_sent, is.bytes_received + is.bytes_sent),
                      kBytesEverySecond});
  const double asked = rates.of({"Innodb_buffer_pool_read_requests"});
  // Nothing was asked for: there is no ratio.
  if (asked > 0) {
    const double hits = 100 * (1 - rates.of({"Innodb_buffer_pool_reads"}) / asked);
    measures.push_back({"BufferCacheHitRatio", std::clamp(hits, 0.0, 100.0), "Percent"});
  }
}

uint64_t bytes_below(const std::string& folder) {
  uint64_t bytes = 0;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code gone;
    if (at->is_regular_file(gone)) {
      const auto size = at->file_size(gone);
      if (!gone) bytes += size;
    }
  }
  return bytes;
}

}  // namespace

std::vector<Measure> measures_of(const ServerReading* before, const ServerReading& after,
                                 const InstanceClass& size, bool is_aurora) {
  // One connection is the one that asks.
  std::vector<Measure> measures = {
      {"DatabaseConnections", std::max(0.0, value_in(after, "Threads_connected") - 1), "Count"},
      {"FreeableMemory",
       static_cast<double>(size.memory_bytes - std::min(size.memory_bytes, after.memory_bytes)), "Bytes"}};
  if (is_aurora) measures.push_back({"EngineUptime", value_in(after, "Uptime"), "Seconds"});
  if (!before || size.vcpus == 0 || began_anew(*before, after)) return measures;
  add_rates(measures, *before, after, size);
  if (is_aurora) add_aurora_rates(measures, *before, after);
  return measures;
}

void ServerMetrics::start() {
  use_.meters.every_minute([this](metrics::Recorder&, Time minute) {
    // One that is not done with the minute before leaves this one out.
    (void)worker_.try_post([this, minute] { read_all(minute); });
  });
}

std::optional<ServerReading> ServerMetrics::reading_of(const std::string& sandbox) const {
  const auto usage = use_.runtime.usage(sandbox);
  const auto traffic = use_.runtime.traffic(sandbox);
  auto status = server_.status(sandbox);
  if (!usage || !traffic || !status) return std::nullopt;
  return ServerReading{.at = use_.clock.steady(),
                       .cpu = usage->cpu,
                       .memory_bytes = usage->memory_bytes,
                       .traffic = *traffic,
                       .status = std::move(*status)};
}

void ServerMetrics::read_all(Time minute) {
  std::vector<InstanceRow> rows;
  use_.region.transact(use_.region.caller("", "", "rds.amazonaws.com"), sql::Access::Read, [&](Call& call) {
    rows = instances_where(call.transaction, "i.status = 'available'", {});
  });
  for (const InstanceRow& row : rows) read(row, minute);
  std::erase_if(last_, [&](const auto& each) {
    return std::ranges::none_of(rows, [&](const InstanceRow& row) { return sandbox_of(row) == each.first; });
  });
}

void ServerMetrics::read(const InstanceRow& row, Time minute) {
  const auto size = find_instance_class(row.type);
  auto reading = reading_of(sandbox_of(row));
  if (!reading || !size) return;
  const auto known = last_.find(sandbox_of(row));
  const bool is_new = known == last_.end() || reading->at - known->second.at > kLate;
  for (const Measure& each :
       measures_of(is_new ? nullptr : &known->second, *reading, *size, row.cluster.has_value())) {
    record(row, minute, each);
  }
  last_[sandbox_of(row)] = std::move(*reading);
  const std::string data = controller_.volume_path(row.volume.id);
  if (row.cluster) {
    record(row, minute, {"VolumeBytesUsed", static_cast<double>(bytes_below(data)), "Bytes"});
    return;
  }
  std::error_code error;
  const auto space = std::filesystem::space(data, error);
  if (!error) record(row, minute, {"FreeStorageSpace", static_cast<double>(space.available), "Bytes"});
}

void ServerMetrics::record(const InstanceRow& row, Time minute, const Measure& measure) {
  std::vector<std::vector<metrics::Dimension>> names;
  const bool is_of_volume = measure.name == "VolumeBytesUsed";
  if (!is_of_volume) {
    names = {{{"DBInstanceIdentifier", row.id}},
             {{"DatabaseClass", row.type}},
             {{"EngineName", row.volume.engine}}};
  }
  if (row.cluster) {
    names.push_back({{"DBClusterIdentifier", *row.cluster}});
    // A cluster has one server, its writer.
    if (!is_of_volume) names.push_back({{"DBClusterIdentifier", *row.cluster}, {"Role", "WRITER"}});
  }
  for (const auto& dimensions : names) {
    use_.meters.recorder().record(
        {.metric = {row.account, row.region, "AWS/RDS", std::string(measure.name), dimensions},
         .unit = std::string(measure.unit)},
        minute, metrics::Statistics::of(measure.value));
  }
}

}  // namespace holm::rds
