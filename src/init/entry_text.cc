// Entries as text, and text as times.

#include "init/entry_text.h"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "base/strings.h"
#include "init/time_span.h"

namespace holm::init {

namespace {

constexpr int64_t kSecond = 1'000'000;

std::string host_name() {
  utsname names{};
  uname(&names);
  return names.nodename;
}

std::string formatted(Calendar time, const char* format) {
  const auto seconds = static_cast<time_t>(time.count() / kSecond);
  tm local{};
  localtime_r(&seconds, &local);
  char text[64];
  return {text, strftime(text, sizeof text, format, &local)};
}

std::string json_text(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      result += escape;
    } else {
      result += c;
    }
  }
  return result + "\"";
}

// Numbers separated by `separator`, as many as there may be, at least `count_min`.
std::optional<std::array<int, 3>> parse_numbers(std::string_view text, char separator, size_t count_min) {
  std::array<int, 3> numbers{};
  const auto parts = split(text, separator);
  if (parts.size() < count_min || parts.size() > numbers.size()) return std::nullopt;
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto number = parse_integer(parts[i]);
    if (!number || *number < 0 || *number > 9999) return std::nullopt;
    numbers[i] = static_cast<int>(*number);
  }
  return numbers;
}

std::optional<Calendar> parse_date(std::string_view text, Calendar now) {
  const auto now_seconds = static_cast<time_t>(now.count() / kSecond);
  tm local{};
  localtime_r(&now_seconds, &local);
  local.tm_hour = local.tm_min = local.tm_sec = 0;
  local.tm_isdst = -1;
  const size_t blank = text.find_first_of(" T");
  std::string_view date = text.substr(0, blank);
  std::string_view clock = blank == std::string_view::npos ? "" : text.substr(blank + 1);
  if (date.find(':') != std::string_view::npos) std::swap(date, clock);
  if (!date.empty()) {
    const auto numbers = parse_numbers(date, '-', 3);
    if (!numbers) return std::nullopt;
    local.tm_year = (*numbers)[0] - 1900;
    local.tm_mon = (*numbers)[1] - 1;
    local.tm_mday = (*numbers)[2];
  }
  if (!clock.empty()) {
    const auto numbers = parse_numbers(clock, ':', 2);
    if (!numbers) return std::nullopt;
    local.tm_hour = (*numbers)[0];
    local.tm_min = (*numbers)[1];
    local.tm_sec = (*numbers)[2];
  }
  return Calendar(static_cast<int64_t>(mktime(&local)) * kSecond);
}

}  // namespace

std::optional<EntryFormat> parse_entry_format(std::string_view name) {
  if (name == "short") return EntryFormat::Short;
  if (name == "short-iso") return EntryFormat::ShortIso;
  if (name == "short-precise") return EntryFormat::ShortPrecise;
  if (name == "cat") return EntryFormat::Cat;
  if (name == "json") return EntryFormat::Json;
  return std::nullopt;
}

std::string entry_text(const JournalEntry& entry, EntryFormat format, const std::string& unit) {
  std::string when;
  switch (format) {
    case EntryFormat::Cat: return entry.message;
    case EntryFormat::Json:
      return "{\"__REALTIME_TIMESTAMP\":\"" + std::to_string(entry.time.count()) + "\",\"PRIORITY\":\"" +
             std::to_string(entry.priority) + "\",\"_PID\":\"" + std::to_string(entry.process) +
             "\",\"SYSLOG_IDENTIFIER\":" + json_text(entry.identifier) +
             ",\"_SYSTEMD_UNIT\":" + json_text(unit) + ",\"MESSAGE\":" + json_text(entry.message) + "}";
    case EntryFormat::Short: when = formatted(entry.time, "%b %d %H:%M:%S"); break;
    case EntryFormat::ShortIso: when = formatted(entry.time, "%Y-%m-%dT%H:%M:%S%z"); break;
    case EntryFormat::ShortPrecise: {
      char part[16];
      snprintf(part, sizeof part, ".%06d", static_cast<int>(entry.time.count() % kSecond));
      when = formatted(entry.time, "%b %d %H:%M:%S") + part;
      break;
    }
  }
  return when + " " + host_name() + " " + entry.identifier + "[" + std::to_string(entry.process) +
         "]: " + entry.message;
}

std::optional<Calendar> parse_moment(std::string_view text, Calendar now) {
  text = trim(text);
  if (text.empty()) return std::nullopt;
  if (text == "now") return now;
  if (text == "today" || text == "yesterday" || text == "tomorrow") {
    const int64_t days = text == "today" ? 0 : text == "yesterday" ? -1 : 1;
    return parse_date("00:00", now + Calendar(days * 86'400 * kSecond));
  }
  if (text.starts_with('@')) {
    const auto seconds = parse_integer(text.substr(1));
    if (!seconds || *seconds < 0 || *seconds > (1LL << 40)) return std::nullopt;
    return Calendar(*seconds * kSecond);
  }
  if (text.ends_with(" ago")) {
    const auto span = parse_time_span(text.substr(0, text.size() - 4));
    if (!span || *span == kForever) return std::nullopt;
    return now - *span;
  }
  if (text.starts_with('-') || text.starts_with('+')) {
    const auto span = parse_time_span(text.substr(1));
    if (!span || *span == kForever) return std::nullopt;
    return text.front() == '-' ? now - *span : now + *span;
  }
  return parse_date(text, now);
}

}  // namespace holm::init
