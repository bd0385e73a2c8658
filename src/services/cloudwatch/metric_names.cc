// Names of metrics in requests and answers.

#include "services/cloudwatch/metric_names.h"

#include <fmt/format.h>

#include <algorithm>

namespace holm::cloudwatch {

namespace {

void require_printable(const std::string& text, std::string_view what) {
  const bool is_printable = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  const bool is_blank = text.find_first_not_of(' ') == std::string::npos;
  if (is_printable && !is_blank) return;
  throw InvalidParameterValueException(fmt::format(
      "The parameter {} must consist of printable ASCII characters, not all of them blanks.", what));
}

}  // namespace

metrics::Metric metric_of(const aws::Caller& caller, const std::string& space, const std::string& name,
                          const std::vector<Dimension>& dimensions) {
  require_printable(space, "Namespace");
  require_printable(name, "MetricName");
  metrics::Metric metric{caller.account, caller.region, space, name, {}};
  for (const Dimension& each : dimensions) {
    require_printable(each.name, "Dimensions.Name");
    require_printable(each.value, "Dimensions.Value");
    metric.dimensions.push_back({each.name, each.value});
  }
  std::ranges::sort(metric.dimensions);
  auto twice = std::ranges::adjacent_find(metric.dimensions, {}, &metrics::Dimension::name);
  if (twice != metric.dimensions.end()) {
    throw InvalidParameterValueException(
        fmt::format("The parameter Dimensions has the name {} more than once.", twice->name));
  }
  return metric;
}

std::vector<Dimension> dimensions_of(const metrics::Metric& metric) {
  std::vector<Dimension> dimensions;
  for (const metrics::Dimension& each : metric.dimensions) {
    dimensions.push_back({.name = each.name, .value = each.value});
  }
  return dimensions;
}

}  // namespace holm::cloudwatch
