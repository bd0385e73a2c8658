// Networks of a VPC that are cut off, as a table of nftables. Private to this folder.
#pragma once

#include <string>

#include "base/result.h"
#include "sandbox/network.h"

namespace holm::sandbox {

// Wrong networks are refused before anything is changed.
Result<void> check_cuts(const Cuts& cuts);
// The commands after which exactly these networks are cut off, whatever was before: one transaction, so that
// nothing slips through in between.
std::string cut_rules(const Cuts& cuts);

}  // namespace holm::sandbox
