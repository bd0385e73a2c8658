// How a column is written depends on what it holds.

#include "metrics/columns.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>

#include "metrics/bits.h"

namespace holm::metrics {

namespace {

constexpr size_t kGroup = 32;
constexpr int kShortDropped = 46;                 // Bits that rounded numbers lack; see statistics.h.
constexpr double kExactMax = 9007199254740992.0;  // 2^53
constexpr std::array<double, 10> kPowers = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

enum class Form : uint8_t { Constant, Groups, Decimal, Short, Xor };

void put_form(std::string& bytes, Form form) { bytes += static_cast<char>(form); }

bool take_byte(std::string_view& bytes, uint8_t& byte) {
  if (bytes.empty()) return false;
  byte = static_cast<uint8_t>(bytes.front());
  bytes.remove_prefix(1);
  return true;
}

template <class Number>
bool all_equal(std::span<const Number> numbers) {
  return std::ranges::adjacent_find(numbers, std::ranges::not_equal_to()) == numbers.end();
}

// As whole numbers of 10^-places, where that gives back each exactly.
std::optional<std::vector<int64_t>> as_decimals(std::span<const double> numbers, size_t places) {
  std::vector<int64_t> result;
  result.reserve(numbers.size());
  for (double number : numbers) {
    const double scaled = std::round(number * kPowers[places]);
    const bool is_exact = std::abs(scaled) < kExactMax && scaled / kPowers[places] == number &&
                          !(number == 0 && std::signbit(number));
    if (!is_exact) return std::nullopt;
    result.push_back(static_cast<int64_t>(scaled));
  }
  return result;
}

std::optional<std::vector<int64_t>> as_short(std::span<const double> numbers) {
  std::vector<int64_t> result;
  result.reserve(numbers.size());
  for (double number : numbers) {
    const auto raw = std::bit_cast<uint64_t>(number);
    if ((raw & ((uint64_t{1} << kShortDropped) - 1)) != 0) return std::nullopt;
    result.push_back(static_cast<int64_t>(raw >> kShortDropped));
  }
  return result;
}

std::string xor_bits(std::span<const double> numbers) {
  BitWriter bits;
  uint64_t before = 0;
  int window_leading = 65, window_length = 0;  // No window yet.
  for (double number : numbers) {
    const auto raw = std::bit_cast<uint64_t>(number);
    const uint64_t changed = raw ^ before;
    before = raw;
    if (changed == 0) {
      bits.put(0, 1);
      continue;
    }
    const int leading = std::min(31, std::countl_zero(changed));
    const int length = 64 - leading - std::countr_zero(changed);
    const int window_trailing = 64 - window_leading - window_length;
    if (leading >= window_leading && std::countr_zero(changed) >= window_trailing &&
        window_length <= length + 11) {
      bits.put(0b01, 2);
      bits.put(changed >> window_trailing, window_length);
      continue;
    }
    bits.put(0b11, 2);
    bits.put(static_cast<uint64_t>(leading), 5);
    bits.put(static_cast<uint64_t>(length - 1), 6);
    bits.put(changed >> std::countr_zero(changed), length);
    window_leading = leading;
    window_length = length;
  }
  return bits.take();
}

Result<std::vector<double>> take_xor(std::string_view& bytes, size_t count) {
  BitReader bits(bytes);
  std::vector<double> numbers;
  uint64_t before = 0;
  int leading = 0, length = 0;
  while (numbers.size() < count && !bits.failed()) {
    if (bits.get(1) == 1) {
      if (bits.get(1) == 1) {
        leading = static_cast<int>(bits.get(5));
        length = static_cast<int>(bits.get(6)) + 1;
      }
      if (length == 0 || leading + length > 64) return failure("a number has no place in its bits");
      before ^= bits.get(length) << (64 - leading - length);
    }
    numbers.push_back(std::bit_cast<double>(before));
  }
  if (bits.failed()) return failure("a column is cut off");
  bytes = bits.rest();
  return numbers;
}

}  // namespace

void put_integers(std::string& bytes, std::span<const int64_t> numbers) {
  if (numbers.empty()) return;
  if (all_equal(numbers)) {
    put_form(bytes, Form::Constant);
    put_varint(bytes, zigzag(numbers.front()));
    return;
  }
  put_form(bytes, Form::Groups);
  int64_t base_before = 0;
  for (size_t at = 0; at < numbers.size(); at += kGroup) {
    const auto group = numbers.subspan(at, std::min(kGroup, numbers.size() - at));
    const auto [low, high] = std::ranges::minmax(group);
    // Differences of any two of the numbers are taken modulo 2^64.
    const uint64_t range = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
    const int width = static_cast<int>(std::bit_width(range));
    put_varint(bytes,
               zigzag(static_cast<int64_t>(static_cast<uint64_t>(low) - static_cast<uint64_t>(base_before))));
    bytes += static_cast<char>(width);
    BitWriter bits;
    for (int64_t number : group) bits.put(static_cast<uint64_t>(number) - static_cast<uint64_t>(low), width);
    bytes += bits.take();
    base_before = low;
  }
}

Result<std::vector<int64_t>> take_integers(std::string_view& bytes, size_t count) {
  if (count == 0) return std::vector<int64_t>();
  uint8_t form = 0;
  uint64_t number = 0;
  if (!take_byte(bytes, form)) return failure("a column is missing");
  if (form == static_cast<uint8_t>(Form::Constant)) {
    if (!take_varint(bytes, number)) return failure("a constant is cut off");
    return std::vector<int64_t>(count, unzigzag(number));
  }
  if (form != static_cast<uint8_t>(Form::Groups)) return failure("a column has an unknown form");
  std::vector<int64_t> numbers;
  uint64_t low = 0;
  while (numbers.size() < count) {
    uint8_t width = 0;
    if (!take_varint(bytes, number) || !take_byte(bytes, width) || width > 64) {
      return failure("a group is cut off");
    }
    low += static_cast<uint64_t>(unzigzag(number));
    BitReader bits(bytes);
    const size_t size = std::min(kGroup, count - numbers.size());
    for (size_t i = 0; i < size; ++i) numbers.push_back(static_cast<int64_t>(low + bits.get(width)));
    if (bits.failed()) return failure("a group is cut off");
    bytes = bits.rest();
  }
  return numbers;
}

void put_doubles(std::string& bytes, std::span<const double> numbers) {
  if (numbers.empty()) return;
  std::string best(1, static_cast<char>(Form::Xor));
  best += xor_bits(numbers);
  auto offer = [&best](Form form, std::optional<size_t> places, const std::vector<int64_t>& integers) {
    std::string other(1, static_cast<char>(form));
    if (places) other += static_cast<char>(*places);
    put_integers(other, integers);
    if (other.size() < best.size()) best = std::move(other);
  };
  for (size_t places = 0; places < kPowers.size(); ++places) {
    auto decimals = as_decimals(numbers, places);
    if (!decimals) continue;
    offer(Form::Decimal, places, *decimals);
    break;
  }
  if (auto integers = as_short(numbers)) offer(Form::Short, std::nullopt, *integers);
  bytes += best;
}

Result<std::vector<double>> take_doubles(std::string_view& bytes, size_t count) {
  if (count == 0) return std::vector<double>();
  uint8_t form = 0;
  if (!take_byte(bytes, form)) return failure("a column is missing");
  if (form == static_cast<uint8_t>(Form::Xor)) return take_xor(bytes, count);
  const bool is_decimal = form == static_cast<uint8_t>(Form::Decimal);
  if (!is_decimal && form != static_cast<uint8_t>(Form::Short))
    return failure("a column has an unknown form");
  uint8_t places = 0;
  if (is_decimal && (!take_byte(bytes, places) || places >= kPowers.size())) {
    return failure("a decimal column has no places");
  }
  auto integers = take_integers(bytes, count);
  if (!integers) return std::unexpected(integers.error());
  std::vector<double> numbers;
  numbers.reserve(count);
  for (int64_t integer : *integers) {
    if (is_decimal) numbers.push_back(static_cast<double>(integer) / kPowers[places]);
    else numbers.push_back(std::bit_cast<double>(static_cast<uint64_t>(integer) << kShortDropped));
  }
  return numbers;
}

}  // namespace holm::metrics
