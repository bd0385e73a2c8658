// Dashboards as SVG.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "dashboards/body.h"

namespace holm::dashboards {

struct Point {
  int64_t time = 0;  // Seconds since 1970; the beginning of its period.
  double value = 0;
};

// What one line of a widget has shown, in the order of time. An expression may have several.
struct Series {
  size_t line = 0;  // Of the widget's.
  std::string label;
  std::vector<Point> points;
};

struct Values {
  int64_t start = 0, end = 0;                 // Seconds since 1970.
  std::map<size_t, std::vector<Series>> of;   // By the widget's position.
  std::map<std::string, std::string> alarms;  // The state of each ARN that was found.
};

// A whole document in light and dark colours. Times are UTC.
std::string draw(const Dashboard& dashboard, const Values& values);

}  // namespace holm::dashboards
