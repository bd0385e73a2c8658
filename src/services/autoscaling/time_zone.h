// Clocks on walls: IANA's time zones, from the machine's own data.
#pragma once

#include <string>

#include "base/clock.h"

namespace holm::autoscaling {

// "Europe/Rome", "Etc/UTC", "UTC".
bool is_time_zone(const std::string& name);

// What the zone's clocks show at `time`, as if that were UTC.
Time to_wall(Time time, const std::string& zone);
// When they show `wall`: the first time where they show it twice; the moment they are put forward where they
// never do.
Time from_wall(Time wall, const std::string& zone);

}  // namespace holm::autoscaling
