// Tags of alarms and dashboards.
#pragma once

#include <string>
#include <vector>

#include "cloudwatch/handlers.h"

namespace holm::cloudwatch {

// `resource` is the end of its ARN: "alarm:NAME" or "dashboard/NAME". Those it has are kept or replaced.
void write_tags(Call& call, const std::string& resource, const std::vector<Tag>& tags);
void delete_tags(Call& call, const std::string& resource);

}  // namespace holm::cloudwatch
