// Patterns by RE2.

#include "aws/schema/pattern.h"

#include <re2/re2.h>

#include "base/check.h"

namespace holm::aws {

namespace {

bool ends_with_anchor(std::string_view expression) {
  return expression.ends_with('$') && !expression.ends_with("\\$");
}

re2::RE2::Anchor anchor_of(std::string_view expression) {
  const bool starts = expression.starts_with('^');
  const bool ends = ends_with_anchor(expression);
  // Only one anchor: the pattern itself says where it may stop matching.
  return starts != ends ? re2::RE2::UNANCHORED : re2::RE2::ANCHOR_BOTH;
}

}  // namespace

bool Pattern::matches(std::string_view value) const {
  std::call_once(once_, [this] {
    re2::RE2::Options options;
    options.set_log_errors(false);
    compiled_ = std::make_shared<re2::RE2>(re2::StringPiece(expression_.data(), expression_.size()), options);
  });
  CHECK(compiled_->ok());
  return compiled_->Match(re2::StringPiece(value.data(), value.size()), 0, value.size(),
                          anchor_of(expression_), nullptr, 0);
}

}  // namespace holm::aws
