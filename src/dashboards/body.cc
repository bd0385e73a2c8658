// Reading a dashboard's body: places and kinds of widgets.

#include "dashboards/body.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "base/time_format.h"
#include "dashboards/properties.h"
#include "formats/json.h"

namespace holm::dashboards {

namespace {

using formats::Object;
using formats::Value;

constexpr size_t kWidgetsMax = 500;
constexpr int64_t kGridWidth = 24;
constexpr int64_t kHeightMax = 1000;
constexpr std::array kTypes = {"metric", "text", "alarm", "log", "explorer", "custom"};

// "-PT3H", "-P1D", "-P2W", "-P1M": back from now, in seconds.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
std::optional<int64_t> relative_span(std::string_view text) {
  const bool is_of_day = text.starts_with("-PT");
  if (!text.starts_with("-P") || text.size() < 4) return std::nullopt;
  const std::string_view number = text.substr(is_of_day ? 3 : 2, text.size() - (is_of_day ? 4 : 3));
  const auto count = parse_integer(number);
  if (!count || *count < 1 || *count > 100'000) return std::nullopt;
  switch (text.back()) {
    case 'M': return *count * (is_of_day ? 60 : 30 * 86'400);
    case 'H': return is_of_day ? std::optional(*count * 3600) : std::nullopt;
    case 'D': return is_of_day ? std::nullopt : std::optional(*count * 86'400);
    case 'W': return is_of_day ? std::nullopt : std::optional(*count * 7 * 86'400);
    default: return std::nullopt;
  }
}

Widget::Kind kind_of(std::string_view type) {
  if (type == "metric") return Widget::Kind::Metric;
  if (type == "text") return Widget::Kind::Text;
  if (type == "alarm") return Widget::Kind::Alarm;
  return Widget::Kind::Other;
}

class Reader {
 public:
  explicit Reader(Reading& reading) : reading_(reading) {}

  void read(const Object& body) {
    read_span(body);
    const Value* widgets = body.find("widgets");
    if (!widgets) return fault("", "Should have required property 'widgets'");
    if (!widgets->as_array()) return fault("/widgets", "Should be an array");
    if (widgets->as_array()->size() > kWidgetsMax) {
      return fault("/widgets", fmt::format("Should NOT have more than {} items", kWidgetsMax));
    }
    size_t position = 0;
    for (const Value& each : *widgets->as_array()) {
      read_widget(each, fmt::format("/widgets/{}", position++));
    }
  }

 private:
  void fault(std::string path, std::string message) {
    reading_.faults.push_back({std::move(path), std::move(message)});
  }

  void read_span(const Object& body) {
    const Value* start = body.find("start");
    if (body.find("end") && !start) fault("/end", "Should have property start when property end is present");
    if (start && !start->as_string()) return fault("/start", "Should be a string");
    if (const Value* override = body.find("periodOverride")) {
      const std::string* text = override->as_string();
      if (!text || (*text != "auto" && *text != "inherit")) {
        fault("/periodOverride", "Should be equal to one of the allowed values: auto, inherit");
      }
    }
    if (!start) return;
    reading_.dashboard.start = parse_iso8601(*start->as_string());
    const auto span = relative_span(*start->as_string());
    if (span) reading_.dashboard.span = *span;
    if (!span && !reading_.dashboard.start) fault("/start", "Should be a duration as -PT3H, or a time");
    read_end(body);
  }

  void read_end(const Object& body) {
    const Value* end = body.find("end");
    if (!end) return;
    if (end->as_string()) reading_.dashboard.end = parse_iso8601(*end->as_string());
    if (!reading_.dashboard.end) return fault("/end", "Should be a time");
    const auto start = reading_.dashboard.start;
    if (start && *start >= *reading_.dashboard.end) fault("/end", "Should be after start");
  }

  // Whether it is missing, or an integer between the two, which is then in `place`.
  void read_place(const Object& widget, const std::string& path, const char* name, int64_t least,
                  int64_t most, int64_t& place) {
    const Value* given = widget.find(name);
    if (!given) return;
    const auto number = given->as_integer();
    if (!number) return fault(fmt::format("{}/{}", path, name), "Should be an integer");
    if (*number < least)
      return fault(fmt::format("{}/{}", path, name), fmt::format("Should be >= {}", least));
    if (*number > most) return fault(fmt::format("{}/{}", path, name), fmt::format("Should be <= {}", most));
    place = *number;
  }

  void read_widget(const Value& given, const std::string& path) {
    const Object* object = given.as_object();
    if (!object) return fault(path, "Should be an object");
    Widget widget;
    const Value* type = object->find("type");
    if (!type) return fault(path, "Should have required property 'type'");
    if (!type->as_string() || std::ranges::find(kTypes, *type->as_string()) == kTypes.end()) {
      return fault(path + "/type", "Should be equal to one of the allowed values: " +
                                       fmt::format("{}", fmt::join(kTypes, ", ")));
    }
    widget.type = *type->as_string();
    widget.kind = kind_of(widget.type);
    read_place(*object, path, "width", 1, kGridWidth, widget.width);
    read_place(*object, path, "height", 1, kHeightMax, widget.height);
    const bool has_x = object->find("x") != nullptr, has_y = object->find("y") != nullptr;
    if (has_x != has_y) fault(path, "Should have both x and y, or neither");
    if (has_x && has_y) {
      read_place(*object, path, "x", 0, kGridWidth - 1, widget.x);
      read_place(*object, path, "y", 0, 1'000'000, widget.y);
    } else {
      place_next(widget);
    }
    const Value* properties = object->find("properties");
    if (!properties) return fault(path, "Should have required property 'properties'");
    if (!properties->as_object()) return fault(path + "/properties", "Should be an object");
    read_properties(*properties->as_object(), path + "/properties", widget, reading_.faults);
    reading_.dashboard.widgets.push_back(std::move(widget));
  }

  // Beside the last one where there is room, else below all.
  void place_next(Widget& widget) {
    const auto& widgets = reading_.dashboard.widgets;
    if (widgets.empty()) return;
    const Widget& last = widgets.back();
    if (last.x + last.width + widget.width <= kGridWidth) {
      widget.x = last.x + last.width;
      widget.y = last.y;
      return;
    }
    for (const Widget& each : widgets) widget.y = std::max(widget.y, each.y + each.height);
  }

  Reading& reading_;
};

}  // namespace

Reading read_body(std::string_view body) {
  Reading reading;
  const auto value = formats::parse_json(body);
  if (!value) {
    reading.faults.push_back({"", "The dashboard body is not valid JSON: " + value.error().describe()});
    return reading;
  }
  if (const Object* object = value->as_object()) {
    Reader(reading).read(*object);
  } else {
    reading.faults.push_back({"", "Should be an object"});
  }
  return reading;
}

}  // namespace holm::dashboards
