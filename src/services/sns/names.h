// Where hosts are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/address.h"

namespace holm::sns {

inline constexpr std::string_view kSiteSuffix = ".localhost";

// Blocks while it asks. Names of the region's own sites lead to `sites`, with the port where sites usually
// are.
Result<net::Address> find_address(const std::string& host, uint16_t port, const net::Address& sites);

}  // namespace holm::sns
