// A block is: a version, how many slots, and columns: times (how the steps between them change), flags,
// counts, maxima; minima and sums where they differ; the sizes of distributions, and all their values and
// counts.

#include "metrics/block.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "metrics/bits.h"
#include "metrics/columns.h"

namespace holm::metrics {

namespace {

constexpr char kVersion = 1;
constexpr int64_t kIsFlat = 1;  // All its values are the same.
constexpr int64_t kHasValues = 2;

int64_t flags_of(const Statistics& set) {
  const bool is_flat = set.min == set.max && set.sum == set.max * set.count;
  return (is_flat ? kIsFlat : 0) | (set.values.empty() ? 0 : kHasValues);
}

// How the steps between times change: nothing at all where they are regular.
std::vector<int64_t> step_changes(std::span<const Slot> slots) {
  std::vector<int64_t> changes;
  uint64_t before = 0, step_before = 0;  // Modulo 2^64, so that no times are too far apart.
  for (const Slot& slot : slots) {
    const uint64_t step = static_cast<uint64_t>(slot.time) - before;
    changes.push_back(static_cast<int64_t>(step - step_before));
    before = static_cast<uint64_t>(slot.time);
    step_before = step;
  }
  return changes;
}

struct Columns {
  std::vector<int64_t> flags, sizes;
  std::vector<double> counts, maxima, minima, sums, values, value_counts;
};

Columns columns_of(std::span<const Slot> slots) {
  Columns columns;
  for (const Slot& slot : slots) {
    const Statistics& set = slot.statistics;
    columns.flags.push_back(flags_of(set));
    columns.counts.push_back(set.count);
    columns.maxima.push_back(set.max);
    if (!(columns.flags.back() & kIsFlat)) {
      columns.minima.push_back(set.min);
      columns.sums.push_back(set.sum);
    }
    if (set.values.empty()) continue;
    columns.sizes.push_back(static_cast<int64_t>(set.values.size()));
    for (const Weighted& each : set.values) {
      columns.values.push_back(each.value);
      columns.value_counts.push_back(each.count);
    }
  }
  return columns;
}

template <class Number, class Take>
bool take_into(std::vector<Number>& column, std::string_view& bytes, size_t count, Take take) {
  auto taken = take(bytes, count);
  if (!taken) return false;
  column = std::move(*taken);
  return true;
}

// False when the bytes are no columns of `count` slots.
bool take_columns(std::string_view& bytes, size_t count, Columns& columns) {
  if (!take_into(columns.flags, bytes, count, take_integers)) return false;
  const auto is_not_flat = [](int64_t flags) { return !(flags & kIsFlat); };
  const auto has_values = [](int64_t flags) { return (flags & kHasValues) != 0; };
  const auto uneven = static_cast<size_t>(std::ranges::count_if(columns.flags, is_not_flat));
  const auto spread = static_cast<size_t>(std::ranges::count_if(columns.flags, has_values));
  if (!take_into(columns.counts, bytes, count, take_doubles) ||
      !take_into(columns.maxima, bytes, count, take_doubles) ||
      !take_into(columns.minima, bytes, uneven, take_doubles) ||
      !take_into(columns.sums, bytes, uneven, take_doubles) ||
      !take_into(columns.sizes, bytes, spread, take_integers)) {
    return false;
  }
  size_t all = 0;
  for (int64_t size : columns.sizes) {
    if (size < 1 || size > static_cast<int64_t>(kDistinctValuesMax)) return false;
    all += static_cast<size_t>(size);
  }
  return take_into(columns.values, bytes, all, take_doubles) &&
         take_into(columns.value_counts, bytes, all, take_doubles);
}

std::vector<Slot> slots_of(std::span<const int64_t> changes, const Columns& columns) {
  std::vector<Slot> slots;
  size_t uneven = 0, spread = 0, value = 0;
  uint64_t time = 0, step = 0;
  for (size_t i = 0; i < changes.size(); ++i) {
    step += static_cast<uint64_t>(changes[i]);
    time += step;
    Slot slot{.time = static_cast<int64_t>(time), .statistics = {}};
    Statistics& set = slot.statistics;
    set.count = columns.counts[i];
    set.max = set.min = columns.maxima[i];
    set.sum = set.max * set.count;
    if (!(columns.flags[i] & kIsFlat)) {
      set.min = columns.minima[uneven];
      set.sum = columns.sums[uneven++];
    }
    if (columns.flags[i] & kHasValues) {
      for (int64_t n = columns.sizes[spread++]; n > 0; --n, ++value) {
        set.values.push_back({columns.values[value], columns.value_counts[value]});
      }
    }
    slots.push_back(std::move(slot));
  }
  return slots;
}

}  // namespace

std::string encode_block(std::span<const Slot> slots) {
  CHECK(slots.size() <= kBlockSlotsMax);
  const Columns columns = columns_of(slots);
  std::string bytes(1, kVersion);
  put_varint(bytes, slots.size());
  put_integers(bytes, step_changes(slots));
  put_integers(bytes, columns.flags);
  put_doubles(bytes, columns.counts);
  put_doubles(bytes, columns.maxima);
  put_doubles(bytes, columns.minima);
  put_doubles(bytes, columns.sums);
  put_integers(bytes, columns.sizes);
  put_doubles(bytes, columns.values);
  put_doubles(bytes, columns.value_counts);
  return bytes;
}

Result<std::vector<Slot>> decode_block(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != kVersion) return failure("a block of metrics has an unknown version");
  bytes.remove_prefix(1);
  uint64_t count = 0;
  if (!take_varint(bytes, count) || count > kBlockSlotsMax) return failure("a block of metrics is too long");
  auto changes = take_integers(bytes, count);
  if (!changes) return std::unexpected(changes.error());
  Columns columns;
  if (!take_columns(bytes, count, columns) || !bytes.empty()) return failure("a block of metrics is damaged");
  return slots_of(*changes, columns);
}

void merge_slots(std::vector<Slot>& into, std::vector<Slot> slots) {
  if (slots.empty()) return;
  if (into.empty() || into.back().time < slots.front().time) {
    std::ranges::move(slots, std::back_inserter(into));
    return;
  }
  std::vector<Slot> merged;
  merged.reserve(into.size() + slots.size());
  auto mine = into.begin();
  auto theirs = slots.begin();
  while (mine != into.end() || theirs != slots.end()) {
    if (theirs == slots.end() || (mine != into.end() && mine->time < theirs->time)) {
      merged.push_back(std::move(*mine++));
    } else if (mine == into.end() || theirs->time < mine->time) {
      merged.push_back(std::move(*theirs++));
    } else {
      mine->statistics.merge((theirs++)->statistics);
    }
  }
  into = std::move(merged);
}

void coarsen(std::vector<Slot>& slots, int64_t seconds) {
  size_t kept = 0;
  for (size_t i = 0; i < slots.size(); ++i) {
    Slot slot = std::move(slots[i]);
    slot.time -= ((slot.time % seconds) + seconds) % seconds;
    if (kept > 0 && slots[kept - 1].time == slot.time) slots[kept - 1].statistics.merge(slot.statistics);
    else slots[kept++] = std::move(slot);
  }
  slots.resize(kept);
}

}  // namespace holm::metrics
