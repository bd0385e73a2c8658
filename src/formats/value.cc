// Values: looking into them and comparing them.

#include "formats/value.h"

#include <charconv>
#include <cmath>

#include "base/strings.h"
#include "formats/members.h"

namespace holm::formats {

namespace {

constexpr size_t kGlance = 16;

// A decimal number without a bent spelling: ±0.d1d2d3… × 10^exponent, no zeros around the digits.
struct Decimal {
  bool negative = false;
  std::string digits;  // Empty for zero.
  long long exponent = 0;
  bool operator==(const Decimal&) const = default;
};

std::optional<Decimal> to_decimal(std::string_view text) {
  Decimal decimal;
  if (text.starts_with('-')) {
    decimal.negative = true;
    text.remove_prefix(1);
  }
  if (size_t at = text.find_first_of("eE"); at != std::string_view::npos) {
    std::string_view power = text.substr(at + 1);
    if (power.starts_with('+')) power.remove_prefix(1);
    std::optional<long long> exponent = parse_integer(power);
    if (!exponent || *exponent > 1'000'000 || *exponent < -1'000'000) return std::nullopt;
    decimal.exponent = *exponent;
    text = text.substr(0, at);
  }
  const size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  decimal.digits = whole;
  if (dot != std::string_view::npos) decimal.digits += text.substr(dot + 1);
  if (decimal.digits.empty()) return std::nullopt;
  if (decimal.digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  decimal.exponent += static_cast<long long>(whole.size());
  const size_t first = decimal.digits.find_first_not_of('0');
  if (first == std::string::npos) return Decimal{};
  decimal.exponent -= static_cast<long long>(first);
  const size_t last = decimal.digits.find_last_not_of('0');
  decimal.digits = decimal.digits.substr(first, last - first + 1);
  return decimal;
}

std::optional<Decimal> decimal_of(const Value& value) {
  if (auto* integer = std::get_if<int64_t>(&value.data))
    return to_decimal(std::to_string(*integer));
  if (auto* number = std::get_if<Value::Number>(&value.data)) return to_decimal(number->text);
  if (auto* real = std::get_if<double>(&value.data); real && std::isfinite(*real)) {
    char buffer[64];
    auto end = std::to_chars(buffer, buffer + sizeof buffer, *real).ptr;
    return to_decimal(std::string_view(buffer, static_cast<size_t>(end - buffer)));
  }
  return std::nullopt;
}

bool is_a_number(const Value& value) {
  return std::holds_alternative<int64_t>(value.data) ||
         std::holds_alternative<double>(value.data) ||
         std::holds_alternative<Value::Number>(value.data);
}

bool equal_numbers(const Value& a, const Value& b) {
  std::optional<Decimal> left = decimal_of(a);
  std::optional<Decimal> right = decimal_of(b);
  if (left && right) return *left == *right;
  return a.data == b.data;
}

}  // namespace

const Value* Object::find(std::string_view name) const {
  for (const auto& [member, value] : members_) {
    if (member == name) return &value;
  }
  return nullptr;
}

Value* Object::find(std::string_view name) {
  return const_cast<Value*>(std::as_const(*this).find(name));
}

Value& Object::set(std::string name, Value value) {
  if (Value* present = find(name)) return *present = std::move(value);
  return append(std::move(name), std::move(value));
}

Value& Object::append(std::string name, Value value) {
  return members_.emplace_back(std::move(name), std::move(value)).second;
}

bool Object::remove(std::string_view name) {
  return std::erase_if(members_, [&](const auto& member) { return member.first == name; }) > 0;
}

bool Object::operator==(const Object& other) const {
  if (size() != other.size()) return false;
  for (size_t i = 0; i < members_.size(); ++i) {
    const auto& [name, value] = members_[i];
    // Most objects that are equal also have one order.
    const auto& opposite = other.members_[i];
    const Value* same = opposite.first == name ? &opposite.second : other.find(name);
    if (!same || !(value == *same)) return false;
  }
  return true;
}

Value::Value(Array value) : data(std::move(value)) {}
Value::Value(Object value) : data(std::move(value)) {}

std::optional<int64_t> Value::as_integer() const {
  if (auto* integer = std::get_if<int64_t>(&data)) return *integer;
  std::optional<Decimal> decimal = is_a_number(*this) ? decimal_of(*this) : std::nullopt;
  if (!decimal || decimal->exponent > 19) return std::nullopt;
  if (decimal->digits.empty()) return 0;
  const long long zeros = decimal->exponent - static_cast<long long>(decimal->digits.size());
  if (zeros < 0) return std::nullopt;
  std::string text = decimal->negative ? "-" : "";
  text += decimal->digits;
  text.append(static_cast<size_t>(zeros), '0');
  return parse_integer(text);
}

std::optional<double> Value::as_number() const {
  if (auto* real = std::get_if<double>(&data)) return *real;
  if (auto* integer = std::get_if<int64_t>(&data)) return static_cast<double>(*integer);
  auto* number = std::get_if<Number>(&data);
  if (!number) return std::nullopt;
  double real = 0;
  const char* end = number->text.data() + number->text.size();
  auto [at, failed] = std::from_chars(number->text.data(), end, real);
  if (failed != std::errc{} || at != end) return std::nullopt;
  return real;
}

const Value* Value::find(std::string_view name) const {
  const Object* object = as_object();
  return object ? object->find(name) : nullptr;
}

bool Value::operator==(const Value& other) const {
  if (is_a_number(*this) && is_a_number(other)) return equal_numbers(*this, other);
  return data == other.data;
}

std::string ParseError::describe() const {
  if (place.line == 0) return message;
  return "line " + std::to_string(place.line) + ", column " + std::to_string(place.column) + ": " +
         message;
}

bool ObjectBuilder::add(std::string name, Value value) {
  if (object_.size() < kGlance) {
    if (object_.find(name)) return false;
  } else {
    if (names_.empty()) {
      for (const auto& [present, ignored] : object_) names_.insert(present);
    }
    if (!names_.insert(name).second) return false;
  }
  object_.append(std::move(name), std::move(value));
  return true;
}

}  // namespace holm::formats
