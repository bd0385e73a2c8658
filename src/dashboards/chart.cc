// Lines and areas over time.

#include "dashboards/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "dashboards/scale.h"

namespace holm::dashboards {

namespace {

constexpr std::array kColors = {"#2563eb", "#ea580c", "#16a34a", "#dc2626",
                                "#9333ea", "#0891b2", "#ca8a04", "#db2777"};
constexpr double kAxisWidth = 44, kTimesHeight = 18, kLegendRow = 16, kLegendMax = 4;
constexpr double kPixelsPerTick = 40, kPixelsPerTime = 90;
// A curve is not drawn across so many periods without a value.
constexpr int64_t kGapPeriods = 3;

bool is_color(std::string_view text) {
  return text.size() == 7 && text[0] == '#' &&
         text.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string_view::npos;
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void take(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool is_empty() const { return low > high; }
};

// Everything on top of what stands below it, for stacked areas.
std::vector<Series> stacked(const std::vector<Series>& series) {
  std::map<int64_t, double> below;
  std::vector<Series> result = series;
  for (Series& each : result) {
    for (Point& point : each.points) point.value = below[point.time] += point.value;
  }
  return result;
}

class Chart {
 public:
  Chart(Svg& svg, const Box& box, const Widget& widget, const std::vector<Series>& series, int64_t start,
        int64_t end)
      : svg_(svg),
        widget_(widget),
        series_(widget.view == View::Stacked ? stacked(series) : series),
        colors_(colors_of(widget, series)),
        start_(start),
        end_(end) {
    plot_ = draw_legend(svg_, box, series_, colors_);
    plot_.height = std::max(10.0, plot_.height - kTimesHeight);
    plot_.x += kAxisWidth;
    const bool has_right = std::ranges::any_of(series_, [&](const Series& each) { return is_right(each); });
    plot_.width = std::max(10.0, plot_.width - kAxisWidth - (has_right ? kAxisWidth : 10));
    left_ = range_of(widget_.left, false);
    right_ = range_of(widget_.right, true);
    draw_axes(has_right);
    draw_marks();
  }

  void draw_series() {
    // The uppermost area first, so that those below it are seen.
    for (size_t i = series_.size(); i-- > 0;) draw_one(series_[i], colors_[i]);
  }

 private:
  bool is_right(const Series& series) const {
    return series.line < widget_.lines.size() && widget_.lines[series.line].is_right;
  }
  int64_t period_of(const Series& series) const {
    return series.line < widget_.lines.size() ? std::max<int64_t>(widget_.lines[series.line].period, 1) : 60;
  }

  Range range_of(const Axis& axis, bool is_right_one) const {
    Range range;
    for (const Series& each : series_) {
      if (is_right(each) != is_right_one) continue;
      for (const Point& point : each.points) range.take(point.value);
    }
    if (!is_right_one) {
      for (const Mark& mark : widget_.marks) range.take(mark.value);
    }
    if (range.is_empty()) range = {.low = 0, .high = 1};
    // Curves of what cannot be negative stand on zero, unless they are far above it.
    if (range.low > 0 && range.low < 0.7 * range.high) range.low = 0;
    if (range.high - range.low <= 0) {
      range.low = std::min(0.0, range.low);
      range.high = range.high > 0 ? range.high * 1.2 : 1;
    }
    range.low = axis.min.value_or(range.low);
    range.high = axis.max.value_or(range.high + (range.high - range.low) * 0.05);
    if (!(range.low < range.high)) range.high = range.low + 1;
    return range;
  }

  double x_of(int64_t time) const {
    return plot_.x + plot_.width * static_cast<double>(time - start_) / static_cast<double>(end_ - start_);
  }
  double y_of(double value, const Range& range) const {
    const double share = (value - range.low) / (range.high - range.low);
    return plot_.bottom() - plot_.height * std::clamp(share, 0.0, 1.0);
  }

  void draw_axes(bool has_right) {
    const int count = std::max(2, static_cast<int>(plot_.height / kPixelsPerTick));
    for (const double tick : ticks_between(left_.low, left_.high, count)) {
      const double y = y_of(tick, left_);
      svg_.line(plot_.x, y, plot_.right(), y, "grid");
      svg_.text(plot_.x - 6, y + 4, short_number(tick), "small", "end");
    }
    if (has_right) {
      for (const double tick : ticks_between(right_.low, right_.high, count)) {
        svg_.text(plot_.right() + 6, y_of(tick, right_) + 4, short_number(tick), "small");
      }
    }
    const int times = std::max(2, static_cast<int>(plot_.width / kPixelsPerTime));
    for (const int64_t time : times_between(start_, end_, times)) {
      svg_.line(x_of(time), plot_.bottom(), x_of(time), plot_.bottom() + 4, "axis");
      svg_.text(x_of(time), plot_.bottom() + 15, short_time(time, end_ - start_), "small", "middle");
    }
    svg_.line(plot_.x, plot_.bottom(), plot_.right(), plot_.bottom(), "axis");
  }

  void draw_marks() {
    for (const Mark& mark : widget_.marks) {
      if (mark.value < left_.low || mark.value > left_.high) continue;
      const double y = y_of(mark.value, left_);
      svg_.line(plot_.x, y, plot_.right(), y, "mark", is_color(mark.color) ? mark.color : "#dc2626");
      if (!mark.label.empty()) {
        svg_.text(plot_.right() - 4, y - 4, fitting(mark.label, plot_.width / 2), "small", "end");
      }
    }
  }

  void draw_one(const Series& series, const std::string& color) {
    const Range& range = is_right(series) ? right_ : left_;
    const int64_t gap = kGapPeriods * period_of(series);
    size_t begin = 0;
    for (size_t i = 1; i <= series.points.size(); ++i) {
      const bool goes_on =
          i < series.points.size() && series.points[i].time - series.points[i - 1].time <= gap;
      if (goes_on) continue;
      draw_piece({series.points.begin() + static_cast<std::ptrdiff_t>(begin),
                  series.points.begin() + static_cast<std::ptrdiff_t>(i)},
                 range, color);
      begin = i;
    }
  }

  void draw_piece(const std::vector<Point>& points, const Range& range, const std::string& color) {
    if (points.size() == 1) return svg_.dot(x_of(points[0].time), y_of(points[0].value, range), color);
    std::string data;
    for (const Point& point : points) {
      data += fmt::format("{}{:.1f},{:.1f}", data.empty() ? "M" : "L", x_of(point.time),
                          y_of(point.value, range));
    }
    if (widget_.view == View::Stacked) {
      const std::string area = fmt::format("{}L{:.1f},{:.1f}L{:.1f},{:.1f}Z", data, x_of(points.back().time),
                                           plot_.bottom(), x_of(points.front().time), plot_.bottom());
      svg_.path(area, "none", color);
    }
    svg_.path(data, color);
  }

  Svg& svg_;
  const Widget& widget_;
  const std::vector<Series> series_;
  const std::vector<std::string> colors_;
  const int64_t start_, end_;
  Box plot_;
  Range left_, right_;
};

}  // namespace

std::vector<std::string> colors_of(const Widget& widget, const std::vector<Series>& series) {
  std::vector<std::string> colors;
  for (const Series& each : series) {
    const bool is_known = each.line < widget.lines.size();
    const std::string asked = is_known ? widget.lines[each.line].color : "";
    colors.emplace_back(is_color(asked) ? asked : kColors[colors.size() % kColors.size()]);
  }
  return colors;
}

Box draw_legend(Svg& svg, Box box, const std::vector<Series>& series,
                const std::vector<std::string>& colors) {
  const auto columns = static_cast<size_t>(std::max(1.0, std::floor(box.width / 180)));
  const size_t rows =
      std::min<size_t>((series.size() + columns - 1) / columns, static_cast<size_t>(kLegendMax));
  const double cell = box.width / static_cast<double>(columns);
  box.height -= kLegendRow * static_cast<double>(rows);
  for (size_t i = 0; i < std::min(series.size(), rows * columns); ++i) {
    const double x = box.x + cell * static_cast<double>(i % columns);
    const double y = box.bottom() + kLegendRow * static_cast<double>(i / columns + 1) - 4;
    svg.rectangle({x, y - 8, 8, 8}, "key", colors[i]);
    svg.text(x + 13, y, fitting(series[i].label, cell - 20), "small");
  }
  return box;
}

void draw_chart(Svg& svg, const Box& box, const Widget& widget, const std::vector<Series>& series,
                int64_t start, int64_t end) {
  Chart(svg, box, widget, series, start, end).draw_series();
}

}  // namespace holm::dashboards
