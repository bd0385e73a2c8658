// Merging sets of values.

#include "metrics/statistics.h"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace holm::metrics {

namespace {

constexpr int kMantissaBits = 52;

// Keeps the `bits` most significant bits of the mantissa, to the nearest.
double rounded(double value, int bits) {
  const int dropped = kMantissaBits - bits;
  uint64_t raw = std::bit_cast<uint64_t>(value);
  raw += uint64_t{1} << (dropped - 1);
  raw &= ~((uint64_t{1} << dropped) - 1);
  return std::bit_cast<double>(raw);
}

void join_equal(std::vector<Weighted>& values) {
  size_t kept = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (kept > 0 && values[kept - 1].value == values[i].value) values[kept - 1].count += values[i].count;
    else values[kept++] = values[i];
  }
  values.resize(kept);
}

void limit(std::vector<Weighted>& values) {
  for (int bits = 6; values.size() > kDistinctValuesMax && bits > 0; --bits) {
    for (Weighted& each : values) each.value = rounded(each.value, bits);
    join_equal(values);
  }
}

// Whether count, sum, min and max leave only one way in which the values can be distributed.
bool is_implied(const Statistics& set) {
  return set.min == set.max || (set.count == 2 && set.sum == set.min + set.max);
}

}  // namespace

Statistics Statistics::of(double value, double count) {
  return {.count = count, .sum = value * count, .min = value, .max = value, .values = {}};
}

Statistics Statistics::of_values(std::vector<Weighted> values) {
  if (values.empty()) return {};
  std::ranges::sort(values, {}, &Weighted::value);
  join_equal(values);
  Statistics set{.min = values.front().value, .max = values.back().value};
  for (const Weighted& each : values) {
    set.count += each.count;
    set.sum += each.value * each.count;
  }
  limit(values);
  if (!is_implied(set)) set.values = std::move(values);
  return set;
}

std::optional<std::vector<Weighted>> Statistics::distribution() const {
  if (count == 0) return std::vector<Weighted>();
  if (!values.empty()) return values;
  if (min == max) return std::vector<Weighted>{{min, count}};
  if (is_implied(*this)) return std::vector<Weighted>{{min, 1}, {max, 1}};
  return std::nullopt;
}

// The common case, without building lists.
void Statistics::merge_value(const Statistics& other) {
  count += other.count;
  sum += other.sum;
  min = std::min(min, other.min);
  max = std::max(max, other.max);
  auto place = std::ranges::lower_bound(values, other.min, {}, &Weighted::value);
  if (place != values.end() && place->value == other.min) {
    place->count += other.count;
    return;
  }
  values.insert(place, {other.min, other.count});
  limit(values);
}

void Statistics::merge(const Statistics& other) {
  if (other.count == 0) return;
  if (count == 0) {
    *this = other;
    return;
  }
  if (!values.empty() && other.min == other.max) return merge_value(other);
  auto mine = distribution();
  auto theirs = other.distribution();
  count += other.count;
  sum += other.sum;
  min = std::min(min, other.min);
  max = std::max(max, other.max);
  values.clear();
  if (!mine || !theirs || is_implied(*this)) return;
  values.reserve(mine->size() + theirs->size());
  std::ranges::merge(*mine, *theirs, std::back_inserter(values), {}, &Weighted::value, &Weighted::value);
  join_equal(values);
  limit(values);
}

}  // namespace holm::metrics
