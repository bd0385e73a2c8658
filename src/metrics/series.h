// The names of what is measured.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holm::metrics {

struct Dimension {
  std::string name;
  std::string value;
  auto operator<=>(const Dimension&) const = default;
};

// What CloudWatch calls a metric, of one account and region.
struct Metric {
  std::string account;
  std::string region;
  std::string space;                  // "AWS/Lambda"
  std::string name;                   // "Invocations"
  std::vector<Dimension> dimensions;  // In any order.
  bool operator==(const Metric&) const = default;
};

// Values of one metric in one unit.
struct Series {
  Metric metric;
  std::string unit = "None";  // As CloudWatch spells them: "Count", "Bytes", "Percent".
  bool operator==(const Series&) const = default;
};

// Bytes that are the same for the same series, and that sort by account, region, namespace, name and
// dimensions. No part may contain a zero byte. The key of a series begins with that of its metric.
std::string key_of(const Metric& metric);
std::string key_of(const Series& series);
// What the keys of all metrics of an account and region begin with: of all, of a namespace, of a name in it.
std::string key_prefix(const std::string& account, const std::string& region,
                       const std::optional<std::string>& space, const std::optional<std::string>& name);
// What key_of() was given, the dimensions sorted; nothing for other bytes.
std::optional<Series> series_of(std::string_view key);

}  // namespace holm::metrics
