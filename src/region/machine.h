// What a region needs of the machine.
#pragma once

#include "base/result.h"

namespace holm::region {

// Fails in one sentence when no region can run here, before anything has been made.
Result<void> check_machine();

}  // namespace holm::region
