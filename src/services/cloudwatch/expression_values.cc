// What expressions are worth.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "services/cloudwatch/expression.h"
#include "services/cloudwatch/expression_node.h"

namespace holm::cloudwatch {

namespace {

using Node = Expression::Node;
using Value = Result<MathValue, MathError>;
using Curves = std::vector<Curve>;

constexpr size_t kPointsMax = 200'000;  // That FILL may come to.

constexpr std::array<MathFunction, 20> kFunctions = {
    {{"ABS", 1, 1},     {"AVG", 1, 1},          {"CEIL", 1, 1},   {"DATAPOINT_COUNT", 1, 1},
     {"DIFF", 1, 1},    {"DIFF_TIME", 1, 1},    {"FILL", 2, 2},   {"FLOOR", 1, 1},
     {"IF", 2, 3},      {"LOG", 1, 1},          {"LOG10", 1, 1},  {"MAX", 1, 1},
     {"METRICS", 0, 1}, {"METRIC_COUNT", 1, 1}, {"MIN", 1, 1},    {"PERIOD", 1, 1},
     {"RATE", 1, 1},    {"RUNNING_SUM", 1, 1},  {"STDDEV", 1, 1}, {"SUM", 1, 1}}};

std::unexpected<MathError> wrong(std::string message) {
  return std::unexpected(MathError{.message = std::move(message)});
}

double calculate(std::string_view what, double a, double b) {
  if (what == "+") return a + b;
  if (what == "-") return a - b;
  if (what == "*") return a * b;
  if (what == "/") return a / b;
  if (what == "^") return std::pow(a, b);
  if (what == "<") return a < b;
  if (what == "<=") return a <= b;
  if (what == ">") return a > b;
  if (what == ">=") return a >= b;
  if (what == "==") return a == b;
  if (what == "!=") return a != b;
  if (what == "&&") return a != 0 && b != 0;
  return a != 0 || b != 0;
}

double summary(std::string_view function, const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  if (function == "SUM") return sum;
  if (function == "MIN") return std::ranges::min(values);
  if (function == "MAX") return std::ranges::max(values);
  if (function == "AVG") return sum / count;
  double squares = 0;
  for (double value : values) squares += (value - sum / count) * (value - sum / count);
  return std::sqrt(squares / count);
}

// At each time, over those that have a point there.
Curve summary_of(std::string_view function, const Curves& curves) {
  std::map<int64_t, std::vector<double>> columns;
  Curve result;
  if (!curves.empty()) result.period = curves.front().period;
  for (const Curve& curve : curves) {
    for (const auto& [time, value] : curve.points) columns[time].push_back(value);
  }
  for (const auto& [time, values] : columns) result.points[time] = summary(function, values);
  return result;
}

std::vector<double> values_of(const Curve& curve) {
  std::vector<double> values;
  for (const auto& [time, value] : curve.points) values.push_back(value);
  return values;
}

// Drops what is no number: a division by zero has no point.
void keep_numbers(Curve& curve) {
  std::erase_if(curve.points, [](const auto& point) { return !std::isfinite(point.second); });
}

Curve changed_by_steps(std::string_view function, const Curve& curve) {
  Curve result{.period = curve.period, .points = {}};
  double sum = 0;
  const std::pair<const int64_t, double>* before = nullptr;
  for (const auto& point : curve.points) {
    const auto& [time, value] = point;
    sum += value;
    if (function == "RUNNING_SUM") result.points[time] = sum;
    if (before) {
      const auto seconds = static_cast<double>(time - before->first);
      if (function == "RATE") result.points[time] = (value - before->second) / seconds;
      if (function == "DIFF") result.points[time] = value - before->second;
      if (function == "DIFF_TIME") result.points[time] = seconds;
    }
    before = &point;
  }
  return result;
}

Curve changed_by_points(std::string_view function, Curve curve) {
  for (auto& [time, value] : curve.points) {
    if (function == "ABS") value = std::abs(value);
    if (function == "CEIL") value = std::ceil(value);
    if (function == "FLOOR") value = std::floor(value);
    if (function == "LOG") value = std::log(value);
    if (function == "LOG10") value = std::log10(value);
  }
  keep_numbers(curve);
  return curve;
}

// A number is the same at all times.
std::optional<double> point_of(const MathValue& value, int64_t time) {
  if (auto* number = std::get_if<double>(&value)) return *number;
  const Curve& curve = std::get<Curve>(value);
  auto point = curve.points.find(time);
  return point == curve.points.end() ? std::nullopt : std::optional(point->second);
}

class Evaluation {
 public:
  explicit Evaluation(const MathInputs& inputs) : inputs_(inputs) {}

  Value value_of(const Node& node) {
    switch (node.kind) {
      case Node::Kind::Number: return node.number;
      case Node::Kind::Text: return wrong("A text stands where a value is expected");
      case Node::Kind::Id: {
        const MathValue* found = inputs_.find(node.text);
        if (!found) return wrong(fmt::format("Unknown id {}", node.text));
        return *found;
      }
      case Node::Kind::Array: return array(node);
      case Node::Kind::Operator: return operation(node);
      case Node::Kind::Function: return function(node);
    }
    return wrong("an unknown part");
  }

 private:
  Value array(const Node& node) {
    Curves curves;
    for (const auto& child : node.children) {
      Value value = value_of(*child);
      if (!value) return value;
      if (std::holds_alternative<double>(*value)) return wrong("An array holds metrics, not numbers");
      if (auto* one = std::get_if<Curve>(&*value)) curves.push_back(std::move(*one));
      else std::ranges::move(std::get<Curves>(*value), std::back_inserter(curves));
    }
    return curves;
  }

  Value operation(const Node& node) {
    Value left = value_of(*node.children[0]);
    if (!left) return left;
    if (node.children.size() == 1) return combine("-", 0.0, *left);
    Value right = value_of(*node.children[1]);
    if (!right) return right;
    return combine(node.text, *left, *right);
  }

  // Series meet where both have a point; a number meets every point; of several each.
  static Value combine(std::string_view what, const MathValue& a, const MathValue& b) {
    if (auto* many = std::get_if<Curves>(&a))
      return combine_each(*many, [&](const Curve& one) { return combine(what, one, b); });
    if (auto* many = std::get_if<Curves>(&b))
      return combine_each(*many, [&](const Curve& one) { return combine(what, a, one); });
    const auto* left = std::get_if<Curve>(&a);
    const auto* right = std::get_if<Curve>(&b);
    if (!left && !right) return calculate(what, std::get<double>(a), std::get<double>(b));
    Curve result{.period = left ? left->period : right->period, .points = {}};
    if (left && right) {
      for (const auto& [time, value] : left->points) {
        auto other = right->points.find(time);
        if (other != right->points.end()) result.points[time] = calculate(what, value, other->second);
      }
    } else {
      for (const auto& [time, value] : (left ? left : right)->points) {
        result.points[time] =
            left ? calculate(what, value, std::get<double>(b)) : calculate(what, std::get<double>(a), value);
      }
    }
    keep_numbers(result);
    return result;
  }

  template <class Function>
  static Value combine_each(const Curves& many, Function function) {
    Curves results;
    for (const Curve& one : many) {
      Value value = function(one);
      if (!value) return value;
      if (auto* curve = std::get_if<Curve>(&*value)) results.push_back(std::move(*curve));
      else return wrong("Two arrays cannot be combined");
    }
    return results;
  }

  Value function(const Node& node) {
    if (node.text == "METRICS") return all_metrics(node);
    if (node.text == "IF") return choice(node);
    Value argument = value_of(*node.children[0]);
    if (!argument) return argument;
    if (node.text == "FILL") return fill(node, *argument);
    return apply(node.text, *argument);
  }

  Value apply(const std::string& name, const MathValue& argument) {
    if (auto* number = std::get_if<double>(&argument)) {
      if (!is_pointwise(name)) return wrong(name + " takes a time series, not a number");
      const Curve changed = changed_by_points(name, {.period = 60, .points = {{0, *number}}});
      if (changed.points.empty()) return wrong(name + " of such a number is none");
      return changed.points.begin()->second;
    }
    if (auto* many = std::get_if<Curves>(&argument)) {
      if (is_summary(name)) return summary_of(name, *many);
      if (name == "METRIC_COUNT") return static_cast<double>(many->size());
      return combine_each(*many, [&](const Curve& one) { return apply(name, one); });
    }
    const Curve& curve = std::get<Curve>(argument);
    if (is_summary(name))
      return curve.points.empty() ? Value(wrong("no data")) : Value(summary(name, values_of(curve)));
    if (name == "METRIC_COUNT") return 1.0;
    if (name == "DATAPOINT_COUNT") return static_cast<double>(curve.points.size());
    if (name == "PERIOD") return static_cast<double>(curve.period);
    if (name == "RATE" || name == "DIFF" || name == "DIFF_TIME" || name == "RUNNING_SUM") {
      return changed_by_steps(name, curve);
    }
    return changed_by_points(name, curve);
  }

  static bool is_summary(std::string_view name) {
    return name == "SUM" || name == "AVG" || name == "MIN" || name == "MAX" || name == "STDDEV";
  }

  static bool is_pointwise(std::string_view name) {
    return name == "ABS" || name == "CEIL" || name == "FLOOR" || name == "LOG" || name == "LOG10";
  }

  Value all_metrics(const Node& node) {
    std::string part;
    if (!node.children.empty()) {
      if (node.children[0]->kind != Node::Kind::Text) return wrong("METRICS takes a text in quotation marks");
      part = node.children[0]->text;
    }
    return inputs_.metrics(part);
  }

  Value choice(const Node& node) {
    std::vector<MathValue> parts;
    for (const auto& child : node.children) {
      Value value = value_of(*child);
      if (!value) return value;
      if (std::holds_alternative<Curves>(*value)) return wrong("IF takes time series and numbers");
      parts.push_back(std::move(*value));
    }
    if (auto* number = std::get_if<double>(&parts[0])) {
      if (*number != 0) return parts[1];
      return parts.size() == 3 ? Value(parts[2]) : Value(Curve());
    }
    const Curve& condition = std::get<Curve>(parts[0]);
    Curve result{.period = condition.period, .points = {}};
    for (const auto& [time, holds] : condition.points) {
      if (holds == 0 && parts.size() == 2) continue;
      if (auto value = point_of(holds != 0 ? parts[1] : parts[2], time)) result.points[time] = *value;
    }
    return result;
  }

  Value fill(const Node& node, const MathValue& argument) {
    if (auto* many = std::get_if<Curves>(&argument)) {
      return combine_each(*many, [&](const Curve& one) { return fill(node, one); });
    }
    auto* curve = std::get_if<Curve>(&argument);
    if (!curve) return wrong("FILL takes a time series");
    const Node& with = *node.children[1];
    if (with.kind == Node::Kind::Id && (with.text == "REPEAT" || with.text == "LINEAR")) {
      return filled(*curve, with.text, {});
    }
    Value value = value_of(with);
    if (!value) return value;
    if (std::holds_alternative<Curves>(*value)) return wrong("FILL fills with a number or a time series");
    return filled(*curve, "", *value);
  }

  Value filled(const Curve& curve, std::string_view how, const MathValue& with) {
    const Periods& periods = inputs_.periods;
    if (static_cast<size_t>((periods.end - periods.start) / curve.period) > kPointsMax) {
      return wrong("FILL would make too many points");
    }
    Curve result = curve;
    for (int64_t time = periods.start; time < periods.end; time += curve.period) {
      if (curve.points.contains(time)) continue;
      if (how.empty()) {
        if (auto value = point_of(with, time)) result.points[time] = *value;
        continue;
      }
      const auto after = curve.points.lower_bound(time);
      if (after == curve.points.begin()) continue;
      const auto before = std::prev(after);
      if (how == "REPEAT") {
        result.points[time] = before->second;
      } else if (after != curve.points.end()) {
        const double share =
            static_cast<double>(time - before->first) / static_cast<double>(after->first - before->first);
        result.points[time] = before->second + share * (after->second - before->second);
      }
    }
    return result;
  }

  const MathInputs& inputs_;
};

}  // namespace

const MathFunction* find_function(std::string_view name) {
  auto found = std::ranges::find(kFunctions, name, &MathFunction::name);
  return found == kFunctions.end() ? nullptr : &*found;
}

Result<MathValue, MathError> Expression::evaluate(const MathInputs& inputs) const {
  return Evaluation(inputs).value_of(*root_);
}

}  // namespace holm::cloudwatch
