// Looks before anything is made.

#include "region/machine.h"

#include "sandbox/probe.h"

namespace holm::region {

Result<void> check_machine() {
  const std::vector<std::string> reasons = sandbox::probe().blocking();
  if (!reasons.empty()) return failure(reasons.front());
  return {};
}

}  // namespace holm::region
