// Dashboards as documents of an account.
#pragma once

#include <string>

#include "cloudwatch/handlers.h"

namespace holm::cloudwatch {

// They are in no region.
std::string dashboard_arn(const Call& call, const std::string& name);
bool has_dashboard(Call& call, const std::string& name);

}  // namespace holm::cloudwatch
