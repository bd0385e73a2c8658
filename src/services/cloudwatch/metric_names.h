// Names of metrics in requests and answers.
#pragma once

#include <string>
#include <vector>

#include "cloudwatch/handlers.h"
#include "metrics/series.h"

namespace holm::cloudwatch {

// Of the caller's account and region. Throws InvalidParameterValue for names that cannot be, and for
// dimensions of one name.
metrics::Metric metric_of(const aws::Caller& caller, const std::string& space, const std::string& name,
                          const std::vector<Dimension>& dimensions);
std::vector<Dimension> dimensions_of(const metrics::Metric& metric);

}  // namespace holm::cloudwatch
