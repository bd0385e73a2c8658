// What a balancer counts, for metrics. Only additions, relaxed; reading is not a snapshot.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "async/reactor.h"

namespace holm::balancer {

using Counter = std::atomic<uint64_t>;

inline void count(Counter& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

// How often what took so long, in microseconds: exactly below 16, else in buckets of a sixteenth of a power
// of two, so that a time is at most 3 % beside the middle of its bucket.
struct Timing {
  static constexpr unsigned kSteps = 4;  // 2^kSteps buckets a power of two.
  static constexpr unsigned kBitsMax = 28;
  static constexpr size_t kBuckets = ((kBitsMax - kSteps + 1) << kSteps);
  std::array<Counter, kBuckets> buckets{};
  Counter sum = 0;  // Microseconds.

  void add(std::chrono::nanoseconds time) {
    const auto microseconds = static_cast<uint64_t>(time.count() < 0 ? 0 : time.count() / 1000);
    count(buckets[bucket_of(microseconds)]);
    sum.fetch_add(microseconds, std::memory_order_relaxed);
  }

  static constexpr size_t bucket_of(uint64_t microseconds) {
    if (microseconds < (1u << kSteps)) return microseconds;
    const auto shift = static_cast<unsigned>(std::bit_width(microseconds)) - 1 - kSteps;
    const size_t bucket = (size_t{shift} << kSteps) + (microseconds >> shift);
    return bucket < kBuckets ? bucket : kBuckets - 1;
  }
  // The middle of a bucket.
  static constexpr double value_of(size_t bucket) {
    if (bucket < (2u << kSteps)) return static_cast<double>(bucket);
    const unsigned shift = static_cast<unsigned>(bucket >> kSteps) - 1;
    const uint64_t first = ((bucket & ((1u << kSteps) - 1)) + (1u << kSteps)) << shift;
    return static_cast<double>(first) + static_cast<double>((uint64_t{1} << shift) - 1) / 2;
  }
};

// By the first digit of the status: [2] counts 2XX.
using StatusCounters = std::array<Counter, 6>;

inline void count_status(StatusCounters& counters, int status) {
  size_t digit = static_cast<size_t>(status) / 100;
  if (digit < counters.size()) count(counters[digit]);
}

struct GroupCounters {
  Counter requests = 0;  // For which there was a target.
  StatusCounters target_statuses{};
  Counter target_connection_errors = 0;  // Connections that were not made.
  Counter target_tls_errors = 0;         // Of these, for want of TLS.
  Counter unhealthy_routed = 0;          // Requests and connections for any target, since too few were healthy.
  Counter not_sticky = 0;                // Requests for a target that their clients did not have before.
  Counter function_user_errors = 0;      // Whose cause is the function, its permissions or its answer.
  Counter function_internal_errors = 0;  // Any other.
  Timing target_response_time;
};

// Of connections that are carried, and of datagrams from one client.
struct FlowCounters {
  Counter begun = 0;
  std::atomic<int64_t> open = 0;
  Counter bytes = 0;   // Both ways, without headers of any layer.
  Counter resets = 0;  // By the load balancer, because no target could be reached.
  Counter client_resets = 0;
  Counter target_resets = 0;
};

struct LoadBalancerCounters {
  FlowCounters tcp;
  FlowCounters tls;
  FlowCounters udp;
  Counter failed_handshakes = 0;  // Of TLS, with clients.
  Counter rejected_connections = 0;
  Counter connections_begun = 0;  // With clients and with targets.
  std::atomic<int64_t> connections_open = 0;
  Counter bytes = 0;  // From and to clients: heads and bodies, and what tunnels carry.
  Counter requests = 0;
  Counter grpc_requests = 0;
  Counter rule_evaluations = 0;   // Without defaults.
  Counter charged_rule_evaluations = 0;  // Of these, beyond the first ten of each request.
  StatusCounters own_statuses{};  // Of responses that no target made.
  std::array<Counter, 5> own_5xx{};  // Of these 500 to 504.
  Counter fixed_responses = 0;
  Counter redirects = 0;
  Counter clients_gone = 0;  // 460.
  Counter non_compliant_requests = 0;
  Counter invalid_headers_dropped = 0;  // Requests that had such headers.
  Counter invalid_headers_forwarded = 0;
  Counter function_bytes = 0;  // Of the bodies of requests to functions and of their responses.
};

inline void count_own_status(LoadBalancerCounters& counters, int status) {
  count_status(counters.own_statuses, status);
  const size_t of_500 = static_cast<size_t>(status) - 500;
  if (status >= 500 && of_500 < counters.own_5xx.size()) count(counters.own_5xx[of_500]);
}

inline void add(Counter& counter, uint64_t count) { counter.fetch_add(count, std::memory_order_relaxed); }

}  // namespace holm::balancer
