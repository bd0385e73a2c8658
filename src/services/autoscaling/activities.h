// The history of groups as its readers see it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "autoscaling/types.h"
#include "aws/service/call.h"

namespace holm::autoscaling {

// Of the account in the region, the newest first.
std::vector<Activity> activities_of(aws::Call& call);
std::optional<Activity> find_activity(aws::Call& call, const std::string& id);

}  // namespace holm::autoscaling
