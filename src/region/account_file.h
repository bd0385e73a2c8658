// The number of the account that the region belongs to.
#pragma once

#include <string>

#include "base/random.h"
#include "base/result.h"

namespace holm::region {

// Twelve digits, as AWS's. Made up once and kept durably in the file `path`; a file that holds none is an error.
Result<std::string> load_or_make_account(const std::string& path, Random& random);

}  // namespace holm::region
