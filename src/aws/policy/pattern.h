// Texts with wildcards and policy variables: what resources and the values of string conditions
// are. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holm::aws::policy {

class Context;

// Which characters of a pattern stand for others.
enum class Wildcards {
  None,
  Anywhere,  // `*` and `?` stand for any characters.
  Resource,  // As in the Resource element: within one of an ARN's segments, unless `*` ends it.
  Arn,       // As in ArnLike: never beyond one of an ARN's first five segments.
};
enum class Variables { Literal, Replaced };
enum class Case { Sensitive, Ignored };

struct Pattern {
  struct Variable {
    std::string key;  // Lower case.
    std::optional<std::string> fallback;
  };

  // Bytes, wildcards (kStar …) and variables (kVariable + index).
  std::u16string symbols;
  std::vector<Variable> variables;
};

// Nothing when a variable is malformed.
std::optional<Pattern> compile_pattern(std::string_view text, Wildcards wildcards,
                                       Variables variables);

enum class Match { No, Yes, Unresolved };
// Unresolved when a variable has no single value in `context` and no fallback. What stands in for a
// variable matches itself only, whatever it contains.
Match match(const Pattern& pattern, std::string_view text, const Context& context,
            Case letters = Case::Sensitive);

}  // namespace holm::aws::policy
