// Times as AWS writes them, and back.

#include "base/time_format.h"

#include <fmt/format.h>

#include <array>

#include "base/strings.h"

namespace holm {

namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hh_mm_ss;
using std::chrono::milliseconds;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Parts {
  int year, month, day, hour, minute, second, millisecond;
  unsigned weekday;
};

Parts parts_of(Time time) {
  auto day = floor<days>(time);
  year_month_day date{day};
  hh_mm_ss clock{time - day};
  return {int(date.year()),
          int(unsigned(date.month())),
          int(unsigned(date.day())),
          int(clock.hours().count()),
          int(clock.minutes().count()),
          int(clock.seconds().count()),
          int(clock.subseconds().count()),
          std::chrono::weekday{day}.c_encoding()};
}

std::optional<Time> time_of(const Parts& p) {
  year_month_day date{std::chrono::year{p.year}, std::chrono::month{unsigned(p.month)},
                      std::chrono::day{unsigned(p.day)}};
  // A leap second is read as the second after it.
  if (!date.ok() || p.hour > 23 || p.minute > 59 || p.second > 60) return std::nullopt;
  return std::chrono::sys_days{date} + std::chrono::hours{p.hour} + std::chrono::minutes{p.minute} +
         std::chrono::seconds{p.second} + milliseconds{p.millisecond};
}

// Takes exactly `digits` decimal digits from the front of `text`.
std::optional<int> take_number(std::string_view& text, size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

// Reads the numbers and literal characters that `format` asks for: each field is a count of digits, each
// other character stands for itself.
bool take_fields(std::string_view& text, std::string_view format, std::initializer_list<int*> fields) {
  auto field = fields.begin();
  for (char c : format) {
    if (c >= '1' && c <= '9') {
      auto number = take_number(text, size_t(c - '0'));
      if (!number) return false;
      **field++ = *number;
    } else if (!take(text, std::string_view(&c, 1))) {
      return false;
    }
  }
  return true;
}

// ".123" in milliseconds; further digits are dropped.
bool take_fraction(std::string_view& text, int& result) {
  int scale = 100;
  size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits, scale /= 10) {
    result += (text[digits] - '0') * scale;
  }
  text.remove_prefix(digits);
  return digits > 0;
}

// At least so many digits.
void append_digits(std::string& out, int number, size_t digits) {
  if (digits == 2 && number >= 0 && number < 100) {
    const char both[] = {static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10)};
    out.append(both, sizeof both);
    return;
  }
  const fmt::format_int text(number);
  if (text.size() < digits) out.append(digits - text.size(), '0');
  out.append(text.data(), text.size());
}

// "2026-01-31T23:59:59"
void append_seconds(std::string& out, const Parts& p) {
  append_digits(out, p.year, 4);
  append_digits(out += '-', p.month, 2);
  append_digits(out += '-', p.day, 2);
  append_digits(out += 'T', p.hour, 2);
  append_digits(out += ':', p.minute, 2);
  append_digits(out += ':', p.second, 2);
}

}  // namespace

std::string iso8601(Time time) {
  std::string text;
  text.reserve(sizeof "2026-01-01T00:00:00Z");
  append_seconds(text, parts_of(time));
  text += 'Z';
  return text;
}

std::string iso8601_milliseconds(Time time) {
  const Parts p = parts_of(time);
  std::string text;
  text.reserve(sizeof "2026-01-01T00:00:00.000Z");
  append_seconds(text, p);
  text += '.';
  append_digits(text, p.millisecond, 3);
  text += 'Z';
  return text;
}

std::string http_date(Time time) {
  Parts p = parts_of(time);
  std::string text;
  text.reserve(sizeof "Sun, 06 Nov 1994 08:49:37 GMT");
  text += kWeekdays[p.weekday];
  append_digits(text += ", ", p.day, 2);
  ((text += ' ') += kMonths[size_t(p.month - 1)]) += ' ';
  append_digits(text, p.year, 4);
  append_digits(text += ' ', p.hour, 2);
  append_digits(text += ':', p.minute, 2);
  append_digits(text += ':', p.second, 2);
  text += " GMT";
  return text;
}

std::string compact_date_time(Time time) {
  Parts p = parts_of(time);
  std::string text;
  text.reserve(sizeof "20260101T000000Z");
  append_digits(text, p.year, 4);
  append_digits(text, p.month, 2);
  append_digits(text, p.day, 2);
  append_digits(text += 'T', p.hour, 2);
  append_digits(text, p.minute, 2);
  append_digits(text, p.second, 2);
  text += 'Z';
  return text;
}

std::optional<Time> parse_iso8601(std::string_view text) {
  Parts p{};
  if (!take_fields(text, "4-2-2", {&p.year, &p.month, &p.day})) return std::nullopt;
  if (text.empty()) return time_of(p);
  if (!take_fields(text, "T2:2:2", {&p.hour, &p.minute, &p.second})) return std::nullopt;
  if (take(text, ".") && !take_fraction(text, p.millisecond)) return std::nullopt;
  auto time = time_of(p);
  if (!time || text == "Z" || text.empty()) return time;
  int sign = text.front() == '-' ? -1 : 1, hours = 0, minutes = 0;
  if (text.front() != '+' && text.front() != '-') return std::nullopt;
  text.remove_prefix(1);
  if (!take_fields(text, "2:2", {&hours, &minutes}) || !text.empty()) return std::nullopt;
  return *time - sign * (std::chrono::hours{hours} + std::chrono::minutes{minutes});
}

std::optional<Time> parse_http_date(std::string_view text) {
  Parts p{};
  size_t comma = text.find(", ");
  if (comma != 3) return std::nullopt;
  text.remove_prefix(comma + 2);
  if (!take_fields(text, "2 ", {&p.day})) return std::nullopt;
  for (size_t i = 0; i < kMonths.size(); ++i) {
    if (text.starts_with(kMonths[i])) p.month = int(i) + 1;
  }
  if (p.month == 0) return std::nullopt;
  text.remove_prefix(3);
  if (!take_fields(text, " 4 2:2:2 GMT", {&p.year, &p.hour, &p.minute, &p.second})) return std::nullopt;
  return text.empty() ? time_of(p) : std::nullopt;
}

std::optional<Time> parse_compact_date_time(std::string_view text) {
  Parts p{};
  if (!take_fields(text, "422T222Z", {&p.year, &p.month, &p.day, &p.hour, &p.minute, &p.second})) {
    return std::nullopt;
  }
  return text.empty() ? time_of(p) : std::nullopt;
}

}  // namespace holm
