// Filter patterns on words.

#include "services/logs/filter_pattern.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "formats/json.h"

namespace holm::logs {

Result<FilterPattern> FilterPattern::parse(std::string_view text) {
  FilterPattern pattern;
  text = trim(text);
  if (text.starts_with('{')) {
    auto json = JsonPattern::parse(text);
    if (!json) return std::unexpected(json.error());
    pattern.json_ = std::move(*json);
    return pattern;
  }
  if (text.starts_with('[')) return failure("filter patterns on fields");
  while (!text.empty()) {
    std::vector<std::string>* terms = &pattern.all_;
    if (text.starts_with('-')) terms = &pattern.none_;
    if (text.starts_with('?')) terms = &pattern.any_;
    if (terms != &pattern.all_) text.remove_prefix(1);
    if (text.starts_with('%')) return failure("regular expressions in filter patterns");
    const bool is_quoted = text.starts_with('"');
    if (is_quoted) text.remove_prefix(1);
    const size_t end = is_quoted ? text.find('"') : text.find_first_of(" \t");
    if (is_quoted && end == std::string_view::npos) return failure("a quotation mark without its pair");
    std::string term(text.substr(0, end));
    if (!term.empty()) terms->push_back(std::move(term));
    text = end == std::string_view::npos ? std::string_view() : trim(text.substr(end + (is_quoted ? 1 : 0)));
  }
  return pattern;
}

std::vector<Selector> FilterPattern::selectors() const {
  return json_ ? json_->selectors() : std::vector<Selector>();
}

bool FilterPattern::matches(std::string_view message) const {
  if (json_) {
    const auto document = formats::parse_json(message);
    return document && json_->matches(*document);
  }
  auto has = [&](const std::string& term) { return message.find(term) != std::string_view::npos; };
  return std::ranges::all_of(all_, has) && std::ranges::none_of(none_, has) &&
         (any_.empty() || std::ranges::any_of(any_, has));
}

}  // namespace holm::logs
