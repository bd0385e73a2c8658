// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html

#include "services/autoscaling/recurrence.h"

#include <array>
#include <vector>

#include "base/strings.h"
#include "services/autoscaling/time_zone.h"

namespace holm::autoscaling {

namespace {

constexpr size_t kTextMax = 255;
constexpr int64_t kDaysAhead = 4 * 366;
constexpr int64_t kMinutesOfDay = 24 * 60;

struct Field {
  int64_t first, last;
  std::string_view names = {};  // Three letters each, of `first` and those after it.
};
constexpr Field kMinute{0, 59}, kHour{0, 23}, kDay{1, 31};
constexpr Field kMonth{1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"};
constexpr Field kWeekday{0, 7, "SUNMONTUEWEDTHUFRISAT"};

std::optional<int64_t> value_of(std::string_view text, const Field& field) {
  for (size_t i = 0; i + 3 <= field.names.size(); i += 3) {
    if (to_lower(text) == to_lower(field.names.substr(i, 3)))
      return field.first + static_cast<int64_t>(i / 3);
  }
  if (text.size() > 2) return std::nullopt;
  const auto number = parse_integer(text);
  if (!number || *number < field.first || *number > field.last) return std::nullopt;
  return number;
}

struct Range {
  int64_t from, to, step;
};

// "*", "5", "1-5", and any of them with "/2".
std::optional<Range> range_of(std::string_view text, const Field& field) {
  Range range{field.first, field.last, 1};
  const size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const auto step = parse_integer(text.substr(slash + 1));
    if (!step || *step < 1 || *step > field.last) return std::nullopt;
    range.step = *step;
    text = text.substr(0, slash);
  }
  if (text == "*") return range;
  const size_t dash = text.find('-');
  const auto from = value_of(text.substr(0, dash), field);
  if (!from) return std::nullopt;
  range.from = *from;
  if (dash != std::string_view::npos) {
    const auto to = value_of(text.substr(dash + 1), field);
    if (!to || *to < *from) return std::nullopt;
    range.to = *to;
  } else if (slash == std::string_view::npos) {
    range.to = *from;
  }
  return range;
}

template <size_t Size>
bool read_field(std::string_view text, const Field& field, std::bitset<Size>& bits) {
  for (std::string_view part : split(text, ',')) {
    const auto range = range_of(part, field);
    if (!range) return false;
    for (int64_t i = range->from; i <= range->to; i += range->step) bits.set(static_cast<size_t>(i) % Size);
  }
  return true;
}

}  // namespace

Result<Recurrence> Recurrence::parse(std::string_view text) {
  if (text.size() > kTextMax) return failure("the text is too long");
  std::vector<std::string_view> fields;
  for (std::string_view part : split(text, ' ')) {
    if (!part.empty()) fields.push_back(part);
  }
  if (fields.size() != 5) return failure("it has not five fields");
  Recurrence result;
  const bool is_right =
      read_field(fields[0], kMinute, result.minutes_) && read_field(fields[1], kHour, result.hours_) &&
      read_field(fields[2], kDay, result.days_) && read_field(fields[3], kMonth, result.months_) &&
      read_field(fields[4], kWeekday, result.weekdays_);
  if (!is_right) return failure("a field has a value that it can't have");
  result.any_day_ = fields[2].starts_with('*');
  result.any_weekday_ = fields[4].starts_with('*');
  return result;
}

// As everywhere with cron, either day is enough when both are given.
bool Recurrence::has_day(int64_t day) const {
  const std::chrono::sys_days date{std::chrono::days(day)};
  const std::chrono::year_month_day parts(date);
  if (!months_.test(static_cast<unsigned>(parts.month()))) return false;
  const bool in_month = days_.test(static_cast<unsigned>(parts.day()));
  const bool in_week = weekdays_.test(std::chrono::weekday(date).c_encoding());
  if (any_day_ || any_weekday_) return in_month && in_week;
  return in_month || in_week;
}

std::optional<Time> Recurrence::next_after(Time time, const std::string& zone) const {
  std::optional<Time> wall = next_on_wall(to_wall(time, zone));
  // Clocks that were put back show a time again that has been.
  while (wall && from_wall(*wall, zone) <= time) wall = next_on_wall(*wall);
  if (!wall) return std::nullopt;
  return from_wall(*wall, zone);
}

std::optional<Time> Recurrence::next_on_wall(Time time) const {
  const int64_t minute = std::chrono::floor<std::chrono::minutes>(time.time_since_epoch()).count() + 1;
  int64_t from = minute % kMinutesOfDay;
  const int64_t today = minute / kMinutesOfDay;
  for (int64_t day = today; day < today + kDaysAhead; ++day) {
    for (int64_t i = from; has_day(day) && i < kMinutesOfDay; ++i) {
      if (!hours_.test(static_cast<size_t>(i / 60)) || !minutes_.test(static_cast<size_t>(i % 60))) continue;
      return Time(std::chrono::minutes(day * kMinutesOfDay + i));
    }
    from = 0;
  }
  return std::nullopt;
}

}  // namespace holm::autoscaling
