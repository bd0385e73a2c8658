// Calls of other services that may fail without ending the work.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace holm::elbv2 {

// What the service that was called said against it, or nothing.
std::optional<std::string> attempt(const std::function<void()>& work);

}  // namespace holm::elbv2
