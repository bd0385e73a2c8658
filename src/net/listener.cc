// Accepting: a bounded number of connections each time, so that others on the reactor get their
// turn.

#include "net/listener.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace holm::net {

namespace {

constexpr int kAcceptsAtOnceMax = 16;
constexpr async::Duration kPause{100};

bool is_of_connection(int error) {
  // What went wrong before the connection could be taken concerns that connection only (accept(2)).
  return error == ECONNABORTED || error == EINTR || error == EPROTO || error == EPERM ||
         error == ENETDOWN || error == EHOSTDOWN || error == EHOSTUNREACH || error == ENETUNREACH;
}

}  // namespace

Listener::Listener(async::Reactor& reactor, int fd, Accepted accepted)
    : reactor_(reactor),
      fd_(fd),
      accepted_(std::move(accepted)),
      retry_(reactor, [this] { watch_.emplace(reactor_, fd_, *this, async::Trigger::Accept); }) {
  watch_.emplace(reactor_, fd_, *this, async::Trigger::Accept);
}

void Listener::on_events(async::Events) {
  for (int i = 0; i < kAcceptsAtOnceMax; ++i) {
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

void Listener::pause() {
  log::warning(fmt::format("no connection can be accepted: {}", std::strerror(errno)));
  watch_.reset();
  retry_.arm(kPause);
}

}  // namespace holm::net
