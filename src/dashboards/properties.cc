// Reading the properties of widgets.

#include "dashboards/properties.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

namespace holm::dashboards {

namespace {

using formats::Array;
using formats::Object;
using formats::Value;

constexpr size_t kLinesMax = 500;
constexpr int64_t kPeriodDefault = 300;
constexpr char kStatDefault[] = "Average";

const std::map<std::string_view, View>& views() {
  static const std::map<std::string_view, View> all = {
      {"timeSeries", View::Lines}, {"singleValue", View::Numbers}, {"gauge", View::Bars}, {"bar", View::Bars},
      {"pie", View::Bars},         {"table", View::Table}};
  return all;
}

std::string text_in(const Object& object, std::string_view name) {
  const Value* value = object.find(name);
  const std::string* text = value ? value->as_string() : nullptr;
  return text ? *text : "";
}

std::optional<double> number_in(const Object& object, std::string_view name) {
  const Value* value = object.find(name);
  const auto number = value ? value->as_number() : std::nullopt;
  return number && std::isfinite(*number) ? number : std::nullopt;
}

const Object* object_in(const Object& object, std::string_view name) {
  const Value* value = object.find(name);
  return value ? value->as_object() : nullptr;
}

const Array* array_in(const Object& object, std::string_view name) {
  const Value* value = object.find(name);
  return value ? value->as_array() : nullptr;
}

class PropertiesReader {
 public:
  PropertiesReader(std::string path, Widget& widget, std::vector<Fault>& faults)
      : path_(std::move(path)), widget_(widget), faults_(faults) {}

  void read(const Object& given) {
    widget_.title = text_in(given, "title");
    switch (widget_.kind) {
      case Widget::Kind::Text:
        if (require(given, "markdown")) widget_.markdown = text_in(given, "markdown");
        return;
      case Widget::Kind::Alarm:
        if (require_array(given, "alarms")) read_alarms(*array_in(given, "alarms"));
        return;
      case Widget::Kind::Metric: return read_metrics(given);
      case Widget::Kind::Other: break;
    }
    if (widget_.type == "custom") require(given, "endpoint");
    if (widget_.type == "log" && require(given, "query")) require(given, "region");
  }

 private:
  void fault(const std::string& below, std::string message) {
    faults_.push_back({path_ + below, std::move(message)});
  }
  // Whether there is a text of that name.
  bool require(const Object& given, const char* name) {
    const Value* value = given.find(name);
    if (!value) fault("", fmt::format("Should have required property '{}'", name));
    if (value && !value->as_string()) fault(fmt::format("/{}", name), "Should be a string");
    return value && value->as_string();
  }
  bool require_array(const Object& given, const char* name) {
    const Value* value = given.find(name);
    if (!value) fault("", fmt::format("Should have required property '{}'", name));
    if (value && !value->as_array()) fault(fmt::format("/{}", name), "Should be an array");
    return value && value->as_array();
  }

  void read_alarms(const Array& alarms) {
    for (const Value& each : alarms) {
      if (each.as_string()) {
        widget_.alarms.push_back(*each.as_string());
      } else {
        fault("/alarms", "Should be an array of strings");
      }
    }
  }

  void read_metrics(const Object& given) {
    if (require(given, "region")) widget_.region = text_in(given, "region");
    read_view(given);
    read_period(given);
    if (!text_in(given, "stat").empty()) stat_ = text_in(given, "stat");
    if (const Object* axes = object_in(given, "yAxis")) {
      if (const Object* left = object_in(*axes, "left")) widget_.left = axis_of(*left);
      if (const Object* right = object_in(*axes, "right")) widget_.right = axis_of(*right);
    }
    const Object* annotations = object_in(given, "annotations");
    if (annotations) read_annotations(*annotations);
    if (given.find("metrics")) {
      if (require_array(given, "metrics")) read_lines(*array_in(given, "metrics"));
    } else if (!annotations || !array_in(*annotations, "alarms")) {
      fault("", "Should have required property 'metrics'");
    }
  }

  void read_view(const Object& given) {
    const Value* stacked = given.find("stacked");
    if (stacked && !stacked->as_boolean()) fault("/stacked", "Should be a boolean");
    const std::string name = text_in(given, "view");
    const auto found = views().find(name);
    if (found != views().end()) widget_.view = found->second;
    if (given.find("view") && found == views().end()) {
      fault("/view",
            "Should be equal to one of the allowed values: timeSeries, singleValue, gauge, bar, pie, table");
    }
    const bool is_stacked = stacked && stacked->as_boolean() && *stacked->as_boolean();
    if (widget_.view == View::Lines && is_stacked) widget_.view = View::Stacked;
  }

  void read_period(const Object& given) {
    const Value* period = given.find("period");
    if (!period) return;
    const auto seconds = period->as_integer();
    if (seconds && is_period(*seconds)) {
      period_ = *seconds;
    } else {
      fault("/period", "Should be 1, 5, 10, 30 or a multiple of 60");
    }
  }
  static bool is_period(int64_t seconds) {
    return seconds == 1 || seconds == 5 || seconds == 10 || seconds == 30 ||
           (seconds > 0 && seconds <= 30 * 86'400 && seconds % 60 == 0);
  }

  static Axis axis_of(const Object& given) {
    return {.min = number_in(given, "min"), .max = number_in(given, "max"), .label = text_in(given, "label")};
  }

  void read_annotations(const Object& given) {
    if (const Array* horizontal = array_in(given, "horizontal")) {
      for (const Value& each : *horizontal) {
        const Object* mark = each.as_object();
        const auto value = mark ? number_in(*mark, "value") : std::nullopt;
        // A band is an array of two; its edges are drawn.
        if (value) widget_.marks.push_back({*value, text_in(*mark, "label"), text_in(*mark, "color")});
      }
    }
    if (const Array* alarms = array_in(given, "alarms")) read_alarms(*alarms);
  }

  void read_lines(const Array& lines) {
    if (lines.size() > kLinesMax) {
      return fault("/metrics", fmt::format("Should NOT have more than {} items", kLinesMax));
    }
    size_t position = 0;
    for (const Value& each : lines) read_line(each, fmt::format("/metrics/{}", position++));
  }

  // ["AWS/EC2", "CPUUtilization", "InstanceId", "i-1", {…}]: "." is what stood there in the line before,
  // "..." all that stood there up to what follows.
  void read_line(const Value& given, const std::string& path) {
    const Array* parts = given.as_array();
    if (!parts || parts->empty()) return fault(path, "Should be an array that is not empty");
    Line line{.stat = stat_, .period = period_};
    std::vector<std::string> given_words;
    for (const Value& part : *parts) {
      if (const Object* options = part.as_object()) {
        read_options(*options, line);
      } else if (part.as_string()) {
        given_words.push_back(*part.as_string());
      } else {
        return fault(path, "Should be made of strings and at most one object");
      }
    }
    const std::vector<std::string> words = written_out(given_words);
    if (!line.expression.empty()) {
      if (!words.empty()) return fault(path, "Should have either an expression or a metric");
      widget_.lines.push_back(std::move(line));
      return;
    }
    if (words.size() < 2 || words.size() % 2 != 0) {
      return fault(path, "Should have a namespace, a metric name, and a value for each dimension");
    }
    before_ = words;
    line.space = words[0];
    line.name = words[1];
    for (size_t i = 2; i < words.size(); i += 2) line.dimensions.emplace_back(words[i], words[i + 1]);
    widget_.lines.push_back(std::move(line));
  }

  // With what stood in the line above in the place of dots; shorter where nothing stood there.
  std::vector<std::string> written_out(const std::vector<std::string>& given) const {
    std::vector<std::string> words;
    for (size_t i = 0; i < given.size(); ++i) {
      const size_t behind = given.size() - i - 1;
      if (given[i] == "." && words.size() < before_.size()) {
        words.push_back(before_[words.size()]);
      } else if (given[i] == "...") {
        while (words.size() + behind < before_.size()) words.push_back(before_[words.size()]);
      } else if (given[i] != ".") {
        words.push_back(given[i]);
      }
    }
    return words;
  }

  static void read_options(const Object& options, Line& line) {
    line.expression = text_in(options, "expression");
    line.id = text_in(options, "id");
    line.label = text_in(options, "label");
    line.color = text_in(options, "color");
    line.is_right = text_in(options, "yAxis") == "right";
    if (!text_in(options, "stat").empty()) line.stat = text_in(options, "stat");
    const Value* period = options.find("period");
    const auto seconds = period ? period->as_integer() : std::nullopt;
    if (seconds && is_period(*seconds)) line.period = *seconds;
    const Value* visible = options.find("visible");
    if (visible && visible->as_boolean()) line.is_visible = *visible->as_boolean();
  }

  const std::string path_;
  Widget& widget_;
  std::vector<Fault>& faults_;
  std::string stat_ = kStatDefault;
  int64_t period_ = kPeriodDefault;
  std::vector<std::string> before_;  // The words of the metric above.
};

}  // namespace

void read_properties(const Object& properties, const std::string& path, Widget& widget,
                     std::vector<Fault>& faults) {
  PropertiesReader(path, widget, faults).read(properties);
}

}  // namespace holm::dashboards
