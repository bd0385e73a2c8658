// Expression: a regular expression of a rule's condition or transform.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace holm::balancer {

// Immutable; any thread. Takes time in proportion to the text, whatever the expression.
class Expression final {
 public:
  enum class Letters : uint8_t { Differ, AreAlike };

  // One that is not well formed is found nowhere.
  explicit Expression(const std::string& text, Letters letters = Letters::Differ);
  ~Expression();
  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;

  bool is_found_in(std::string_view text) const;
  // The text with the first place where the expression is found replaced; $1 to $9 stand for what its groups found
  // there and $0 for all of it. Nothing: it is not found.
  std::optional<std::string> replace_in(std::string_view text, std::string_view replacement) const;

  // Why it cannot be used; nothing: it can.
  static std::optional<std::string> problem_of(const std::string& text);
  // Likewise with this replacement.
  static std::optional<std::string> problem_of(const std::string& text, std::string_view replacement);

 private:
  std::unique_ptr<re2::RE2> compiled_;
};

}  // namespace holm::balancer
