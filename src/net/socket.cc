// Making sockets, here and in other network namespaces.

#include "net/socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>

#include <cerrno>
#include <coroutine>
#include <cstring>
#include <optional>

#include "base/check.h"

namespace holm::net {

namespace {

std::string reason(int error) { return std::strerror(error); }

int domain_of(const Address& address) {
  switch (address.family()) {
    case Address::Family::None:
      return AF_UNSPEC;
    case Address::Family::Ipv4:
      return AF_INET;
    case Address::Family::Ipv6:
      return AF_INET6;
    case Address::Family::Unix:
      return AF_UNIX;
  }
  return AF_UNSPEC;
}

// Waits until a connecting socket can be written, which is when its fate is known.
class ConnectAwaiter final : public async::FdHandler {
 public:
  ConnectAwaiter(async::Reactor& reactor, int fd, async::Duration timeout)
      : reactor_(reactor), fd_(fd), timeout_(timeout), timer_(reactor, [this] { expire(); }) {}
  ConnectAwaiter(const ConnectAwaiter&) = delete;
  ConnectAwaiter& operator=(const ConnectAwaiter&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    watch_.emplace(reactor_, fd_, *this);
    timer_.arm(timeout_);
  }
  // The error, or 0 when connected.
  int await_resume() const {
    if (timed_out_) return ETIMEDOUT;
    int error = 0;
    socklen_t bytes = sizeof error;
    if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0) return errno;
    return error;
  }

 private:
  void on_events(async::Events events) override {
    if (events.writable || events.failed) finish();
  }
  void expire() {
    timed_out_ = true;
    finish();
  }
  void finish() {
    timer_.disarm();
    watch_.reset();
    waiting_.resume();
  }

  async::Reactor& reactor_;
  int fd_;
  async::Duration timeout_;
  async::Timer timer_;
  std::optional<async::Watch> watch_;
  std::coroutine_handle<> waiting_;
  bool timed_out_ = false;
};

Result<UniqueFd> make_socket(int domain, int type, int protocol) {
  UniqueFd fd(::socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
  if (!fd) return failure(fmt::format("no socket: {}", reason(errno)));
  return fd;
}

}  // namespace

Result<UniqueFd> socket_in(int namespace_fd, int domain, int type, int protocol) {
  if (namespace_fd < 0) return make_socket(domain, type, protocol);
  UniqueFd home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!home) return failure(fmt::format("no network namespace of our own: {}", reason(errno)));
  if (::setns(namespace_fd, CLONE_NEWNET) != 0) {
    return failure(fmt::format("the network namespace cannot be entered: {}", reason(errno)));
  }
  Result<UniqueFd> fd = make_socket(domain, type, protocol);
  // A thread that stays in another namespace would open everybody's later sockets there.
  CHECK_FATAL(::setns(home.get(), CLONE_NEWNET) == 0);
  return fd;
}

Result<UniqueFd> listen_on(const Address& address, ListenOptions options) {
  Result<UniqueFd> fd = socket_in(options.where.fd, domain_of(address), SOCK_STREAM);
  if (!fd) return fd;
  int on = 1;
  ::setsockopt(fd->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // So that the same port can be taken on all IPv4 and on all IPv6 addresses.
  if (address.family() == Address::Family::Ipv6) {
    ::setsockopt(fd->get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  sockaddr_storage storage;
  auto bytes = static_cast<socklen_t>(address.to_sockaddr(storage));
  if (::bind(fd->get(), reinterpret_cast<sockaddr*>(&storage), bytes) != 0 ||
      ::listen(fd->get(), options.backlog) != 0) {
    return failure(fmt::format("cannot listen on {}: {}", address.to_string(), reason(errno)));
  }
  return fd;
}

Address local_address(int fd) {
  sockaddr_storage storage;
  socklen_t bytes = sizeof storage;
  auto* raw = reinterpret_cast<sockaddr*>(&storage);
  if (::getsockname(fd, raw, &bytes) != 0) return {};
  return Address::from_sockaddr(raw, bytes);
}

async::Task<Result<UniqueFd>> connect_to(async::Reactor& reactor, Address address,
                                         ConnectOptions options) {
  Result<UniqueFd> fd = socket_in(options.where.fd, domain_of(address), SOCK_STREAM);
  if (!fd) co_return fd;
  if (address.family() != Address::Family::Unix) {
    int on = 1;
    ::setsockopt(fd->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  sockaddr_storage storage;
  auto bytes = static_cast<socklen_t>(address.to_sockaddr(storage));
  int error = 0;
  if (::connect(fd->get(), reinterpret_cast<sockaddr*>(&storage), bytes) != 0) error = errno;
  if (error == EINPROGRESS) {
    ConnectAwaiter connected(reactor, fd->get(), options.timeout);
    error = co_await connected;
  }
  if (error != 0) {
    co_return failure(fmt::format("cannot connect to {}: {}", address.to_string(), reason(error)));
  }
  co_return fd;
}

}  // namespace holm::net
