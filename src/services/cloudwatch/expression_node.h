// The tree of an expression. Private to expression*.cc.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/cloudwatch/expression.h"

namespace holm::cloudwatch {

struct Expression::Node {
  enum class Kind {
    Number,
    Text,
    Id,
    Array,     // [m1, m2]
    Function,  // `text` is its name in capitals.
    Operator,  // `text` is + - * / ^ < <= > >= == != && ||, with two children; or -, with one.
  };
  Kind kind = Kind::Number;
  double number = 0;
  std::string text;
  std::vector<std::shared_ptr<const Node>> children;
};

// How many arguments a function takes.
struct MathFunction {
  std::string_view name;
  size_t least;
  size_t most;
};
// Null when holm has no such function.
const MathFunction* find_function(std::string_view name);

}  // namespace holm::cloudwatch
