// When something recurs: the five fields of cron, by the clocks of a time zone.
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace holm::autoscaling {

// "30 0 1 1,6,12 *": minute, hour, day of the month, month, day of the week.
class Recurrence {
 public:
  static Result<Recurrence> parse(std::string_view text);

  // The first time after `time`; nothing when there is none within four years (the 30th of February).
  std::optional<Time> next_after(Time time, const std::string& zone = "UTC") const;

 private:
  std::optional<Time> next_on_wall(Time wall) const;
  bool has_day(int64_t day) const;  // Days since 1970.

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<7> weekdays_;  // From Sunday.
  bool any_day_ = false, any_weekday_ = false;
};

}  // namespace holm::autoscaling
