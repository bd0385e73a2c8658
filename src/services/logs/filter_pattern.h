// Filter patterns: on words, and on JSON.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/logs/json_pattern.h"

namespace holm::logs {

// `ERROR "not found" -debug ?a ?b`: all plain terms, none of the excluded, and one of the optional ones. Or a
// pattern on JSON; then events that are no JSON do not match.
class FilterPattern final {
 public:
  // Patterns on fields and regular expressions are failures that name themselves.
  static Result<FilterPattern> parse(std::string_view text);
  bool matches(std::string_view message) const;
  bool is_json() const { return json_.has_value(); }
  // Of a pattern on JSON.
  std::vector<Selector> selectors() const;

 private:
  std::vector<std::string> all_, none_, any_;
  std::optional<JsonPattern> json_;
};

}  // namespace holm::logs
