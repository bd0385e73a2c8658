// A regular expression of a model, compiled when it is first asked.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>

namespace re2 {
class RE2;
}

namespace holm::aws {

// Takes time linear in the text, whatever the text. Any thread. The texts outlive it.
class Pattern {
 public:
  // `text` is the model's words, for messages; `expression` says the same for RE2.
  constexpr Pattern(std::string_view text, std::string_view expression)
      : text_(text), expression_(expression) {}

  std::string_view text() const { return text_; }
  // As AWS reads patterns: the whole value has to match, unless the pattern anchors only one of its ends.
  // Text that is not UTF-8 matches nothing.
  bool matches(std::string_view value) const;

 private:
  std::string_view text_;
  std::string_view expression_;
  mutable std::once_flag once_;
  mutable std::shared_ptr<const re2::RE2> compiled_;
};

}  // namespace holm::aws
