// The dashboard as a whole: cards on a grid, and what is in those that are no charts.

#include "dashboards/picture.h"

#include <algorithm>

#include "base/strings.h"
#include "dashboards/chart.h"
#include "dashboards/scale.h"
#include "dashboards/svg.h"

namespace holm::dashboards {

namespace {

constexpr double kUnit = 50;  // Of the grid, in pixels.
constexpr double kGap = 5, kPadding = 12, kTitle = 24, kRow = 20;
constexpr int64_t kGridWidth = 24, kRowsMax = 2000;

constexpr char kStyle[] =
    "svg{font-family:system-ui,sans-serif;background:#f3f4f6}"
    ".card{fill:#fff;stroke:#d1d5db;rx:6px}.title{font-size:14px;font-weight:600;fill:#111827}"
    ".text{font-size:13px;fill:#1f2937}.head{font-size:17px;font-weight:600;fill:#111827}"
    ".small{font-size:11px;fill:#4b5563}.number{font-size:28px;font-weight:600;fill:#111827}"
    ".grid{stroke:#e5e7eb}.axis{stroke:#9ca3af}.mark{stroke-dasharray:5 3}.curve{stroke-width:1.6}"
    "@media (prefers-color-scheme:dark){svg{background:#0b1220}.card{fill:#111827;stroke:#374151}"
    ".title,.head,.number{fill:#f9fafb}.text{fill:#e5e7eb}.small{fill:#9ca3af}.grid{stroke:#1f2937}"
    ".axis{stroke:#4b5563}}";

std::string_view color_of_state(std::string_view state) {
  if (state == "OK") return "#16a34a";
  return state == "ALARM" ? "#dc2626" : "#6b7280";
}

// arn:aws:cloudwatch:region:account:alarm:NAME
std::string alarm_name(const std::string& arn) {
  const auto parts = split(arn, ':');
  if (parts.size() < 7) return arn;
  std::string name(parts[6]);
  for (size_t i = 7; i < parts.size(); ++i) name += ":" + std::string(parts[i]);
  return name;
}

class Picture {
 public:
  Picture(const Dashboard& dashboard, const Values& values)
      : dashboard_(dashboard), values_(values), svg_(kGridWidth * kUnit, height_of(dashboard), kStyle) {}

  std::string draw() {
    for (size_t i = 0; i < dashboard_.widgets.size(); ++i) {
      const auto found = values_.of.find(i);
      draw_widget(dashboard_.widgets[i], found == values_.of.end() ? std::vector<Series>{} : found->second);
    }
    return svg_.take();
  }

 private:
  static double height_of(const Dashboard& dashboard) {
    int64_t rows = 1;
    for (const Widget& each : dashboard.widgets) rows = std::max(rows, each.y + each.height);
    return kUnit * static_cast<double>(std::min(rows, kRowsMax));
  }

  void draw_widget(const Widget& widget, const std::vector<Series>& series) {
    if (widget.y >= kRowsMax) return;
    const Box card{static_cast<double>(widget.x) * kUnit + kGap, static_cast<double>(widget.y) * kUnit + kGap,
                   static_cast<double>(widget.width) * kUnit - 2 * kGap,
                   static_cast<double>(widget.height) * kUnit - 2 * kGap};
    svg_.rectangle(card, "card");
    Box inner{card.x + kPadding, card.y + kPadding, card.width - 2 * kPadding, card.height - 2 * kPadding};
    if (!widget.title.empty()) {
      svg_.text(inner.x, inner.y + 12, fitting(widget.title, inner.width * 0.8), "title");
      inner.y += kTitle;
      inner.height -= kTitle;
    }
    switch (widget.kind) {
      case Widget::Kind::Metric: return draw_metrics(inner, widget, series);
      case Widget::Kind::Text: return draw_text(inner, widget);
      case Widget::Kind::Alarm: return draw_alarms(inner, widget);
      case Widget::Kind::Other:
        return svg_.text(inner.x, inner.y + 14, "Widgets of type " + widget.type + " are not drawn.",
                         "small");
    }
  }

  void draw_metrics(const Box& box, const Widget& widget, const std::vector<Series>& series) {
    if (widget.lines.empty() && !widget.alarms.empty()) return draw_alarms(box, widget);
    const bool is_empty = std::ranges::all_of(series, [](const Series& each) { return each.points.empty(); });
    if (is_empty || values_.start >= values_.end) {
      return svg_.text(box.x, box.y + 14, "No data was measured in this time.", "small");
    }
    switch (widget.view) {
      case View::Lines:
      case View::Stacked: return draw_chart(svg_, box, widget, series, values_.start, values_.end);
      case View::Numbers: return draw_numbers(box, widget, series);
      case View::Bars: return draw_bars(box, widget, series);
      case View::Table: return draw_table(box, widget, series);
    }
  }

  // The newest value of each.
  void draw_numbers(const Box& box, const Widget& widget, const std::vector<Series>& series) {
    const auto colors = colors_of(widget, series);
    const double cell = box.width / static_cast<double>(std::max<size_t>(series.size(), 1));
    for (size_t i = 0; i < series.size(); ++i) {
      const double x = box.x + cell * static_cast<double>(i);
      const std::string value = series[i].points.empty() ? "–" : short_number(series[i].points.back().value);
      svg_.text(x, box.y + 34, value, "number");
      svg_.rectangle({x, box.y + 46, 8, 8}, "key", colors[i]);
      svg_.text(x + 13, box.y + 54, fitting(series[i].label, cell - 20), "small");
    }
  }

  void draw_bars(const Box& box, const Widget& widget, const std::vector<Series>& series) {
    const auto colors = colors_of(widget, series);
    double most = widget.left.max.value_or(0);
    for (const Series& each : series) {
      if (!each.points.empty()) most = std::max(most, each.points.back().value);
    }
    double y = box.y;
    for (size_t i = 0; i < series.size() && y + 2 * kRow <= box.bottom() + kRow; ++i, y += 2 * kRow) {
      const double value = series[i].points.empty() ? 0 : series[i].points.back().value;
      const double share = most > 0 ? std::clamp(value / most, 0.0, 1.0) : 0;
      svg_.text(box.x, y + 12, fitting(series[i].label, box.width - 60), "small");
      svg_.text(box.right(), y + 12, short_number(value), "small", "end");
      svg_.rectangle({box.x, y + 17, std::max(1.0, box.width * share), 12}, "bar", colors[i]);
    }
  }

  void draw_table(const Box& box, const Widget& widget, const std::vector<Series>& series) {
    const auto colors = colors_of(widget, series);
    double y = box.y;
    for (size_t i = 0; i < series.size() && y + kRow <= box.bottom(); ++i, y += kRow) {
      svg_.rectangle({box.x, y + 4, 8, 8}, "key", colors[i]);
      svg_.text(box.x + 13, y + 12, fitting(series[i].label, box.width - 80), "small");
      const std::string value = series[i].points.empty() ? "–" : short_number(series[i].points.back().value);
      svg_.text(box.right(), y + 12, value, "small", "end");
    }
  }

  // Headings and lines; other marks of Markdown are shown as they are.
  void draw_text(const Box& box, const Widget& widget) {
    double y = box.y;
    for (const std::string_view line : split(widget.markdown, '\n')) {
      if (y + kRow > box.bottom() + kRow / 2) return;
      const size_t marks = line.find_first_not_of('#');
      const bool is_heading = marks != 0 && marks != std::string_view::npos && line[marks] == ' ';
      const std::string_view text = is_heading ? trim(line.substr(marks)) : line;
      svg_.text(box.x, y + 14, fitting(text, box.width), is_heading ? "head" : "text");
      y += is_heading ? kRow + 4 : kRow;
    }
  }

  void draw_alarms(const Box& box, const Widget& widget) {
    double y = box.y;
    for (const std::string& arn : widget.alarms) {
      if (y + kRow > box.bottom() + kRow / 2) return;
      const auto found = values_.alarms.find(arn);
      const std::string state = found == values_.alarms.end() ? "not found" : found->second;
      svg_.rectangle({box.x, y + 3, 10, 10}, "key", color_of_state(state));
      svg_.text(box.x + 16, y + 12, fitting(alarm_name(arn), box.width - 140), "text");
      svg_.text(box.right(), y + 12, state, "small", "end");
      y += kRow;
    }
  }

  const Dashboard& dashboard_;
  const Values& values_;
  Svg svg_;
};

}  // namespace

std::string draw(const Dashboard& dashboard, const Values& values) {
  return Picture(dashboard, values).draw();
}

}  // namespace holm::dashboards
