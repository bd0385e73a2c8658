// Durations as templates have them, and words about signals.

#include "stacks/signals.h"

#include <fmt/format.h>

#include "base/strings.h"

namespace holm::stacks {

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
  constexpr long long kMax = 1'000'000;  // Of each unit.
  if (!text.starts_with("PT") || text.size() < 3) return std::nullopt;
  text.remove_prefix(2);
  std::chrono::seconds sum{};
  while (!text.empty()) {
    const size_t unit = text.find_first_of("HMS");
    if (unit == std::string_view::npos) return std::nullopt;
    const auto count = parse_integer(text.substr(0, unit));
    if (!count || *count < 0 || *count > kMax) return std::nullopt;
    sum += std::chrono::seconds(*count * (text[unit] == 'H' ? 3600 : text[unit] == 'M' ? 60 : 1));
    text.remove_prefix(unit + 1);
  }
  return sum;
}

std::string SignalRequirement::problem(int64_t successes) const {
  return fmt::format(
      "Received {} SUCCESS signal(s) out of {}. Unable to satisfy {}% MinSuccessfulInstancesPercent requirement",
      successes, count, percent);
}

}  // namespace holm::stacks
