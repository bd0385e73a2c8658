// Reading statistics' names, and computing them.

#include "services/cloudwatch/stat.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/strings.h"

namespace holm::cloudwatch {

namespace {

using Bound = Stat::Bound;
using Values = std::vector<metrics::Weighted>;

std::optional<double> parse_number(std::string_view text) {
  double number = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<double> parse_percent(std::string_view text) {
  auto number = parse_number(text);
  if (!number || *number < 0 || *number > 100) return std::nullopt;
  return number;
}

std::optional<StatKind> kind_of(std::string_view name) {
  if (name == "tm") return StatKind::TrimmedMean;
  if (name == "tc") return StatKind::TrimmedCount;
  if (name == "ts") return StatKind::TrimmedSum;
  if (name == "wm") return StatKind::WinsorizedMean;
  if (name == "pr") return StatKind::PercentileRank;
  return std::nullopt;
}

// "10%", "0.5" or nothing at all; false when it is none of these.
bool parse_bound(std::string_view text, std::optional<Bound>& bound) {
  if (text.empty()) return true;
  const bool is_percent = text.ends_with('%');
  const auto number = is_percent ? parse_percent(text.substr(0, text.size() - 1)) : parse_number(text);
  if (number) bound = Bound{*number, is_percent};
  return number.has_value();
}

// "(10%:90%)", "(:0.5)"
std::optional<Stat> parse_range(StatKind kind, std::string_view text) {
  if (!text.starts_with('(') || !text.ends_with(')')) return std::nullopt;
  const auto bounds = split(text.substr(1, text.size() - 2), ':');
  Stat stat{.kind = kind, .low = {}, .high = {}};
  if (bounds.size() != 2 || !parse_bound(bounds[0], stat.low) || !parse_bound(bounds[1], stat.high)) {
    return std::nullopt;
  }
  if (!stat.low && !stat.high) return std::nullopt;
  if (stat.low && stat.high && stat.low->is_percent != stat.high->is_percent) return std::nullopt;
  if (stat.low && stat.high && stat.low->number > stat.high->number) return std::nullopt;
  const bool is_percent = stat.low ? stat.low->is_percent : stat.high->is_percent;
  if (kind == StatKind::PercentileRank && is_percent) return std::nullopt;
  return stat;
}

// "p99", "tm90": the values below that percentile.
std::optional<Stat> parse_short(std::string_view lower) {
  if (lower.starts_with('p') && !lower.starts_with("pr")) {
    auto percent = parse_percent(lower.substr(1));
    if (!percent) return std::nullopt;
    return Stat{.kind = StatKind::Percentile, .low = {}, .high = Bound{*percent, true}};
  }
  auto kind = kind_of(lower.substr(0, 2));
  auto percent = lower.size() > 2 ? parse_percent(lower.substr(2)) : std::nullopt;
  if (!kind || !percent || *kind == StatKind::PercentileRank) return std::nullopt;
  return Stat{.kind = *kind, .low = {}, .high = Bound{*percent, true}};
}

// The value that so many percent of all are not above.
double percentile(const Values& values, double total, double percent) {
  const double wanted = total * percent / 100;
  double seen = 0;
  for (const metrics::Weighted& each : values) {
    seen += each.count;
    if (seen >= wanted - 1e-9 * total) return each.value;
  }
  return values.back().value;
}

struct Range {
  double low, high;
  bool takes(double value) const { return value >= low && value <= high; }
};

// Shares are turned into values: from there on both kinds of bounds are alike.
Range range_of(const Stat& stat, const metrics::Statistics& set, const Values& values) {
  Range range{set.min, set.max};
  auto value_of = [&](const Bound& bound) {
    return bound.is_percent ? percentile(values, set.count, bound.number) : bound.number;
  };
  if (stat.low) range.low = value_of(*stat.low);
  if (stat.high) range.high = value_of(*stat.high);
  return range;
}

}  // namespace

Result<Stat> Stat::parse(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, StatKind>, 5> kPlain = {
      {{"SampleCount", StatKind::SampleCount},
       {"Average", StatKind::Average},
       {"Sum", StatKind::Sum},
       {"Minimum", StatKind::Minimum},
       {"Maximum", StatKind::Maximum}}};
  for (const auto& [name, kind] : kPlain) {
    if (name == text) return Stat{.kind = kind, .low = {}, .high = {}};
  }
  const std::string lower = to_lower(text);
  std::optional<Stat> stat;
  if (lower == "iqm")
    stat = Stat{.kind = StatKind::TrimmedMean, .low = Bound{25, true}, .high = Bound{75, true}};
  else if (auto kind = kind_of(lower.substr(0, 2)); kind && lower.ends_with(')'))
    stat = parse_range(*kind, lower.substr(2));
  else if (!lower.empty()) stat = parse_short(lower);
  if (!stat) return failure(fmt::format("{} is not a statistic.", text));
  return *stat;
}

std::optional<double> Stat::of(const metrics::Statistics& set) const {
  if (kind == StatKind::SampleCount) return set.count;
  if (kind == StatKind::Average) return set.sum / set.count;
  if (kind == StatKind::Sum) return set.sum;
  if (kind == StatKind::Minimum) return set.min;
  if (kind == StatKind::Maximum) return set.max;
  auto values = set.distribution();
  if (!values || values->empty()) return std::nullopt;
  // Values that were rounded lie within what was measured.
  for (metrics::Weighted& each : *values) each.value = std::clamp(each.value, set.min, set.max);
  const Range range = range_of(*this, set, *values);
  if (kind == StatKind::Percentile) return range.high;
  double count = 0, sum = 0, moved = 0;
  for (const metrics::Weighted& each : *values) {
    moved += std::clamp(each.value, range.low, std::max(range.low, range.high)) * each.count;
    if (!range.takes(each.value)) continue;
    count += each.count;
    sum += each.value * each.count;
  }
  if (kind == StatKind::TrimmedCount) return count;
  if (kind == StatKind::TrimmedSum) return sum;
  if (kind == StatKind::WinsorizedMean) return moved / set.count;
  if (kind == StatKind::PercentileRank) return 100 * count / set.count;
  return count > 0 ? std::optional(sum / count) : std::nullopt;
}

}  // namespace holm::cloudwatch
