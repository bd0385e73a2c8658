// Where errors of other services end: a delivery that fails is tried again.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "async/task.h"

namespace holm::sns {

// What the service that was asked said against it; nothing when it did what it was asked.
async::Task<std::optional<std::string>> attempt_waiting(async::Task<void> work);
std::optional<std::string> attempt(const std::function<void()>& work);

}  // namespace holm::sns
