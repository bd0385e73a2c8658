// A dashboard's values are asked for as any client would, and drawn.

#include "cli/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <set>

#include "base/strings.h"
#include "base/system_clock.h"
#include "base/time_format.h"
#include "cli/access.h"
#include "cli/fail.h"
#include "dashboards/body.h"
#include "dashboards/picture.h"
#include "formats/json.h"

namespace holm::cli {

namespace {

using dashboards::Line;
using dashboards::Series;
using dashboards::Widget;
using formats::XmlElement;

constexpr size_t kAlarmsAtOnce = 100;

std::string text_of(const XmlElement& element, std::string_view name) {
  const XmlElement* found = element.find(name);
  return found ? found->text : "";
}
const std::vector<XmlElement>& members_of(const XmlElement& element, std::string_view name) {
  static const std::vector<XmlElement> none;
  const XmlElement* found = element.find(name);
  return found ? found->children : none;
}

class Graph {
 public:
  Graph(const region::Options& options, ApiAccess access) : options_(options), access_(std::move(access)) {}

  // The picture of the dashboard called `name`.
  ApiResult<std::string> picture_of(const std::string& name) {
    auto found = client(options_.default_region).cloudwatch("GetDashboard", {{"DashboardName", name}});
    if (!found) return std::unexpected(found.error());
    dashboards::Dashboard dashboard = dashboards::read_body(text_of(*found, "DashboardBody")).dashboard;
    const Time end = dashboard.end.value_or(clock_.now());
    const Time start = dashboard.start.value_or(end - std::chrono::seconds(dashboard.span));
    dashboards::Values values{.start = to_milliseconds(start) / 1000, .end = to_milliseconds(end) / 1000};
    std::set<std::string> alarms;
    for (size_t i = 0; i < dashboard.widgets.size(); ++i) {
      const Widget& widget = dashboard.widgets[i];
      alarms.insert(widget.alarms.begin(), widget.alarms.end());
      if (widget.lines.empty()) continue;
      auto series = series_of(widget, start, end);
      if (!series) return std::unexpected(series.error());
      values.of[i] = std::move(*series);
    }
    if (auto told = tell_alarms(alarms, values); !told) return std::unexpected(told.error());
    return dashboards::draw(dashboard, values);
  }

  ApiResult<std::vector<std::string>> names() {
    std::vector<std::string> names;
    formats::Form fields;
    do {
      auto answer = client(options_.default_region).cloudwatch("ListDashboards", fields);
      if (!answer) return std::unexpected(answer.error());
      for (const XmlElement& each : members_of(*answer, "DashboardEntries")) {
        names.push_back(text_of(each, "DashboardName"));
      }
      const std::string token = text_of(*answer, "NextToken");
      fields = token.empty() ? formats::Form{} : formats::Form{{"NextToken", token}};
    } while (!fields.empty());
    return names;
  }

 private:
  ApiClient& client(const std::string& region) {
    auto& found = clients_[region];
    if (!found) {
      ApiAccess access = access_;
      access.region = region;
      found = std::make_unique<ApiClient>(clock_, std::move(access));
    }
    return *found;
  }

  static std::string id_of(const Line& line, size_t position) {
    return line.id.empty() ? fmt::format("unnamed{}", position) : line.id;
  }

  // A metric's name tells it apart, or its name and what it is of.
  static std::string label_of(const Widget& widget, const Line& line) {
    if (!line.label.empty()) return line.label;
    if (!line.expression.empty()) return line.id.empty() ? line.expression : line.id;
    const auto namesakes =
        std::ranges::count_if(widget.lines, [&](const Line& each) { return each.name == line.name; });
    if (namesakes < 2 || line.dimensions.empty()) return line.name;
    return line.name + " " + line.dimensions.back().second;
  }

  static formats::Form queries_of(const Widget& widget) {
    formats::Form fields;
    for (size_t i = 0; i < widget.lines.size(); ++i) {
      const Line& line = widget.lines[i];
      const std::string query = fmt::format("MetricDataQueries.member.{}.", i + 1);
      fields.push_back({query + "Id", id_of(line, i)});
      fields.push_back({query + "Label", label_of(widget, line)});
      fields.push_back({query + "ReturnData", line.is_visible ? "true" : "false"});
      if (!line.expression.empty()) {
        fields.push_back({query + "Expression", line.expression});
        fields.push_back({query + "Period", std::to_string(line.period)});
        continue;
      }
      fields.push_back({query + "MetricStat.Metric.Namespace", line.space});
      fields.push_back({query + "MetricStat.Metric.MetricName", line.name});
      fields.push_back({query + "MetricStat.Period", std::to_string(line.period)});
      fields.push_back({query + "MetricStat.Stat", line.stat});
      for (size_t k = 0; k < line.dimensions.size(); ++k) {
        const std::string member = fmt::format("{}MetricStat.Metric.Dimensions.member.{}.", query, k + 1);
        fields.push_back({member + "Name", line.dimensions[k].first});
        fields.push_back({member + "Value", line.dimensions[k].second});
      }
    }
    return fields;
  }

  ApiResult<std::vector<Series>> series_of(const Widget& widget, Time start, Time end) {
    formats::Form fields = queries_of(widget);
    fields.push_back({"StartTime", iso8601(start)});
    fields.push_back({"EndTime", iso8601(end)});
    fields.push_back({"ScanBy", "TimestampAscending"});
    std::map<std::string, size_t> lines;
    for (size_t i = 0; i < widget.lines.size(); ++i) lines[id_of(widget.lines[i], i)] = i;
    std::vector<Series> all;
    for (std::string token;;) {
      formats::Form page = fields;
      if (!token.empty()) page.push_back({"NextToken", token});
      auto answer = client(widget.region).cloudwatch("GetMetricData", std::move(page));
      if (!answer) return std::unexpected(answer.error());
      for (const XmlElement& each : members_of(*answer, "MetricDataResults")) {
        add(each, lines[text_of(each, "Id")], all);
      }
      token = text_of(*answer, "NextToken");
      if (token.empty()) return all;
    }
  }

  // A series may go on from the page before.
  static void add(const XmlElement& result, size_t line, std::vector<Series>& all) {
    const std::string label = text_of(result, "Label");
    auto found = std::ranges::find_if(
        all, [&](const Series& each) { return each.line == line && each.label == label; });
    if (found == all.end()) found = all.insert(all.end(), Series{.line = line, .label = label});
    const auto &times = members_of(result, "Timestamps"), &values = members_of(result, "Values");
    for (size_t i = 0; i < std::min(times.size(), values.size()); ++i) {
      const auto time = parse_iso8601(times[i].text);
      if (!formats::is_json_number(values[i].text)) continue;
      const auto value = formats::number_from_text(values[i].text).as_number();
      if (time && value) found->points.push_back({to_milliseconds(*time) / 1000, *value});
    }
  }

  // arn:aws:cloudwatch:region:account:alarm:NAME
  ApiResult<void> tell_alarms(const std::set<std::string>& arns, dashboards::Values& values) {
    std::map<std::string, std::vector<std::string>> names;
    for (const std::string& arn : arns) {
      const auto parts = split(arn, ':');
      const size_t name = arn.find(":alarm:");
      if (parts.size() < 7 || name == std::string::npos) continue;
      names[std::string(parts[3])].push_back(arn.substr(name + 7));
    }
    for (const auto& [region, all] : names) {
      for (size_t first = 0; first < all.size(); first += kAlarmsAtOnce) {
        formats::Form fields = {{"AlarmTypes.member.1", "MetricAlarm"},
                                {"AlarmTypes.member.2", "CompositeAlarm"},
                                {"MaxRecords", std::to_string(kAlarmsAtOnce)}};
        for (size_t i = first; i < std::min(all.size(), first + kAlarmsAtOnce); ++i) {
          fields.push_back({fmt::format("AlarmNames.member.{}", i - first + 1), all[i]});
        }
        auto answer = client(region).cloudwatch("DescribeAlarms", std::move(fields));
        if (!answer) return std::unexpected(answer.error());
        for (const char* kind : {"MetricAlarms", "CompositeAlarms"}) {
          for (const XmlElement& each : members_of(*answer, kind)) {
            values.alarms[text_of(each, "AlarmArn")] = text_of(each, "StateValue");
          }
        }
      }
    }
    return {};
  }

  const region::Options& options_;
  const ApiAccess access_;
  SystemClock clock_;
  std::map<std::string, std::unique_ptr<ApiClient>> clients_;  // By region.
};

}  // namespace

int graph(const region::Options& options, const std::string& name) {
  auto access = access_to(options, options.default_region);
  if (!access) return fail(access.error().message);
  Graph graph(options, std::move(*access));
  std::string chosen = name;
  if (chosen.empty()) {
    const auto names = graph.names();
    if (!names) return fail(names.error().message);
    if (names->empty()) return fail("there is no dashboard; aws cloudwatch put-dashboard makes one");
    if (names->size() > 1) return fail(fmt::format("which dashboard? {}", fmt::join(*names, ", ")));
    chosen = names->front();
  }
  const auto picture = graph.picture_of(chosen);
  if (!picture) return fail(picture.error().message);
  fmt::print("{}\n", *picture);
  return 0;
}

}  // namespace holm::cli
