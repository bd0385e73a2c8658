// Listening sockets that outlive the daemon: the anchor keeps them, and connections wait meanwhile.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace holm::sandbox {
class Anchor;
}

namespace holm::region {

// The socket that listens on `address` ("127.0.0.1:4566"): the one an earlier daemon had, else a new one.
// Fails in one sentence when the address is taken by another program or not allowed.
Result<UniqueFd> keep_listener(sandbox::Anchor& anchor, const std::string& address);

}  // namespace holm::region
