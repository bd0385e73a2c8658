// Signals of SignalResource (cfn-signal), and how many of them a resource must get.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-creationpolicy.html
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-updatepolicy.html
//
// Values; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holm::stacks {

// Received for a resource since its creation or update began; by their unique ids, which are those of the
// instances that signal for a group. Each id signals once.
struct Signals {
  std::vector<std::string> successes;
  std::vector<std::string> failures;
};

// "PT1H30M5S"; nothing for anything else.
std::optional<std::chrono::seconds> parse_duration(std::string_view text);

// So many shall signal, and so many percent of them success. Who does not signal in time counts as failed.
struct SignalRequirement {
  int64_t count = 1;
  int64_t percent = 100;  // MinSuccessfulInstancesPercent

  int64_t failures_max() const { return count - (count * percent + 99) / 100; }
  // AWS's words for too few successes.
  std::string problem(int64_t successes) const;
};

}  // namespace holm::stacks
