// Listening sockets of the region's front doors, which outlive the daemon.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace holm::net {
class SocketKeeper;
}

namespace holm::region {

// The socket that listens on `address` ("127.0.0.1:4566"): the one an earlier daemon had, else a new one.
// Fails in one sentence when the address is taken by another program or not allowed.
Result<UniqueFd> keep_listener(net::SocketKeeper& sockets, const std::string& address);

}  // namespace holm::region
