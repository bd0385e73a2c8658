// Where a running region is to be reached from this machine.
#pragma once

#include <string>

#include "base/result.h"
#include "net/address.h"
#include "region/options.h"

namespace holm::region {

// As the running daemon wrote them down; where it listens on every address, loopback.
Result<net::Address> api_address(const Options& options);
Result<net::Address> edge_address(const Options& options);
Result<net::Address> secure_edge_address(const Options& options);


// The certificate of the region's own authority, as PEM.
Result<std::string> authority_certificate(const Options& options);

}  // namespace holm::region
