// Filter patterns on unstructured events.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace holm::logs {

// `ERROR "not found" -debug ?a ?b`: all plain terms, none of the excluded, and one of the optional ones.
class FilterPattern final {
 public:
  // Patterns on JSON and on fields, and regular expressions, are failures that name themselves.
  static Result<FilterPattern> parse(std::string_view text);
  bool matches(std::string_view message) const;

 private:
  std::vector<std::string> all_, none_, any_;
};

}  // namespace holm::logs
