// The Condition element: operators, their values, and what they say about a request.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "aws/policy/pattern.h"
#include "base/clock.h"

namespace holm::aws::policy {

class Context;
enum class Effect { Allow, Deny };

enum class Comparison {
  Text,
  TextIgnoringCase,
  Like,
  Arn,
  Number,
  Date,
  Bool,
  Binary,
  Address,
  Null
};
enum class Relation { Equal, Less, LessOrEqual, Greater, GreaterOrEqual };
enum class Quantifier { None, AllValues, AnyValue };

// An IPv4 address stands as ::ffff:a.b.c.d, so that both kinds compare.
struct AddressRange {
  std::array<uint8_t, 16> bytes{};
  int prefix_bits = 128;
};
std::optional<AddressRange> parse_address_range(std::string_view text);

struct Operator {
  Comparison comparison = Comparison::Text;
  Relation relation = Relation::Equal;
  bool negated = false;
  bool if_exists = false;
  Quantifier quantifier = Quantifier::None;
};
// "ForAnyValue:StringLikeIfExists"; nothing for names that are none.
std::optional<Operator> find_operator(std::string_view name);

// What a condition's value is read into, by its comparison: Pattern for texts, int64_t for
// milliseconds, bool for Null too, std::string for bytes.
using Operand = std::variant<Pattern, double, int64_t, bool, std::string, AddressRange>;
std::optional<Operand> read_operand(const Operator& op, std::string_view text, Variables variables);

struct Condition {
  Operator op;
  std::string key;  // Lower case.
  std::vector<Operand> operands;
};

// Whether the condition is met. A variable without a value never makes a negated condition let
// something pass: it is then met in a Deny and not met in an Allow.
bool is_met(const Condition& condition, const Context& context, Effect effect);

}  // namespace holm::aws::policy
