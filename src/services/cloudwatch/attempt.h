// Where errors of other services end: an action that fails is a line in an alarm's history.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace holm::cloudwatch {

// What the service that was asked said against it; nothing when it did what it was asked.
std::optional<std::string> attempt(const std::function<void()>& work);

}  // namespace holm::cloudwatch
