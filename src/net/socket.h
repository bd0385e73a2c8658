// Sockets: listening, connecting, and both inside another network namespace.
#pragma once

#include <chrono>

#include "async/reactor.h"
#include "async/task.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "net/address.h"

namespace holm::net {

// A borrowed descriptor of a network namespace (/run/netns/x or /proc/N/ns/net), open as long as
// this is used. The default is the namespace the process is in.
struct Namespace {
  int fd = -1;
  friend bool operator==(const Namespace&, const Namespace&) = default;
};

// A socket made inside the namespace `namespace_fd`: the thread goes there and comes back without
// letting anything else run, and ends the process if it cannot come back. Non-blocking and
// close-on-exec. Needs CAP_SYS_ADMIN over the namespace. A negative descriptor means "here".
Result<UniqueFd> socket_in(int namespace_fd, int domain, int type, int protocol = 0);

struct ListenOptions {
  Namespace where;
  int backlog = 4096;
};

// A non-blocking listening stream socket; port 0 takes a free one (see `local_address`).
Result<UniqueFd> listen_on(const Address& address, ListenOptions options = {});

// The address a socket is bound to; none when it has none.
Address local_address(int fd);

struct ConnectOptions {
  Namespace where;
  async::Duration timeout{5000};
};

// A connected, non-blocking stream socket; fails with the reason in words. Runs on `reactor`.
async::Task<Result<UniqueFd>> connect_to(async::Reactor& reactor, Address address,
                                         ConnectOptions options);

}  // namespace holm::net
