// On Howard Hinnant's library, until the standard library has it.

#include "services/autoscaling/time_zone.h"

// As Debian builds it.
#define ONLY_C_LOCALE 1
#define USE_OS_TZDB 1
#include <date/tz.h>

#include <algorithm>

namespace holm::autoscaling {

namespace {

const date::time_zone* find_zone(const std::string& name) {
  const auto& zones = date::get_tzdb().zones;
  auto found = std::ranges::find(zones, name, &date::time_zone::name);
  return found == zones.end() ? nullptr : &*found;
}

}  // namespace

bool is_time_zone(const std::string& name) { return name == "UTC" || find_zone(name) != nullptr; }

Time to_wall(Time time, const std::string& zone) {
  const date::time_zone* found = find_zone(zone);
  return found ? Time(found->to_local(time).time_since_epoch()) : time;
}

Time from_wall(Time wall, const std::string& zone) {
  const date::time_zone* found = find_zone(zone);
  if (!found) return wall;
  const date::local_time<Time::duration> local(wall.time_since_epoch());
  return found->to_sys(local, date::choose::earliest);
}

}  // namespace holm::autoscaling
