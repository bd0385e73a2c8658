// Accepting: a bounded number of connections each time, so that others on the reactor get their
// turn.

#include "net/listener.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "net/connection_room.h"

namespace holm::net {

namespace {

constexpr int kAcceptsAtOnceMax = 16;
constexpr async::Duration kPause{100};
constexpr async::Duration kPauseWhileFull{10};
constexpr async::Duration kFullAnew{1000};

bool is_of_connection(int error) {
  // What went wrong before the connection could be taken concerns that connection only (accept(2)).
  return error == ECONNABORTED || error == EINTR || error == EPROTO || error == EPERM ||
         error == ENETDOWN || error == EHOSTDOWN || error == EHOSTUNREACH || error == ENETUNREACH;
}

}  // namespace

Listener::Listener(async::Reactor& reactor, int fd, Accepted accepted)
    : Listener(reactor, fd, std::move(accepted), {}) {}

Listener::Listener(async::Reactor& reactor, int fd, Accepted accepted, Bounds bounds)
    : reactor_(reactor),
      fd_(fd),
      accepted_(std::move(accepted)),
      bounds_(std::move(bounds)),
      retry_(reactor, [this] { watch_.emplace(reactor_, fd_, *this, async::Trigger::Accept); }) {
  watch_.emplace(reactor_, fd_, *this, async::Trigger::Accept);
}

Listener::Room Listener::room() {
  if (!bounds_.room || bounds_.room->has_place()) {
    full_since_.reset();
    return Room::Free;
  }
  // Nothing is closed for nobody.
  pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
  if (::poll(&waiting, 1, 0) <= 0) return Room::Unwanted;
  const SteadyTime now = reactor_.clock().steady();
  // Without a connection that waits nobody looks here.
  if (!full_since_ || now - full_seen_ > kFullAnew) full_since_ = now;
  full_seen_ = now;
  return bounds_.room->make_room(reactor_) ? Room::Soon : Room::None;
}

void Listener::on_events(async::Events) {
  for (int i = 0; i < kAcceptsAtOnceMax; ++i) {
    const Room found = room();
    // Those that were closed are gone in the reactor's next turn, when the socket is still readable.
    if (found == Room::Soon || found == Room::Unwanted) return;
    if (found == Room::None) {
      if (reactor_.clock().steady() - *full_since_ >= bounds_.patience) turn_away();
      return wait(kPauseWhileFull);
    }
    sockaddr_storage storage;
    socklen_t bytes = sizeof storage;
    auto* raw = reinterpret_cast<sockaddr*>(&storage);
    UniqueFd connection(::accept4(fd_, raw, &bytes, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!connection) {
      if (is_of_connection(errno)) continue;
      if (errno != EAGAIN) pause();
      return;
    }
    if (storage.ss_family != AF_UNIX) {
      int on = 1;
      ::setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    accepted_(std::move(connection), Address::from_sockaddr(raw, bytes));
  }
}

// What has come in until now; later ones have their own time.
void Listener::turn_away() {
  for (int i = 0; i < kAcceptsAtOnceMax; ++i) {
    const UniqueFd connection(::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!connection) break;
    if (bounds_.turned_away) bounds_.turned_away();
  }
}

void Listener::wait(async::Duration pause) {
  watch_.reset();
  retry_.arm(pause);
}

void Listener::pause() {
  log::warning(fmt::format("no connection can be accepted: {}", std::strerror(errno)));
  wait(kPause);
}

}  // namespace holm::net
