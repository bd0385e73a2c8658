// Bounded matching over PCRE2, which knows what Java's patterns know (look-ahead for passwords).

#include "stacks/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <memory>

namespace holm::stacks {

namespace {
constexpr uint32_t kMatchLimit = 1'000'000;
constexpr uint32_t kDepthLimit = 1'000;

template <auto release>
struct Release {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};

PCRE2_SPTR units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }
}  // namespace

Result<bool> matches_pattern(std::string_view pattern, std::string_view text) {
  int code = 0;
  PCRE2_SIZE offset = 0;
  const uint32_t options = PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_BACKSLASH_C;
  std::unique_ptr<pcre2_code, Release<pcre2_code_free>> expression(
      pcre2_compile(units(pattern), pattern.size(), options, &code, &offset, nullptr));
  if (!expression)
    return failure("The pattern is not valid at offset " + std::to_string(offset) + ".");
  std::unique_ptr<pcre2_match_data, Release<pcre2_match_data_free>> data(
      pcre2_match_data_create_from_pattern(expression.get(), nullptr));
  std::unique_ptr<pcre2_match_context, Release<pcre2_match_context_free>> context(
      pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(context.get(), kMatchLimit);
  pcre2_set_depth_limit(context.get(), kDepthLimit);
  const int result =
      pcre2_match(expression.get(), units(text), text.size(), 0, 0, data.get(), context.get());
  if (result >= 0) return true;
  if (result == PCRE2_ERROR_NOMATCH) return false;
  return failure("The pattern cannot be matched against the value.");
}

}  // namespace holm::stacks
