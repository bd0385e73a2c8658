// Reading patterns on JSON by descent, and matching.

#include "services/logs/json_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/characters.h"
#include "base/strings.h"
#include "formats/json.h"

namespace holm::logs {

namespace {

using formats::Value;

constexpr int kDepthMax = 32;
constexpr size_t kStepsMax = 64;

enum class Kind { And, Or, Compare, IsTrue, IsFalse, IsNull, NotExists };
enum class Comparison { Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual };

// The longer ones first.
constexpr std::array<std::pair<std::string_view, Comparison>, 6> kComparisons = {
    {{"!=", Comparison::NotEqual},
     {"<=", Comparison::LessOrEqual},
     {">=", Comparison::GreaterOrEqual},
     {"=", Comparison::Equal},
     {"<", Comparison::Less},
     {">", Comparison::Greater}}};

bool is_name_character(char c) {
  return is_letter_or_digit(c) || std::string_view("_-@/:").find(c) != std::string_view::npos;
}

void skip_blanks(std::string_view& text) { text = trim(text); }

bool take(std::string_view& text, std::string_view token) {
  skip_blanks(text);
  if (!text.starts_with(token)) return false;
  text.remove_prefix(token.size());
  return true;
}

// A word of letters, in any case.
bool take_word(std::string_view& text, std::string_view word) {
  skip_blanks(text);
  if (!equals_ignoring_case(text.substr(0, word.size()), word)) return false;
  if (text.size() > word.size() && is_name_character(text[word.size()])) return false;
  text.remove_prefix(word.size());
  return true;
}

bool compares(double value, Comparison comparison, double bound) {
  switch (comparison) {
    case Comparison::Equal: return value == bound;
    case Comparison::NotEqual: return value != bound;
    case Comparison::Less: return value < bound;
    case Comparison::LessOrEqual: return value <= bound;
    case Comparison::Greater: return value > bound;
    case Comparison::GreaterOrEqual: return value >= bound;
  }
  return false;
}

}  // namespace

Result<Selector> Selector::take(std::string_view& text) {
  const std::string_view whole = text;
  if (!text.starts_with('$')) return failure("a selector begins with $");
  text.remove_prefix(1);
  Selector selector;
  while (selector.steps_.size() < kStepsMax) {
    Step step;
    if (text.starts_with("[\"") || text.starts_with("['")) {
      const char quote = text[1];
      const size_t end = text.find(quote, 2);
      if (end == std::string_view::npos || text.substr(end + 1, 1) != "]")
        return failure("a bracket without its pair");
      step.name = std::string(text.substr(2, end - 2));
      text.remove_prefix(end + 2);
    } else if (text.starts_with('[')) {
      const size_t end = text.find(']');
      auto index = end == std::string_view::npos ? std::nullopt : parse_integer(text.substr(1, end - 1));
      if (!index || *index < 0) return failure("an index has to be a number");
      step.is_index = true;
      step.index = static_cast<size_t>(*index);
      text.remove_prefix(end + 1);
    } else if (text.starts_with('.')) {
      text.remove_prefix(1);
      const auto end = std::ranges::find_if_not(text, is_name_character);
      step.name = std::string(text.begin(), end);
      if (step.name.empty()) return failure("a name is missing after the dot");
      text.remove_prefix(step.name.size());
    } else {
      break;
    }
    selector.steps_.push_back(std::move(step));
  }
  if (selector.steps_.empty()) return failure("a selector names something");
  selector.text_ = std::string(whole.substr(0, whole.size() - text.size()));
  return selector;
}

Result<Selector> Selector::parse(std::string_view text) {
  auto selector = take(text);
  if (selector && !text.empty()) return failure("something follows the selector");
  return selector;
}

const Value* Selector::find(const Value& document) const {
  const Value* at = &document;
  for (const Step& step : steps_) {
    if (step.is_index) {
      const formats::Array* list = at->as_array();
      at = list && step.index < list->size() ? &(*list)[step.index] : nullptr;
    } else {
      at = at->find(step.name);
    }
    if (!at) return nullptr;
  }
  return at;
}

struct JsonPattern::Node {
  Kind kind = Kind::And;
  std::vector<std::shared_ptr<const Node>> parts;  // Of And and Or.
  Selector selector;
  Comparison comparison = Comparison::Equal;
  std::string text;              // What is compared with; `*` stands for anything.
  std::optional<double> number;  // The same, where it is one.

  bool matches(const Value& document) const;
  void collect(std::vector<Selector>& selectors) const;
};

bool JsonPattern::Node::matches(const Value& document) const {
  auto does = [&](const std::shared_ptr<const Node>& part) { return part->matches(document); };
  if (kind == Kind::And) return std::ranges::all_of(parts, does);
  if (kind == Kind::Or) return std::ranges::any_of(parts, does);
  const Value* value = selector.find(document);
  if (kind == Kind::NotExists) return value == nullptr;
  if (!value) return false;
  if (kind == Kind::IsNull) return value->is_null();
  if (kind == Kind::IsTrue || kind == Kind::IsFalse) {
    return value->as_boolean() && *value->as_boolean() == (kind == Kind::IsTrue);
  }
  if (const std::string* own = value->as_string()) {
    const bool is_same = matches_wildcard(text, *own);
    if (comparison == Comparison::Equal) return is_same;
    return comparison == Comparison::NotEqual && !is_same;
  }
  const auto own = value->as_boolean() ? std::nullopt : value->as_number();
  if (own && number) return compares(*own, comparison, *number);
  return own && comparison == Comparison::NotEqual;
}

void JsonPattern::Node::collect(std::vector<Selector>& selectors) const {
  if (parts.empty()) selectors.push_back(selector);
  for (const auto& part : parts) part->collect(selectors);
}

namespace {

using Node = JsonPattern::Node;
using Parsed = Result<std::shared_ptr<const Node>>;

Parsed parse_any(std::string_view& text, int depth);

// "x", x or 12.
Result<std::string> take_value(std::string_view& text) {
  skip_blanks(text);
  if (text.starts_with('%')) return failure("regular expressions in filter patterns");
  std::string value;
  if (text.starts_with('"')) {
    size_t at = 1;
    for (; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] == '\\' && at + 1 < text.size()) ++at;
      value += text[at];
    }
    if (at >= text.size()) return failure("a quotation mark without its pair");
    text.remove_prefix(at + 1);
    return value;
  }
  const size_t end = std::min(text.size(), text.find_first_of(" \t)}&|"));
  value = std::string(text.substr(0, end));
  if (value.empty()) return failure("a value is missing");
  text.remove_prefix(end);
  return value;
}

Parsed parse_condition(std::string_view& text, int depth) {
  if (take(text, "(")) {
    auto inner = parse_any(text, depth + 1);
    if (inner && !take(text, ")")) return failure("a bracket without its pair");
    return inner;
  }
  auto selector = Selector::take(text);
  if (!selector) return std::unexpected(selector.error());
  auto node = std::make_shared<Node>();
  node->selector = std::move(*selector);
  if (take_word(text, "IS")) {
    if (take_word(text, "NULL")) node->kind = Kind::IsNull;
    else if (take_word(text, "TRUE")) node->kind = Kind::IsTrue;
    else if (take_word(text, "FALSE")) node->kind = Kind::IsFalse;
    else return failure("IS is followed by NULL, TRUE or FALSE");
    return node;
  }
  if (take_word(text, "NOT")) {
    if (!take_word(text, "EXISTS")) return failure("NOT is followed by EXISTS");
    node->kind = Kind::NotExists;
    return node;
  }
  auto comparison =
      std::ranges::find_if(kComparisons, [&](const auto& each) { return take(text, each.first); });
  if (comparison == kComparisons.end())
    return failure("a comparison is missing after " + node->selector.text());
  node->kind = Kind::Compare;
  node->comparison = comparison->second;
  auto value = take_value(text);
  if (!value) return std::unexpected(value.error());
  node->text = std::move(*value);
  if (formats::is_json_number(node->text)) node->number = formats::number_from_text(node->text).as_number();
  const bool is_order = node->comparison != Comparison::Equal && node->comparison != Comparison::NotEqual;
  if (is_order && !node->number) return failure("only numbers are less or greater");
  return node;
}

// One kind of joint, all parts of which `parse_part` reads.
Parsed parse_joined(std::string_view& text, int depth, Kind kind, std::string_view joint,
                    Parsed (*parse_part)(std::string_view&, int)) {
  if (depth > kDepthMax) return failure("the pattern is nested too deeply");
  auto node = std::make_shared<Node>();
  node->kind = kind;
  do {
    auto part = parse_part(text, depth);
    if (!part) return part;
    node->parts.push_back(std::move(*part));
  } while (take(text, joint));
  if (node->parts.size() == 1) return node->parts.front();
  return node;
}

Parsed parse_all(std::string_view& text, int depth) {
  return parse_joined(text, depth, Kind::And, "&&", parse_condition);
}

Parsed parse_any(std::string_view& text, int depth) {
  return parse_joined(text, depth, Kind::Or, "||", parse_all);
}

}  // namespace

Result<JsonPattern> JsonPattern::parse(std::string_view text) {
  if (!take(text, "{")) return failure("a pattern on JSON begins with {");
  skip_blanks(text);
  auto root = parse_any(text, 0);
  if (!root) return std::unexpected(root.error());
  if (!take(text, "}") || !trim(text).empty()) return failure("a pattern on JSON ends with }");
  return JsonPattern(std::move(*root));
}

bool JsonPattern::matches(const Value& document) const { return root_->matches(document); }

std::vector<Selector> JsonPattern::selectors() const {
  std::vector<Selector> all;
  root_->collect(all);
  return all;
}

}  // namespace holm::logs
