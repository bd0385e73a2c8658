// Listening sockets that outlive the daemon.

#include "region/listeners.h"

#include <fmt/format.h>

#include "net/socket.h"
#include "sandbox/anchor.h"

namespace holm::region {

Result<UniqueFd> keep_listener(sandbox::Anchor& anchor, const std::string& address) {
  const std::string name = "listener:" + address;
  auto kept = anchor.find(name);
  if (!kept) return kept;
  if (*kept) return kept;
  auto parsed = net::Address::parse(address);
  if (!parsed) return failure(fmt::format("\"{}\" is not an address with a port", address));
  auto made = net::listen_on(*parsed);
  if (!made) return made;
  if (auto done = anchor.keep(name, made->get()); !done) return std::unexpected(done.error());
  return made;
}

}  // namespace holm::region
