// Fn::Cidr: a block of addresses cut into smaller ones.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace holm::stacks {

// `count` blocks of 2^host_bits addresses each, from the start of `block` ("10.0.0.0/16", or one of IPv6).
Result<std::vector<std::string>> subnets_of(const std::string& block, int64_t count, int64_t host_bits);

}  // namespace holm::stacks
