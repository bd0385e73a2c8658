// The filters of Describe operations.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rds/types.h"

namespace holm::rds {

// The values that one resource has for each filter that its operation knows.
using FilterValues = std::map<std::string_view, std::vector<std::string>>;

// Whether a resource passes them all; a filter that the operation does not know is refused.
bool passes(const std::vector<Filter>& filters, const FilterValues& values);

// Whether what the caller wrote is the resource's id, whatever the case, or its ARN.
bool names_it(const std::string& given, const std::string& id, const std::string& arn);

}  // namespace holm::rds
