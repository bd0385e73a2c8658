// Where listening sockets come from that shall outlive the process: whoever connects while it is away waits.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace holm::net {

// Any thread.
class SocketKeeper {
 public:
  using Make = std::function<Result<UniqueFd>()>;

  virtual ~SocketKeeper() = default;
  // A descriptor of the socket that is kept under `name`; else of what `make` returns, kept from now on.
  virtual Result<UniqueFd> open(const std::string& name, const Make& make) = 0;
  // No longer keeps those whose names begin with `prefix` and are not among `names`. A socket that is kept
  // and that nobody serves would let its clients wait for ever.
  virtual void retain(std::string_view prefix, const std::set<std::string>& names) = 0;
};

}  // namespace holm::net
