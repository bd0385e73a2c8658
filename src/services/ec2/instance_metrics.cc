// Reading instances' counters.

#include "services/ec2/instance_metrics.h"

#include <algorithm>
#include <set>

#include "aws/service/region.h"
#include "metrics/meters.h"
#include "services/ec2/instance_types.h"
#include "services/ec2/service.h"

namespace holm::ec2 {

namespace {

constexpr std::chrono::minutes kDetailed{1}, kBasic{5};
// What took longer than its period by so much is not of that period.
constexpr std::chrono::seconds kLate{30};

}  // namespace

// A running instance, and the names it is measured under.
struct InstanceMetrics::Row {
  std::string id, account, region, image, type;
  bool is_detailed = false;
  std::optional<std::string> group;  // Its Auto Scaling group.
  bool is_cut = false;               // Its zone is cut off.
};

std::optional<InstanceMeasure> measured_between(const InstanceReading& before, const InstanceReading& after,
                                                unsigned vcpus) {
  const sandbox::Traffic &was = before.traffic, &is = after.traffic;
  const bool is_anew = after.cpu < before.cpu || is.bytes_received < was.bytes_received ||
                       is.bytes_sent < was.bytes_sent || is.packets_received < was.packets_received ||
                       is.packets_sent < was.packets_sent;
  if (is_anew || after.at <= before.at || vcpus == 0) return std::nullopt;
  const std::chrono::duration<double> cpu = after.cpu - before.cpu, passed = after.at - before.at;
  // The kernel lets a group have a little more now and then and takes it back later.
  return InstanceMeasure{.cpu_percent = std::min(100.0, 100 * cpu / passed / vcpus),
                         .traffic = {.bytes_received = is.bytes_received - was.bytes_received,
                                     .packets_received = is.packets_received - was.packets_received,
                                     .bytes_sent = is.bytes_sent - was.bytes_sent,
                                     .packets_sent = is.packets_sent - was.packets_sent}};
}

void InstanceMetrics::start() {
  use_.meters.every_minute([this](metrics::Recorder& recorder, Time minute) { read(recorder, minute); });
}

void InstanceMetrics::began(const std::string& id) {
  std::lock_guard lock(mutex_);
  last_[id] = {.at = use_.clock.steady()};
}

std::optional<InstanceReading> InstanceMetrics::reading_of(const std::string& id) const {
  const auto usage = use_.runtime.usage(id);
  const auto traffic = use_.runtime.traffic(id);
  if (!usage || !traffic) return std::nullopt;
  return InstanceReading{.at = use_.clock.steady(), .cpu = usage->cpu, .traffic = *traffic};
}

void InstanceMetrics::read(metrics::Recorder& recorder, Time minute) {
  std::vector<Row> rows;
  use_.region.transact(
      use_.region.caller("", "", "ec2.amazonaws.com"), sql::Access::Read, [&](aws::Call& call) {
        for (const sql::Row& row : call.transaction.run(
                 "SELECT id, account, region, image, type, monitoring, (SELECT value FROM ec2_tag WHERE"
                 " resource = ec2_instance.id AND key = 'aws:autoscaling:groupName'), EXISTS (SELECT 1 FROM"
                 " ec2_zone_cut c WHERE c.account = ec2_instance.account AND c.zone = ec2_instance.zone) "
                 "FROM ec2_instance WHERE state = 'running'")) {
          rows.push_back({row.text(0), row.text(1), row.text(2), row.text(3), row.text(4),
                          row.integer(5) != 0, row.optional_text(6), row.integer(7) != 0});
        }
      });
  for (const Row& row : rows) {
    record_checks(recorder, row, minute);
    measure(recorder, row, minute);
  }
  std::set<std::string_view> running;
  for (const Row& row : rows) running.insert(row.id);
  std::lock_guard lock(mutex_);
  // One that is booting is not among the running ones yet.
  const SteadyTime old = use_.clock.steady() - 2 * kBasic;
  std::erase_if(last_,
                [&](const auto& each) { return !running.contains(each.first) && each.second.at < old; });
}

// Every minute whatever the kind of monitoring.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html#status-check-metrics
void InstanceMetrics::record_checks(metrics::Recorder& recorder, const Row& row, Time minute) {
  std::vector<std::vector<metrics::Dimension>> names = {{{"InstanceId", row.id}}};
  if (row.group) names.push_back({{"AutoScalingGroupName", *row.group}});
  for (const char* name : {"StatusCheckFailed", "StatusCheckFailed_Instance", "StatusCheckFailed_System"}) {
    for (const auto& dimensions : names) {
      recorder.record({.metric = {row.account, row.region, "AWS/EC2", name, dimensions}, .unit = "Count"},
                      minute, metrics::Statistics::of(row.is_cut ? 1 : 0));
    }
  }
}

void InstanceMetrics::measure(metrics::Recorder& recorder, const Row& row, Time minute) {
  const auto period = row.is_detailed ? kDetailed : kBasic;
  const Time end = minute + kDetailed;
  if (end.time_since_epoch() % period != Time::duration::zero()) return;
  const auto reading = reading_of(row.id);
  const InstanceType* type = find_instance_type(row.type);
  if (!reading || !type) return;
  std::optional<InstanceReading> before;
  {
    std::lock_guard lock(mutex_);
    auto found = last_.find(row.id);
    if (found != last_.end()) before = found->second;
    last_[row.id] = *reading;
  }
  // After the daemon's start there is nothing to compare with; what happened before was not seen.
  if (!before || reading->at - before->at > period + kLate) return;
  const auto measured = measured_between(*before, *reading, type->vcpus);
  if (!measured) return;

  std::vector<std::vector<metrics::Dimension>> names = {{{"InstanceId", row.id}}};
  if (row.group) names.push_back({{"AutoScalingGroupName", *row.group}});
  // Only with detailed monitoring are instances put together.
  if (row.is_detailed) {
    names.push_back({{"ImageId", row.image}});
    names.push_back({{"InstanceType", row.type}});
    names.emplace_back();
  }
  auto record = [&](std::string_view name, double value, std::string_view unit) {
    for (const auto& dimensions : names) {
      recorder.record({.metric = {row.account, row.region, "AWS/EC2", std::string(name), dimensions},
                       .unit = std::string(unit)},
                      end - period, metrics::Statistics::of(value));
    }
  };
  record("CPUUtilization", measured->cpu_percent, "Percent");
  record("NetworkIn", static_cast<double>(measured->traffic.bytes_received), "Bytes");
  record("NetworkOut", static_cast<double>(measured->traffic.bytes_sent), "Bytes");
  record("NetworkPacketsIn", static_cast<double>(measured->traffic.packets_received), "Count");
  record("NetworkPacketsOut", static_cast<double>(measured->traffic.packets_sent), "Count");
}

}  // namespace holm::ec2
