// Filter patterns on events that are JSON.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax-JSON.html
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/value.h"

namespace holm::logs {

// "$.a.b[0].c": names and indexes. Null where the document has no such thing.
class Selector final {
 public:
  // Takes one off the front of `text`.
  static Result<Selector> take(std::string_view& text);
  // All of `text`.
  static Result<Selector> parse(std::string_view text);
  const formats::Value* find(const formats::Value& document) const;
  const std::string& text() const { return text_; }

 private:
  struct Step {
    std::string name;
    size_t index = 0;
    bool is_index = false;
  };
  std::vector<Step> steps_;
  std::string text_;
};

// `{ $.level = "ERROR" && ($.took > 100 || $.retries NOT EXISTS) }`. Immutable; copies share.
class JsonPattern final {
 public:
  // Regular expressions are failures that name themselves.
  static Result<JsonPattern> parse(std::string_view text);
  bool matches(const formats::Value& document) const;
  // What the pattern looks at, in the order of writing.
  std::vector<Selector> selectors() const;

  struct Node;
  explicit JsonPattern(std::shared_ptr<const Node> root) : root_(std::move(root)) {}

 private:
  std::shared_ptr<const Node> root_;
};

}  // namespace holm::logs
