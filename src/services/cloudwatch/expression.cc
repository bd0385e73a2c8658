// Reading expressions.

#include "services/cloudwatch/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>

#include "base/strings.h"
#include "services/cloudwatch/expression_node.h"

namespace holm::cloudwatch {

namespace {

using Node = Expression::Node;
using Parsed = std::shared_ptr<const Node>;  // Null: failed, and why is known.

constexpr int kDepthMax = 50;
constexpr size_t kTextMax = 2048;

// Functions of AWS that are not built here.
constexpr std::array<std::string_view, 12> kUnbuilt = {"ANOMALY_DETECTION_BAND",
                                                       "SEARCH",
                                                       "SELECT",
                                                       "INSIGHT_RULE_METRIC",
                                                       "DB_PERF_INSIGHTS",
                                                       "LAMBDA",
                                                       "SLICE",
                                                       "SORT",
                                                       "MINUTE",
                                                       "HOUR",
                                                       "DAY",
                                                       "EPOCH"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Expression, MathError> whole() {
    if (text_.size() > kTextMax) return std::unexpected(MathError{.message = "The expression is too long."});
    Parsed root = level(0);
    if (root && !is_at_end()) root = fail(fmt::format("'{}' is not expected", text_.substr(at_, 20)));
    if (!root) return std::unexpected(error_);
    return Expression(std::move(root));
  }

 private:
  // Operators from the loosest to the tightest; all are read from the left.
  static constexpr std::array<std::array<std::string_view, 6>, 6> kLevels = {
      {{"||", "OR"}, {"&&", "AND"}, {"==", "!=", "<=", ">=", "<", ">"}, {"+", "-"}, {"*", "/"}, {"^"}}};

  Parsed fail(std::string message, MathError::Kind kind = MathError::Kind::Invalid) {
    if (error_.message.empty()) error_ = {kind, std::move(message)};
    return nullptr;
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }
  bool is_at_end() {
    skip_space();
    return at_ == text_.size();
  }

  bool take(std::string_view token) {
    skip_space();
    if (!equals_ignoring_case(text_.substr(at_, token.size()), token)) return false;
    const size_t end = at_ + token.size();
    const bool goes_on = end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]));
    if (is_letter(token.front()) && goes_on) return false;
    at_ = end;
    return true;
  }

  std::string_view take_operator(size_t which) {
    for (std::string_view token : kLevels[which]) {
      if (!token.empty() && take(token)) return token;
    }
    return {};
  }

  Parsed level(size_t which) {
    if (which == kLevels.size()) return unary();
    Parsed left = level(which + 1);
    while (left) {
      std::string_view token = take_operator(which);
      if (token.empty()) break;
      if (token == "OR") token = "||";
      if (token == "AND") token = "&&";
      Parsed right = level(which + 1);
      if (!right) return nullptr;
      left = make(Node::Kind::Operator, std::string(token), {left, right});
    }
    return left;
  }

  Parsed unary() {
    if (++depth_ > kDepthMax) return fail("the expression is nested too deeply");
    Parsed result;
    if (take("-")) {
      // A power binds tighter than the sign before it.
      Parsed operand = level(kLevels.size() - 1);
      if (operand) result = make(Node::Kind::Operator, "-", {operand});
    } else {
      result = primary();
    }
    --depth_;
    return result;
  }

  Parsed primary() {
    if (is_at_end()) return fail("the expression ends where a value is expected");
    const char c = text_[at_];
    if (take("(")) {
      Parsed inner = level(0);
      if (inner && !take(")")) return fail("a ) is missing");
      return inner;
    }
    if (take("[")) {
      auto elements = list("]");
      return elements ? make(Node::Kind::Array, "", std::move(*elements)) : nullptr;
    }
    if (c == '"' || c == '\'') return quoted(c);
    if (is_digit(c) || c == '.') return number();
    if (is_letter(c)) return name();
    return fail(fmt::format("'{}' is not expected", text_.substr(at_, 20)));
  }

  std::optional<std::vector<Parsed>> list(std::string_view end) {
    std::vector<Parsed> elements;
    if (take(end)) return elements;
    do {
      Parsed element = level(0);
      if (!element) return std::nullopt;
      elements.push_back(std::move(element));
    } while (take(","));
    if (take(end)) return elements;
    fail(fmt::format("a {} is missing", end));
    return std::nullopt;
  }

  Parsed quoted(char quote) {
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return fail("a quotation has no end");
    std::string text(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return make(Node::Kind::Text, std::move(text), {});
  }

  Parsed number() {
    auto node = std::make_shared<Node>();
    const char* begin = text_.data() + at_;
    auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), node->number);
    if (error != std::errc()) return fail(fmt::format("'{}' is not a number", text_.substr(at_, 20)));
    at_ += static_cast<size_t>(end - begin);
    return node;
  }

  Parsed name() {
    const size_t begin = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    const std::string name(text_.substr(begin, at_ - begin));
    if (!take("(")) return make(Node::Kind::Id, name, {});
    const std::string function = to_upper(name);
    if (std::ranges::find(kUnbuilt, function) != kUnbuilt.end()) {
      return fail("The function " + function + " of metric math", MathError::Kind::Unbuilt);
    }
    const MathFunction* known = find_function(function);
    if (!known) return fail("Unknown function " + name);
    auto arguments = list(")");
    if (!arguments) return nullptr;
    if (arguments->size() < known->least || arguments->size() > known->most) {
      return fail(fmt::format("{} does not take {} arguments", function, arguments->size()));
    }
    return make(Node::Kind::Function, function, std::move(*arguments));
  }

  static Parsed make(Node::Kind kind, std::string text, std::vector<Parsed> children) {
    return std::make_shared<Node>(Node{kind, 0, std::move(text), std::move(children)});
  }

  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
  MathError error_;
};

void collect_ids(const Node& node, std::set<std::string>& ids) {
  if (node.kind == Node::Kind::Id) ids.insert(node.text);
  for (const Parsed& child : node.children) collect_ids(*child, ids);
}

}  // namespace

Result<Expression, MathError> Expression::parse(std::string_view text) { return Parser(text).whole(); }

std::vector<std::string> Expression::ids() const {
  std::set<std::string> ids;
  collect_ids(*root_, ids);
  // What FILL fills with is no id, though it looks like one.
  ids.erase("REPEAT");
  ids.erase("LINEAR");
  return {ids.begin(), ids.end()};
}

}  // namespace holm::cloudwatch
