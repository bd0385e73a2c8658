// A dashboard's body: its widgets, and what they show.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace holm::dashboards {

// What is wrong with a body. `path` leads to it: "/widgets/0/properties".
struct Fault {
  std::string path;
  std::string message;
};

// One line of a chart: a metric, or an expression over those that have an id.
struct Line {
  std::string space;
  std::string name;
  std::vector<std::pair<std::string, std::string>> dimensions;
  std::string expression;  // Instead of the three above.
  std::string id;          // Empty: nobody speaks of it.
  std::string label;       // Empty: the metric's name.
  std::string stat;
  std::string color;   // "#ff7f0e"; empty: the next one.
  int64_t period = 0;  // Seconds.
  bool is_right = false;
  bool is_visible = true;
};

struct Axis {
  std::optional<double> min, max;
  std::string label;
};

// A horizontal line that marks a value.
struct Mark {
  double value = 0;
  std::string label;
  std::string color;
};

enum class View : uint8_t { Lines, Stacked, Numbers, Bars, Table };

struct Widget {
  enum class Kind : uint8_t { Metric, Text, Alarm, Other };
  Kind kind = Kind::Other;
  std::string type;  // As the body calls it.
  // In units of the grid, which is 24 wide.
  int64_t x = 0, y = 0, width = 6, height = 6;
  std::string title;
  std::string region;
  View view = View::Lines;
  std::vector<Line> lines;
  Axis left, right;
  std::vector<Mark> marks;
  std::vector<std::string> alarms;  // Their ARNs.
  std::string markdown;
};

struct Dashboard {
  std::vector<Widget> widgets;
  int64_t span = 3 * 60 * 60;  // Seconds up to now, unless it shows a certain time:
  std::optional<Time> start, end;
};

struct Reading {
  Dashboard dashboard;        // What of it could be read.
  std::vector<Fault> faults;  // Empty: the body is a dashboard's.
};
// Any text. Widgets without a place stand where CloudWatch puts them: in rows, from the left.
Reading read_body(std::string_view body);

}  // namespace holm::dashboards
