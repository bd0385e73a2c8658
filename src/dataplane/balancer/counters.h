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

// Bucket i holds times below 2^i microseconds, and not below half of that; the last holds the rest.
struct Histogram {
  static constexpr size_t kBuckets = 28;
  std::array<Counter, kBuckets> buckets{};

  void add(std::chrono::nanoseconds time) {
    auto microseconds = static_cast<uint64_t>(time.count() < 0 ? 0 : time.count() / 1000);
    size_t bucket = static_cast<size_t>(std::bit_width(microseconds));
    count(buckets[bucket < kBuckets ? bucket : kBuckets - 1]);
  }
};

// By the first digit of the status: [2] counts 2XX.
using StatusCounters = std::array<Counter, 6>;

inline void count_status(StatusCounters& counters, int status) {
  size_t digit = static_cast<size_t>(status) / 100;
  if (digit < counters.size()) count(counters[digit]);
}

struct GroupCounters {
  Counter requests = 0;
  StatusCounters target_statuses{};
  Counter target_connection_errors = 0;
  Histogram target_response_time;
};

struct LoadBalancerCounters {
  Counter requests = 0;
  StatusCounters own_statuses{};  // Of responses that no target made.
  Counter fixed_responses = 0;
  Counter redirects = 0;
  Counter clients_gone = 0;  // 460.
};

}  // namespace holm::balancer
