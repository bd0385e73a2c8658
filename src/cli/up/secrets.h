// Parameters of stacks that are made up once and kept in the data directory, for the owner's eyes only.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "cli/up/arguments.h"

namespace holm::cli {

// The values of `wanted`, in its order. Those that the file (mode 0600, NAME=VALUE lines) lacks are made up,
// of letters and digits, and added to it before this returns.
Result<std::vector<std::pair<std::string, std::string>>> keep_secrets(
    const std::string& path, const std::vector<SecretParameter>& wanted, Random& random);

}  // namespace holm::cli
