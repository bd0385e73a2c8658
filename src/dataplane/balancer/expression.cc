// RE2 has what AWS has: no looking around, no references back.

#include "dataplane/balancer/expression.h"

#include <re2/re2.h>

#include <array>

namespace holm::balancer {

namespace {

constexpr int64_t kMemoryMax = 1 << 20;
constexpr int kGroupsMax = 10;

RE2::Options options(Expression::Letters letters) {
  RE2::Options made;
  made.set_log_errors(false);
  made.set_max_mem(kMemoryMax);
  // What clients send are bytes.
  made.set_encoding(RE2::Options::EncodingLatin1);
  made.set_case_sensitive(letters == Expression::Letters::Differ);
  return made;
}

bool names_unicode_class(std::string_view text) {
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] != '\\') continue;
    if (text[i + 1] == 'p' || text[i + 1] == 'P') return true;
    ++i;
  }
  return false;
}

// Calls `put` with each literal piece and `group` with the number of each reference.
template <class Put, class Group>
void read_replacement(std::string_view text, const Put& put, const Group& group) {
  while (!text.empty()) {
    const size_t dollar = text.find('$');
    const bool refers = dollar != std::string_view::npos && dollar + 1 < text.size() &&
                        text[dollar + 1] >= '0' && text[dollar + 1] <= '9';
    if (!refers) {
      const size_t end = dollar == std::string_view::npos ? text.size() : dollar + 1;
      put(text.substr(0, end));
      text.remove_prefix(end);
      continue;
    }
    put(text.substr(0, dollar));
    group(text[dollar + 1] - '0');
    text.remove_prefix(dollar + 2);
  }
}

}  // namespace

Expression::Expression(const std::string& text, Letters letters)
    : compiled_(std::make_unique<RE2>(text, options(letters))) {}
Expression::~Expression() = default;
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;

bool Expression::is_found_in(std::string_view text) const {
  return compiled_->ok() && RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

std::optional<std::string> Expression::replace_in(std::string_view text, std::string_view replacement) const {
  std::array<re2::StringPiece, kGroupsMax> groups;
  const re2::StringPiece all(text.data(), text.size());
  const int count = std::min(compiled_->NumberOfCapturingGroups() + 1, kGroupsMax);
  if (!compiled_->ok() || !compiled_->Match(all, 0, text.size(), RE2::UNANCHORED, groups.data(), count)) {
    return std::nullopt;
  }
  const auto at = static_cast<size_t>(groups[0].data() - text.data());
  std::string result(text.substr(0, at));
  read_replacement(
      replacement, [&](std::string_view piece) { result += piece; },
      [&](int group) {
        const re2::StringPiece& found = groups[static_cast<size_t>(group)];
        if (found.data()) result.append(found.data(), found.size());
      });
  result += text.substr(at + groups[0].size());
  return result;
}

std::optional<std::string> Expression::problem_of(const std::string& text) {
  if (names_unicode_class(text)) return "Unicode character classes are not supported";
  const RE2 compiled(text, options(Letters::Differ));
  if (!compiled.ok()) return compiled.error();
  return std::nullopt;
}

std::optional<std::string> Expression::problem_of(const std::string& text, std::string_view replacement) {
  if (auto problem = problem_of(text)) return problem;
  const RE2 compiled(text, options(Letters::Differ));
  std::optional<std::string> problem;
  read_replacement(
      replacement, [](std::string_view) {},
      [&](int group) {
        if (group <= compiled.NumberOfCapturingGroups()) return;
        problem = "there is no group $" + std::to_string(group);
      });
  return problem;
}

}  // namespace holm::balancer
