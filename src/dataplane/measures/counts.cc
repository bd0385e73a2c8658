// Reading is not a snapshot: what is counted meanwhile is in the next one.

#include "dataplane/measures/counts.h"

#include <algorithm>

namespace holm::measures {

using metrics::Statistics;

uint64_t read(const balancer::Counter& counter) { return counter.load(std::memory_order_relaxed); }

uint64_t difference(uint64_t now, uint64_t before) { return now >= before ? now - before : now; }

GroupCounts GroupCounts::of(const balancer::GroupCounters& counters) {
  GroupCounts counts{.requests = read(counters.requests),
                     .connection_errors = read(counters.target_connection_errors),
                     .tls_errors = read(counters.target_tls_errors),
                     .unhealthy_routed = read(counters.unhealthy_routed),
                     .not_sticky = read(counters.not_sticky),
                     .function_user_errors = read(counters.function_user_errors),
                     .function_internal_errors = read(counters.function_internal_errors),
                     .times = {},
                     .time_sum = read(counters.target_response_time.sum)};
  for (size_t i = 0; i < counts.statuses.size(); ++i) counts.statuses[i] = read(counters.target_statuses[i]);
  for (const balancer::Counter& bucket : counters.target_response_time.buckets) {
    counts.times.push_back(read(bucket));
  }
  return counts;
}

GroupCounts GroupCounts::of(const balancer::RoutedGroup& group) {
  GroupCounts counts = of(group.state->counters);
  for (const balancer::GroupZone& each : group.zones) counts.add(of(*each.counters));
  return counts;
}

GroupCounts GroupCounts::since(const GroupCounts& before) const {
  GroupCounts came = *this;
  // One counter that is lower than before is enough: then all of them are new.
  if (requests < before.requests || time_sum < before.time_sum) return came;
  came.requests -= before.requests;
  came.connection_errors = difference(connection_errors, before.connection_errors);
  came.tls_errors = difference(tls_errors, before.tls_errors);
  came.unhealthy_routed = difference(unhealthy_routed, before.unhealthy_routed);
  came.not_sticky = difference(not_sticky, before.not_sticky);
  came.function_user_errors = difference(function_user_errors, before.function_user_errors);
  came.function_internal_errors = difference(function_internal_errors, before.function_internal_errors);
  came.time_sum -= before.time_sum;
  for (size_t i = 0; i < statuses.size(); ++i) came.statuses[i] = difference(statuses[i], before.statuses[i]);
  for (size_t i = 0; i < std::min(times.size(), before.times.size()); ++i) {
    came.times[i] = difference(times[i], before.times[i]);
  }
  return came;
}

void GroupCounts::add(const GroupCounts& other) {
  requests += other.requests;
  connection_errors += other.connection_errors;
  tls_errors += other.tls_errors;
  unhealthy_routed += other.unhealthy_routed;
  not_sticky += other.not_sticky;
  function_user_errors += other.function_user_errors;
  function_internal_errors += other.function_internal_errors;
  time_sum += other.time_sum;
  for (size_t i = 0; i < statuses.size(); ++i) statuses[i] += other.statuses[i];
  if (times.size() < other.times.size()) times.resize(other.times.size());
  for (size_t i = 0; i < other.times.size(); ++i) times[i] += other.times[i];
}

Statistics GroupCounts::response_times() const {
  constexpr double kMicrosecond = 1e-6;
  std::vector<metrics::Weighted> values;
  for (size_t i = 0; i < times.size(); ++i) {
    if (times[i] == 0) continue;
    values.push_back({balancer::Timing::value_of(i) * kMicrosecond, static_cast<double>(times[i])});
  }
  const double sum = static_cast<double>(time_sum) * kMicrosecond;
  // Of one bucket the sum tells the value better than its middle does.
  if (values.size() == 1) return Statistics::of(sum / values[0].count, values[0].count);
  Statistics set = Statistics::of_values(std::move(values));
  if (set.count > 0) set.sum = sum;
  return set;
}

FlowCounts FlowCounts::of(const balancer::FlowCounters& counters) {
  return {.begun = read(counters.begun),
          .open = counters.open.load(std::memory_order_relaxed),
          .bytes = read(counters.bytes),
          .resets = read(counters.resets),
          .client_resets = read(counters.client_resets),
          .target_resets = read(counters.target_resets)};
}

FlowCounts FlowCounts::since(const FlowCounts& before) const {
  return {.begun = difference(begun, before.begun),
          .open = open,
          .bytes = difference(bytes, before.bytes),
          .resets = difference(resets, before.resets),
          .client_resets = difference(client_resets, before.client_resets),
          .target_resets = difference(target_resets, before.target_resets)};
}

void FlowCounts::add(const FlowCounts& other) {
  begun += other.begun;
  open += other.open;
  bytes += other.bytes;
  resets += other.resets;
  client_resets += other.client_resets;
  target_resets += other.target_resets;
}

}  // namespace holm::measures
