// Network ACLs as a table of nftables. Private to this folder.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "sandbox/network.h"

namespace holm::sandbox {

// Wrong networks, ports and numbers are refused before anything is changed.
Result<void> check_borders(const std::vector<SubnetBorder>& borders);
// The commands after which exactly these rules hold, whatever was before; one transaction. `resolver` is
// VPC+2.
std::string border_rules(const std::vector<SubnetBorder>& borders, const std::string& resolver);

}  // namespace holm::sandbox
