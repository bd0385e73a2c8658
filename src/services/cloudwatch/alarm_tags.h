// Tags of alarms.
#pragma once

#include <string>
#include <vector>

#include "cloudwatch/handlers.h"

namespace holm::cloudwatch {

void write_tags(Call& call, const std::string& alarm, const std::vector<Tag>& tags);

}  // namespace holm::cloudwatch
