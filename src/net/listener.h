// Listener: takes connections from a listening socket.
#pragma once

#include <functional>
#include <optional>

#include "async/reactor.h"
#include "base/unique_fd.h"
#include "net/address.h"

namespace holm::net {

class ConnectionRoom;

// Accepts on `fd` (borrowed; made by `listen_on` or inherited from another process) and hands every
// connection, non-blocking and without delay (TCP_NODELAY), to `accepted` on the reactor's thread.
// Several listeners, on different reactors, may share one socket. When the process runs out of
// descriptors it pauses a little instead of spinning. Lives on the reactor's thread.
//
// With a room, the connections that came wait while it is full, and the ones of this reactor that have idled there
// longest are closed. Where nothing helps for a while, those who wait are turned away.
class Listener final : public async::FdHandler {
 public:
  using Accepted = std::function<void(UniqueFd connection, const Address& peer)>;

  struct Bounds {
    ConnectionRoom* room = nullptr;  // Who accepts takes the places there. Null: there is no bound.
    std::function<void()> turned_away{};  // Called for each that was; may be empty.
    async::Duration patience{10000};
  };

  Listener(async::Reactor& reactor, int fd, Accepted accepted);
  Listener(async::Reactor& reactor, int fd, Accepted accepted, Bounds bounds);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  void on_events(async::Events events) override;
  enum class Room : uint8_t { Free, Soon, None, Unwanted };
  Room room();
  void turn_away();
  void pause();
  void wait(async::Duration pause);

  async::Reactor& reactor_;
  int fd_;
  Accepted accepted_;
  const Bounds bounds_;
  std::optional<SteadyTime> full_since_;  // Since when somebody waits because of that.
  SteadyTime full_seen_{};
  async::Timer retry_;
  std::optional<async::Watch> watch_;
};

}  // namespace holm::net
