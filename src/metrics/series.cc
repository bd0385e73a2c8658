// Keys are fields that end with a zero byte: account, region, namespace, name, names and values of
// dimensions, an empty one; and then the unit.

#include "metrics/series.h"

#include <algorithm>

#include "base/strings.h"

namespace holm::metrics {

std::string key_of(const Metric& metric) {
  std::string key;
  auto add = [&key](const std::string& field) {
    key += field;
    key += '\0';
  };
  for (const std::string* field : {&metric.account, &metric.region, &metric.space, &metric.name}) add(*field);
  auto add_dimensions = [&add](const std::vector<Dimension>& dimensions) {
    for (const Dimension& each : dimensions) {
      add(each.name);
      add(each.value);
    }
  };
  if (std::ranges::is_sorted(metric.dimensions)) {
    add_dimensions(metric.dimensions);
  } else {
    std::vector<Dimension> sorted = metric.dimensions;
    std::ranges::sort(sorted);
    add_dimensions(sorted);
  }
  return key + '\0';
}

std::string key_of(const Series& series) { return key_of(series.metric) + series.unit; }

std::string key_prefix(const std::string& account, const std::string& region,
                       const std::optional<std::string>& space, const std::optional<std::string>& name) {
  std::string prefix = account + '\0' + region + '\0';
  if (space) prefix += *space + '\0';
  if (space && name) prefix += *name + '\0';
  return prefix;
}

std::optional<Series> series_of(std::string_view key) {
  const auto fields = split(key, '\0');
  const size_t count = fields.size();
  if (count < 6 || count % 2 == 1 || !fields[count - 2].empty()) return std::nullopt;
  auto text = [&fields](size_t i) { return std::string(fields[i]); };
  Series series{.metric = {text(0), text(1), text(2), text(3), {}}, .unit = std::string(fields.back())};
  for (size_t i = 4; i + 2 < count; i += 2) series.metric.dimensions.push_back({text(i), text(i + 1)});
  return series;
}

}  // namespace holm::metrics
