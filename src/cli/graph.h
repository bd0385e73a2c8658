// `holm status --graph`: a dashboard as a picture.
#pragma once

#include <string>

#include "region/options.h"

namespace holm::cli {

// Prints the dashboard, or the only one where `name` is empty, as SVG; the process's exit code.
int graph(const region::Options& options, const std::string& name);

}  // namespace holm::cli
