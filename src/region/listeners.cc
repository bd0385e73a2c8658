// Listening sockets that outlive the daemon.

#include "region/listeners.h"

#include <fmt/format.h>

#include "net/socket.h"
#include "net/socket_keeper.h"

namespace holm::region {

Result<UniqueFd> keep_listener(net::SocketKeeper& sockets, const std::string& address) {
  auto parsed = net::Address::parse(address);
  if (!parsed) return failure(fmt::format("\"{}\" is not an address with a port", address));
  return sockets.open("listener:" + address, [&] { return net::listen_on(*parsed); });
}

}  // namespace holm::region
