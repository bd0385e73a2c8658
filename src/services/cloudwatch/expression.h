// Metric math: what an expression over metrics says.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "services/cloudwatch/curve.h"

namespace holm::cloudwatch {

// A number, a time series, or several of them.
using MathValue = std::variant<double, Curve, std::vector<Curve>>;

struct MathError {
  enum class Kind { Invalid, Unbuilt };  // Unbuilt: AWS has it, holm has not.
  Kind kind = Kind::Invalid;
  std::string message;
};

// What an expression can refer to.
struct MathInputs {
  std::function<const MathValue*(const std::string& id)> find;         // Null: there is none.
  std::function<std::vector<Curve>(const std::string& part)> metrics;  // Those whose id contains `part`.
  Periods periods;                                                     // What is asked for, for FILL.
};

// Parsed once, evaluated often; any thread.
class Expression final {
 public:
  struct Node;

  static Result<Expression, MathError> parse(std::string_view text);
  // Use parse().
  explicit Expression(std::shared_ptr<const Node> root) : root_(std::move(root)) {}

  // Ids it refers to by name; METRICS() refers to more.
  std::vector<std::string> ids() const;
  Result<MathValue, MathError> evaluate(const MathInputs& inputs) const;

 private:
  std::shared_ptr<const Node> root_;
};

}  // namespace holm::cloudwatch
