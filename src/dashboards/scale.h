// Round numbers on axes, and numbers as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace holm::dashboards {

// From `low` to `high` in steps of 1, 2 or 5 times a power of ten, about `count` of them; low <= high, both
// finite.
std::vector<double> ticks_between(double low, double high, int count);
// Times in seconds at whole minutes, hours or days, at most `count` of them.
std::vector<int64_t> times_between(int64_t start, int64_t end, int count);
// "0.25", "12", "3.4k", "1.2M", "5G".
std::string short_number(double number);
// "14:05", or "21 Nov" where the span is days long. UTC.
std::string short_time(int64_t seconds, int64_t span);

}  // namespace holm::dashboards
