// Reads and evaluates conditions.

#include "aws/policy/condition.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "aws/policy/evaluate.h"
#include "base/check.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace holm::aws::policy {

namespace {

struct NamedOperator {
  std::string_view name;
  Comparison comparison;
  Relation relation = Relation::Equal;
  bool negated = false;
};

constexpr NamedOperator kOperators[] = {
    {"StringEquals", Comparison::Text},
    {"StringNotEquals", Comparison::Text, Relation::Equal, true},
    {"StringEqualsIgnoreCase", Comparison::TextIgnoringCase},
    {"StringNotEqualsIgnoreCase", Comparison::TextIgnoringCase, Relation::Equal, true},
    {"StringLike", Comparison::Like},
    {"StringNotLike", Comparison::Like, Relation::Equal, true},
    {"NumericEquals", Comparison::Number},
    {"NumericNotEquals", Comparison::Number, Relation::Equal, true},
    {"NumericLessThan", Comparison::Number, Relation::Less},
    {"NumericLessThanEquals", Comparison::Number, Relation::LessOrEqual},
    {"NumericGreaterThan", Comparison::Number, Relation::Greater},
    {"NumericGreaterThanEquals", Comparison::Number, Relation::GreaterOrEqual},
    {"DateEquals", Comparison::Date},
    {"DateNotEquals", Comparison::Date, Relation::Equal, true},
    {"DateLessThan", Comparison::Date, Relation::Less},
    {"DateLessThanEquals", Comparison::Date, Relation::LessOrEqual},
    {"DateGreaterThan", Comparison::Date, Relation::Greater},
    {"DateGreaterThanEquals", Comparison::Date, Relation::GreaterOrEqual},
    {"Bool", Comparison::Bool},
    {"BinaryEquals", Comparison::Binary},
    {"IpAddress", Comparison::Address},
    {"NotIpAddress", Comparison::Address, Relation::Equal, true},
    {"ArnEquals", Comparison::Arn},
    {"ArnNotEquals", Comparison::Arn, Relation::Equal, true},
    {"ArnLike", Comparison::Arn},
    {"ArnNotLike", Comparison::Arn, Relation::Equal, true},
    {"Null", Comparison::Null},
};

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::optional<double> read_number(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number))
    return std::nullopt;
  return number;
}

// ISO 8601, or seconds since 1970.
std::optional<int64_t> read_date(std::string_view text) {
  constexpr long long kMaxSeconds = 253402300799;  // The end of the year 9999.
  const auto seconds = parse_integer(text);
  if (seconds) {
    if (*seconds < 0 || *seconds > kMaxSeconds) return std::nullopt;
    return *seconds * 1000;
  }
  const auto time = parse_iso8601(text);
  if (!time) return std::nullopt;
  return to_milliseconds(*time);
}

std::optional<bool> read_bool(std::string_view text) {
  if (equals_ignoring_case(text, "true")) return true;
  if (equals_ignoring_case(text, "false")) return false;
  return std::nullopt;
}

template <class Number>
bool relates(Number value, Relation relation, Number operand) {
  switch (relation) {
    case Relation::Equal:
      return value == operand;
    case Relation::Less:
      return value < operand;
    case Relation::LessOrEqual:
      return value <= operand;
    case Relation::Greater:
      return value > operand;
    case Relation::GreaterOrEqual:
      return value >= operand;
  }
  return false;
}

bool contains(const AddressRange& range, const AddressRange& address) {
  const auto whole = static_cast<size_t>(range.prefix_bits / 8);
  if (std::memcmp(range.bytes.data(), address.bytes.data(), whole) != 0) return false;
  const int rest = range.prefix_bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<uint8_t>(0xFF << (8 - rest));
  return ((range.bytes[whole] ^ address.bytes[whole]) & mask) == 0;
}

// A context's value as its comparison needs it; monostate when it cannot be read so, and then
// equals nothing.
using Reading = std::variant<std::monostate, std::string_view, double, int64_t, bool, AddressRange>;

template <class T>
Reading reading(const std::optional<T>& value) {
  return value ? Reading(*value) : Reading();
}

Reading read_value(Comparison comparison, std::string_view text) {
  switch (comparison) {
    case Comparison::Text:
    case Comparison::TextIgnoringCase:
    case Comparison::Like:
    case Comparison::Arn:
    case Comparison::Binary:
      return text;
    case Comparison::Number:
      return reading(read_number(text));
    case Comparison::Date:
      return reading(read_date(text));
    case Comparison::Bool:
      return reading(read_bool(text));
    case Comparison::Address: {
      const auto range = parse_address_range(text);
      return range && range->prefix_bits == 128 ? Reading(*range) : Reading();
    }
    case Comparison::Null:
      break;
  }
  return {};
}

Match matches_operand(const Operator& op, const Reading& value, const Operand& operand,
                      const Context& context) {
  const auto yes = [](bool is) { return is ? Match::Yes : Match::No; };
  if (std::holds_alternative<std::monostate>(value)) return Match::No;
  switch (op.comparison) {
    case Comparison::Text:
    case Comparison::Like:
    case Comparison::Arn:
      return match(std::get<Pattern>(operand), std::get<std::string_view>(value), context);
    case Comparison::TextIgnoringCase:
      return match(std::get<Pattern>(operand), std::get<std::string_view>(value), context,
                   Case::Ignored);
    case Comparison::Number:
      return yes(relates(std::get<double>(value), op.relation, std::get<double>(operand)));
    case Comparison::Date:
      return yes(relates(std::get<int64_t>(value), op.relation, std::get<int64_t>(operand)));
    case Comparison::Bool:
      return yes(std::get<bool>(value) == std::get<bool>(operand));
    case Comparison::Binary: {
      const auto bytes = base64_decode(std::get<std::string_view>(value));
      return yes(bytes && *bytes == std::get<std::string>(operand));
    }
    case Comparison::Address:
      return yes(contains(std::get<AddressRange>(operand), std::get<AddressRange>(value)));
    case Comparison::Null:
      break;
  }
  return Match::No;
}

// Whether one value of the request satisfies the operator, its negation included.
bool satisfies(const Condition& condition, std::string_view text, const Context& context,
               Effect effect) {
  const Reading value = read_value(condition.op.comparison, text);
  bool unresolved = false;
  for (const Operand& operand : condition.operands) {
    const Match found = matches_operand(condition.op, value, operand, context);
    if (found == Match::Yes) return !condition.op.negated;
    unresolved = unresolved || found == Match::Unresolved;
  }
  if (!condition.op.negated) return false;
  return !unresolved || effect == Effect::Deny;
}

}  // namespace

std::optional<AddressRange> parse_address_range(std::string_view text) {
  AddressRange range;
  const size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  int bits = 0, offset = 0;
  if (inet_pton(AF_INET6, address.c_str(), range.bytes.data()) == 1) {
    bits = 128;
  } else if (inet_pton(AF_INET, address.c_str(), range.bytes.data() + 12) == 1) {
    std::fill_n(range.bytes.begin(), 10, uint8_t{0});
    range.bytes[10] = range.bytes[11] = 0xFF;
    bits = 32;
    offset = 96;
  } else {
    return std::nullopt;
  }
  if (slash != text.npos) {
    const auto prefix = parse_integer(text.substr(slash + 1));
    if (!prefix || *prefix < 0 || *prefix > bits) return std::nullopt;
    bits = static_cast<int>(*prefix);
  }
  range.prefix_bits = offset + bits;
  return range;
}

std::optional<Operator> find_operator(std::string_view name) {
  Operator op;
  if (take_prefix(name, "ForAllValues:"))
    op.quantifier = Quantifier::AllValues;
  else if (take_prefix(name, "ForAnyValue:"))
    op.quantifier = Quantifier::AnyValue;
  constexpr std::string_view kIfExists = "IfExists";
  if (name.ends_with(kIfExists)) {
    op.if_exists = true;
    name.remove_suffix(kIfExists.size());
  }
  const auto* found = std::ranges::find(kOperators, name, &NamedOperator::name);
  if (found == std::end(kOperators)) return std::nullopt;
  op.comparison = found->comparison;
  op.relation = found->relation;
  op.negated = found->negated;
  // Null asks about existence itself.
  if (op.comparison == Comparison::Null && (op.if_exists || op.quantifier != Quantifier::None))
    return std::nullopt;
  return op;
}

std::optional<Operand> read_operand(const Operator& op, std::string_view text,
                                    Variables variables) {
  const auto pattern = [&](Wildcards wildcards) {
    return compile_pattern(text, wildcards, variables);
  };
  switch (op.comparison) {
    case Comparison::Text:
    case Comparison::TextIgnoringCase:
      return pattern(Wildcards::None);
    case Comparison::Like:
      return pattern(Wildcards::Anywhere);
    case Comparison::Arn:
      return pattern(Wildcards::Arn);
    case Comparison::Number:
      return read_number(text);
    case Comparison::Date:
      return read_date(text);
    case Comparison::Bool:
    case Comparison::Null:
      return read_bool(text);
    case Comparison::Binary:
      return base64_decode(text);
    case Comparison::Address:
      return parse_address_range(text);
  }
  CHECK(false);
  return std::nullopt;
}

bool is_met(const Condition& condition, const Context& context, Effect effect) {
  const std::vector<std::string>* values = context.find(condition.key);
  const Operator& op = condition.op;
  if (op.comparison == Comparison::Null) {
    return std::ranges::any_of(condition.operands, [&](const Operand& operand) {
      return std::get<bool>(operand) == (values == nullptr);
    });
  }
  if (values == nullptr) {
    if (op.if_exists || op.quantifier == Quantifier::AllValues) return true;
    return op.negated && op.quantifier == Quantifier::None;
  }
  const auto holds = [&](const std::string& value) {
    return satisfies(condition, value, context, effect);
  };
  // Without a quantifier a negated operator speaks about every value, as "none of them equals"
  // does.
  const bool all =
      op.quantifier == Quantifier::AllValues || (op.quantifier == Quantifier::None && op.negated);
  return all ? std::ranges::all_of(*values, holds) : std::ranges::any_of(*values, holds);
}

}  // namespace holm::aws::policy
