// Lengths of time: numbers with units.
// https://www.freedesktop.org/software/systemd/man/latest/systemd.time.html

#include "init/time_span.h"

#include <array>
#include <limits>

#include "base/strings.h"

namespace holm::init {

namespace {

struct UnitOfTime {
  std::string_view name;
  int64_t microseconds;
};

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kDay = 86'400 * kSecond;
// Three hundred years; more than anybody waits, and sums of it still fit.
constexpr int64_t kSpanMax = 110'000 * kDay;

constexpr auto kUnitsOfTime = std::to_array<UnitOfTime>({
    {"usec", 1},
    {"us", 1},
    {"\xc2\xb5s", 1},
    {"msec", 1000},
    {"ms", 1000},
    {"seconds", kSecond},
    {"second", kSecond},
    {"sec", kSecond},
    {"s", kSecond},
    {"minutes", 60 * kSecond},
    {"minute", 60 * kSecond},
    {"min", 60 * kSecond},
    {"m", 60 * kSecond},
    {"hours", 3600 * kSecond},
    {"hour", 3600 * kSecond},
    {"hr", 3600 * kSecond},
    {"h", 3600 * kSecond},
    {"days", kDay},
    {"day", kDay},
    {"d", kDay},
    {"weeks", 7 * kDay},
    {"week", 7 * kDay},
    {"w", 7 * kDay},
    {"months", 2'629'800 * kSecond},
    {"month", 2'629'800 * kSecond},
    {"M", 2'629'800 * kSecond},
    {"years", 31'557'600 * kSecond},
    {"year", 31'557'600 * kSecond},
    {"y", 31'557'600 * kSecond},
});

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

void skip_blanks(std::string_view& text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
}

// Millionths, so that "1.5" needs no floating point.
std::optional<int64_t> take_millionths(std::string_view& text) {
  int64_t whole = 0;
  int64_t part = 0;
  int64_t digit_value = 100'000;
  bool has_digit = false;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
    whole = whole * 10 + (text.front() - '0');
    if (whole > std::numeric_limits<int64_t>::max() / 20'000'000) return std::nullopt;
    has_digit = true;
  }
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
      part += (text.front() - '0') * digit_value;
      digit_value /= 10;
      has_digit = true;
    }
  }
  if (!has_digit) return std::nullopt;
  return whole * 1'000'000 + part;
}

int64_t take_unit(std::string_view& text) {
  size_t length = 0;
  while (length < text.size() && !is_digit(text[length]) && !is_blank(text[length]) && text[length] != '.') {
    ++length;
  }
  if (length == 0) return kSecond;
  for (const UnitOfTime& unit : kUnitsOfTime) {
    if (text.substr(0, length) != unit.name) continue;
    text.remove_prefix(length);
    return unit.microseconds;
  }
  return 0;
}

}  // namespace

std::optional<Duration> parse_time_span(std::string_view text) {
  text = trim(text);
  if (text == "infinity") return kForever;
  if (text.empty()) return std::nullopt;
  int64_t total = 0;
  while (!text.empty()) {
    auto millionths = take_millionths(text);
    if (!millionths) return std::nullopt;
    skip_blanks(text);
    const int64_t unit = take_unit(text);
    if (unit == 0) return std::nullopt;
    const auto part = static_cast<__int128>(*millionths) * unit / 1'000'000;
    if (part > kSpanMax - total) return std::nullopt;
    total += static_cast<int64_t>(part);
    skip_blanks(text);
  }
  return Duration(total);
}

std::string time_span_text(Duration span) {
  if (span == kForever) return "infinity";
  if (span == Duration(0)) return "0";
  constexpr auto kShown = std::to_array<UnitOfTime>(
      {{"d", kDay}, {"h", 3600 * kSecond}, {"min", 60 * kSecond}, {"s", kSecond}, {"ms", 1000}, {"us", 1}});
  std::string result;
  int64_t rest = span.count();
  for (const UnitOfTime& unit : kShown) {
    const int64_t count = rest / unit.microseconds;
    if (count <= 0) continue;
    rest %= unit.microseconds;
    result += (result.empty() ? "" : " ") + std::to_string(count) + std::string(unit.name);
  }
  return result;
}

std::optional<uint64_t> parse_size(std::string_view text) {
  text = trim(text);
  if (text == "infinity") return std::numeric_limits<uint64_t>::max();
  int shift = 0;
  constexpr std::string_view kLetters = "KMGTPE";
  const size_t at = text.empty() ? std::string_view::npos : kLetters.find(text.back());
  if (at != std::string_view::npos) {
    shift = 10 * (static_cast<int>(at) + 1);
    text.remove_suffix(1);
  }
  auto number = parse_integer(text);
  if (!number || *number < 0) return std::nullopt;
  const auto value = static_cast<uint64_t>(*number);
  if (shift > 0 && value > (std::numeric_limits<uint64_t>::max() >> shift)) return std::nullopt;
  return value << shift;
}

std::optional<bool> parse_boolean(std::string_view text) {
  const std::string word = to_lower(text);
  for (const char* yes : {"yes", "y", "true", "t", "on", "1"}) {
    if (word == yes) return true;
  }
  for (const char* no : {"no", "n", "false", "f", "off", "0"}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

}  // namespace holm::init
