// Where Auto Scaling learns that another service refused it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "aws/service/region.h"

namespace holm::autoscaling {

// Runs `work` in a transaction of its own. When a service refuses, nothing of it is kept and its words
// are returned.
std::optional<std::string> attempt(aws::Region& region, const aws::Caller& caller,
                                   const std::function<void(aws::Call&)>& work);

enum class Reached { Yes, Gone };
// Runs `work`, which calls one operation; Gone when that refuses because the target group or load balancer does
// not exist.
Reached unless_gone(const std::function<void()>& work);

// Runs `work`; what another service says of the user's input becomes a ValidationError of this one, with
// `prefix` before its words.
void as_validation(const std::string& prefix, const std::function<void()>& work);

}  // namespace holm::autoscaling
