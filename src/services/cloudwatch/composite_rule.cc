// A recursive descent over the rule's words; bounded in length, depth and elements.

#include "services/cloudwatch/composite_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/characters.h"
#include "base/strings.h"

namespace holm::cloudwatch {

struct CompositeRule::Node {
  enum class Kind { Constant, State, Not, And, Or, AtLeast };
  Kind kind = Kind::Constant;
  bool value = false;  // Of a constant; of AtLeast whether the state is the one not to be in.
  AlarmState state = AlarmState::Ok;
  size_t count = 0;  // AtLeast
  bool is_percentage = false;
  std::vector<std::string> alarms;  // State has one.
  std::vector<Node> parts;
};

namespace {

using Node = CompositeRule::Node;

constexpr size_t kLengthMax = 10'240, kElementsMax = 500, kAlarmsMax = 100;
constexpr int kDepthMax = 64;

std::optional<AlarmState> state_named(std::string_view word) {
  if (word == "ALARM") return AlarmState::Alarm;
  if (word == "OK") return AlarmState::Ok;
  if (word == "INSUFFICIENT_DATA") return AlarmState::InsufficientData;
  return std::nullopt;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<Node> read() {
    auto node = any_of(0);
    if (!node) return node;
    skip();
    if (at_ != text_.size()) return wrong("the end");
    return node;
  }

 private:
  Error error(std::string_view message) const {
    return Error{fmt::format("AlarmRule, at character {}: {}", at_ + 1, message)};
  }
  std::unexpected<Error> wrong(std::string_view wanted) const {
    return std::unexpected(error(fmt::format("{} is expected", wanted)));
  }
  void skip() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  // Words are letters, digits and underscores.
  std::string_view peek_word() {
    skip();
    size_t end = at_;
    auto is_part = [](char c) { return is_letter_or_digit(c) || c == '_'; };
    while (end < text_.size() && is_part(text_[end])) ++end;
    return text_.substr(at_, end - at_);
  }
  bool take_word(std::string_view word) {
    if (to_upper(peek_word()) != word) return false;
    at_ += word.size();
    return true;
  }
  bool take(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // OR binds less than AND, NOT most.
  Result<Node> any_of(int depth) { return chain(Node::Kind::Or, "OR", depth); }

  Result<Node> chain(Node::Kind kind, std::string_view word, int depth) {
    Node whole{.kind = kind};
    do {
      auto part = kind == Node::Kind::Or ? chain(Node::Kind::And, "AND", depth) : one(depth);
      if (!part) return part;
      whole.parts.push_back(std::move(*part));
    } while (take_word(word));
    if (whole.parts.size() == 1) return Node(std::move(whole.parts.front()));
    return whole;
  }

  Result<Node> one(int depth) {
    if (depth > kDepthMax || ++elements_ > kElementsMax) {
      return std::unexpected(error("a rule has at most 500 elements and is not nested as deep"));
    }
    if (take('(')) {
      auto inner = any_of(depth + 1);
      if (inner && !take(')')) return wrong("')'");
      return inner;
    }
    if (take_word("NOT")) {
      auto inner = one(depth + 1);
      if (!inner) return inner;
      Node node{.kind = Node::Kind::Not};
      node.parts.push_back(std::move(*inner));
      return node;
    }
    if (take_word("TRUE")) return Node{.value = true};
    if (take_word("FALSE")) return Node{.value = false};
    if (take_word("AT_LEAST")) return at_least();
    const std::string word(peek_word());
    const auto state = state_named(word);
    if (!state) return wrong("ALARM, OK, INSUFFICIENT_DATA, AT_LEAST, TRUE, FALSE, NOT or '('");
    at_ += word.size();
    Node node{.kind = Node::Kind::State, .state = *state};
    if (auto listed = list_into(node); !listed) return std::unexpected(listed.error());
    if (node.alarms.size() != 1) return wrong("one alarm");
    return node;
  }

  // (2, NOT ALARM, (a, b, c)); the number may be a percentage.
  Result<Node> at_least() {
    Node node{.kind = Node::Kind::AtLeast};
    if (!take('(')) return wrong("'('");
    const std::string digits(peek_word());
    const auto number = parse_integer(digits);
    if (!number || *number < 1 || *number > 100) return wrong("a number from 1 to 100");
    at_ += digits.size();
    node.count = static_cast<size_t>(*number);
    node.is_percentage = take('%');
    if (!take(',')) return wrong("','");
    node.value = take_word("NOT");
    const std::string word(peek_word());
    const auto state = state_named(word);
    if (!state) return wrong("ALARM, OK or INSUFFICIENT_DATA");
    at_ += word.size();
    node.state = *state;
    if (!take(',')) return wrong("','");
    if (auto listed = list_into(node); !listed) return std::unexpected(listed.error());
    if (!take(')')) return wrong("')'");
    if (!node.is_percentage && node.count > node.alarms.size()) return wrong("as many alarms as are wanted");
    return node;
  }

  // (name, "name with spaces", arn:…)
  Result<void> list_into(Node& node) {
    if (!take('(')) return wrong("'('");
    do {
      skip();
      auto name = at_ < text_.size() && text_[at_] == '"' ? quoted() : plain();
      if (!name) return std::unexpected(name.error());
      if (name->empty()) return wrong("the name of an alarm");
      node.alarms.push_back(std::move(*name));
      if (++elements_ > kElementsMax) return std::unexpected(error("a rule has at most 500 elements"));
    } while (take(','));
    if (!take(')')) return wrong("')'");
    return {};
  }

  Result<std::string> quoted() {
    std::string name;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        return name;
      }
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      name += text_[at_];
    }
    return wrong("'\"'");
  }

  Result<std::string> plain() {
    const size_t end = std::min(text_.find_first_of(",()\"", at_), text_.size());
    const std::string name(trim(text_.substr(at_, end - at_)));
    at_ = end;
    return name;
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t elements_ = 0;
};

void gather(const Node& node, std::vector<std::string>& alarms) {
  for (const std::string& each : node.alarms) {
    if (std::ranges::find(alarms, each) == alarms.end()) alarms.push_back(each);
  }
  for (const Node& part : node.parts) gather(part, alarms);
}

bool holds(const Node& node, const std::function<AlarmState(const std::string&)>& state_of) {
  auto part_holds = [&](const Node& part) { return holds(part, state_of); };
  switch (node.kind) {
    case Node::Kind::Constant: return node.value;
    case Node::Kind::State: return state_of(node.alarms.front()) == node.state;
    case Node::Kind::Not: return !part_holds(node.parts.front());
    case Node::Kind::And: return std::ranges::all_of(node.parts, part_holds);
    case Node::Kind::Or: return std::ranges::any_of(node.parts, part_holds);
    case Node::Kind::AtLeast: break;
  }
  const auto count = static_cast<size_t>(std::ranges::count_if(
      node.alarms, [&](const std::string& each) { return (state_of(each) == node.state) != node.value; }));
  return node.is_percentage ? count * 100 >= node.count * node.alarms.size() : count >= node.count;
}

}  // namespace

CompositeRule::CompositeRule(std::shared_ptr<const Node> root) : root_(std::move(root)) {}

Result<CompositeRule> CompositeRule::parse(std::string_view text) {
  if (text.size() > kLengthMax) return failure("AlarmRule has at most 10240 characters");
  auto root = Reader(text).read();
  if (!root) return std::unexpected(root.error());
  CompositeRule rule(std::make_shared<const Node>(std::move(*root)));
  if (rule.alarms().size() > kAlarmsMax) return failure("AlarmRule names at most 100 alarms");
  return rule;
}

std::vector<std::string> CompositeRule::alarms() const {
  std::vector<std::string> alarms;
  gather(*root_, alarms);
  return alarms;
}

bool CompositeRule::holds(const std::function<AlarmState(const std::string& alarm)>& state_of) const {
  return cloudwatch::holds(*root_, state_of);
}

}  // namespace holm::cloudwatch
