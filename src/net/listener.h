// Listener: takes connections from a listening socket.
#pragma once

#include <functional>
#include <optional>

#include "async/reactor.h"
#include "base/unique_fd.h"
#include "net/address.h"

namespace holm::net {

// Accepts on `fd` (borrowed; made by `listen_on` or inherited from another process) and hands every
// connection, non-blocking and without delay (TCP_NODELAY), to `accepted` on the reactor's thread.
// Several listeners, on different reactors, may share one socket. When the process runs out of
// descriptors it pauses a little instead of spinning. Lives on the reactor's thread.
class Listener final : public async::FdHandler {
 public:
  using Accepted = std::function<void(UniqueFd connection, const Address& peer)>;

  Listener(async::Reactor& reactor, int fd, Accepted accepted);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  void on_events(async::Events events) override;
  void pause();

  async::Reactor& reactor_;
  int fd_;
  Accepted accepted_;
  async::Timer retry_;
  std::optional<async::Watch> watch_;
};

}  // namespace holm::net
