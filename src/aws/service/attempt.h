// Where errors of other services end: work that was refused is words, for a history or a log.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "async/task.h"

namespace holm::aws {

// "Code: message" of the aws::ServiceError that `work` threw; nothing when it did what it was asked.
// Other exceptions pass.
std::optional<std::string> attempt(const std::function<void()>& work);
async::Task<std::optional<std::string>> attempt_waiting(async::Task<void> work);

}  // namespace holm::aws
