// Fn::And, Fn::Or and Fn::Not, as conditions and rules have them.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-conditions.html
#pragma once

#include <string_view>

#include "formats/value.h"

namespace holm::stacks {

inline bool joins_tests(std::string_view function) {
  return function == "Fn::And" || function == "Fn::Or" || function == "Fn::Not";
}

// What `function` makes of its parts. `test(part, is_true)` returns false when a part cannot be told; then so
// does this. Every part is looked at, so that an error in one is found whatever the others say.
template <typename Test>
bool join_tests(std::string_view function, const formats::Array& parts, Test test, bool& out) {
  out = function == "Fn::And";
  for (const formats::Value& part : parts) {
    bool is_true = false;
    if (!test(part, is_true)) return false;
    if (function == "Fn::Not") out = !is_true;
    if (function == "Fn::And") out = out && is_true;
    if (function == "Fn::Or") out = out || is_true;
  }
  return true;
}

}  // namespace holm::stacks
