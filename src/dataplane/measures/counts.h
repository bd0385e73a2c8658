// What came to a balancer's counters between two readings.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dataplane/balancer/counters.h"
#include "dataplane/balancer/routing.h"
#include "metrics/statistics.h"

namespace holm::measures {

uint64_t read(const balancer::Counter& counter);
// Counters only grow, unless what they count was made anew.
uint64_t difference(uint64_t now, uint64_t before);

// Counters of a target group or a load balancer at a time, or what came to them between two times.
struct GroupCounts {
  uint64_t requests = 0;
  std::array<uint64_t, 6> statuses{};  // By the first digit.
  uint64_t connection_errors = 0;
  uint64_t tls_errors = 0;
  uint64_t unhealthy_routed = 0;
  uint64_t not_sticky = 0;
  uint64_t function_user_errors = 0;
  uint64_t function_internal_errors = 0;
  std::vector<uint64_t> times;  // By the bucket of balancer::Timing; empty: none.
  uint64_t time_sum = 0;        // Microseconds.

  static GroupCounts of(const balancer::GroupCounters& counters);
  // Of all its zones.
  static GroupCounts of(const balancer::RoutedGroup& group);
  // They begin anew when a group is deleted and made again.
  GroupCounts since(const GroupCounts& before) const;
  void add(const GroupCounts& other);
  // Seconds. The sum is exact, values are within 3 %.
  metrics::Statistics response_times() const;
};

// The same of connections that are carried.
struct FlowCounts {
  uint64_t begun = 0;
  int64_t open = 0;  // Now.
  uint64_t bytes = 0;
  uint64_t resets = 0;
  uint64_t client_resets = 0;
  uint64_t target_resets = 0;

  static FlowCounts of(const balancer::FlowCounters& counters);
  FlowCounts since(const FlowCounts& before) const;
  void add(const FlowCounts& other);
};

}  // namespace holm::measures
