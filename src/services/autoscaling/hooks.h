// Lifecycle hooks: what an instance waits for before it comes into service, and before it is terminated.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/autoscaling/groups.h"

namespace holm::autoscaling {

inline constexpr std::string_view kLaunching = "autoscaling:EC2_INSTANCE_LAUNCHING";
inline constexpr std::string_view kTerminating = "autoscaling:EC2_INSTANCE_TERMINATING";

// Has the instance wait for the hooks of a transition; false when the group has none.
bool begin_waiting(Service& service, aws::Call& call, const InstanceRow& instance,
                   std::string_view transition);

enum class Waiting : uint8_t { Goes, Continued, Abandoned };
struct WaitState {
  Waiting state = Waiting::Goes;
  int64_t next = 0;     // Of Goes: when the next hook's time is over.
  std::string message;  // Of Abandoned.
};
// How it stands with what the instance waits for. Hooks whose time is over have their default result.
WaitState waiting_of(aws::Call& call, const InstanceRow& instance);
void end_waiting(aws::Call& call, const InstanceRow& instance);

}  // namespace holm::autoscaling
