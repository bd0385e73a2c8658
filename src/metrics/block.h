// What was measured of one thing over a time, in few bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/statistics.h"

namespace holm::metrics {

// What was measured in the second, minute or hour that begins at `time`.
struct Slot {
  int64_t time = 0;  // Seconds since 1970.
  Statistics statistics;
  bool operator==(const Slot&) const = default;
};

inline constexpr size_t kBlockSlotsMax = 4096;

// `slots` are at most kBlockSlotsMax and ascend, each with at most kDistinctValuesMax values.
std::string encode_block(std::span<const Slot> slots);
// What encode_block() was given; an error for anything it did not write.
Result<std::vector<Slot>> decode_block(std::string_view bytes);

// Adds `slots` to `into`; both ascend. Slots of one time become one.
void merge_slots(std::vector<Slot>& into, std::vector<Slot> slots);
// Makes slots of `seconds` of finer ones; ascending.
void coarsen(std::vector<Slot>& slots, int64_t seconds);

}  // namespace holm::metrics
