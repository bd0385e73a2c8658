// Round numbers on axes.

#include "dashboards/scale.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cmath>

namespace holm::dashboards {

namespace {

constexpr int64_t kDay = 86'400;

double round_step(double rough) {
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * power) return factor * power;
  }
  return 10 * power;
}

}  // namespace

std::vector<double> ticks_between(double low, double high, int count) {
  if (high - low <= 0 || count < 1) return {low};
  const double step = round_step((high - low) / count);
  const double first = std::ceil(low / step - 1e-9);
  std::vector<double> ticks;
  // Counted, so that rounding does not add up.
  for (int i = 0; i <= 2 * count + 2; ++i) {
    const double tick = (first + i) * step;
    if (tick > high + step * 1e-9) break;
    ticks.push_back(tick);
  }
  return ticks;
}

std::vector<int64_t> times_between(int64_t start, int64_t end, int count) {
  constexpr std::array<int64_t, 15> kSteps = {60,        120,  300,      600,      900,
                                              1800,      3600, 2 * 3600, 3 * 3600, 6 * 3600,
                                              12 * 3600, kDay, 2 * kDay, 7 * kDay, 30 * kDay};
  if (end <= start || count < 1) return {};
  int64_t step = kSteps.back();
  for (const int64_t each : kSteps) {
    if ((end - start) / each <= count) {
      step = each;
      break;
    }
  }
  while ((end - start) / step > count) step *= 2;
  std::vector<int64_t> times;
  for (int64_t time = (start + step - 1) / step * step; time <= end; time += step) times.push_back(time);
  return times;
}

std::string short_number(double number) {
  const double size = std::abs(number);
  if (size >= 1e12 || (size > 0 && size < 1e-3)) return fmt::format("{:.2e}", number);
  if (size >= 1e9) return fmt::format("{:.3g}G", number / 1e9);
  if (size >= 1e6) return fmt::format("{:.3g}M", number / 1e6);
  if (size >= 1e3) return fmt::format("{:.3g}k", number / 1e3);
  return fmt::format("{:.3g}", number);
}

std::string short_time(int64_t seconds, int64_t span) {
  using namespace std::chrono;
  const sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = floor<days>(time);
  if (span > 2 * kDay) {
    constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const year_month_day date{day};
    return fmt::format("{} {}", static_cast<unsigned>(date.day()),
                       kMonths[static_cast<unsigned>(date.month()) - 1]);
  }
  const hh_mm_ss clock{time - day};
  return fmt::format("{:02}:{:02}", clock.hours().count(), clock.minutes().count());
}

}  // namespace holm::dashboards
