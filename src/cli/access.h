// How verbs reach the region's API.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/up/api_client.h"
#include "region/options.h"

namespace holm::cli {

// As the account's administrator; which regions and zones there are is the API's affair. An error when no
// daemon runs on the options' data directory.
Result<ApiAccess> access_to(const region::Options& options, const std::string& region);

}  // namespace holm::cli
