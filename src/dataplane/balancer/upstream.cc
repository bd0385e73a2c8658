// A connection is watched from before it is made, so that connecting costs no extra system calls.

#include "dataplane/balancer/upstream.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

#include "net/tls.h"

namespace holm::balancer {

namespace {

constexpr size_t kIdlePerTargetMax = 128;
constexpr async::Duration kIdle{30000};
constexpr size_t kKeptHeadMax = 4096;

int socket_error(int fd) {
  int error = 0;
  socklen_t bytes = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0) return errno;
  return error;
}

// A socket bound to the source, so that the security groups of the balancer's interface apply. The
// port is chosen at connect, when the whole of the connection is known.
Result<UniqueFd> bound_socket(const Route& route) {
  int domain = route.target.family() == net::Address::Family::Ipv6 ? AF_INET6 : AF_INET;
  Result<UniqueFd> fd = net::socket_in(route.where.fd, domain, SOCK_STREAM);
  if (!fd) return fd;
  int on = 1;
  ::setsockopt(fd->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (route.source.family() == net::Address::Family::None) return fd;
  ::setsockopt(fd->get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  sockaddr_storage storage;
  auto bytes = static_cast<socklen_t>(route.source.to_sockaddr(storage));
  if (::bind(fd->get(), reinterpret_cast<sockaddr*>(&storage), bytes) != 0) {
    return failure("the balancer's own address is gone");
  }
  return fd;
}

// One for all targets: nothing of it is about any of them.
const net::TlsClientContext* target_tls(TargetVersion version) {
  using net::TlsClientContext;
  constexpr auto kNone = net::PeerCheck::None;
  static const auto first =
      TlsClientContext::make({.check = kNone, .authorities = {}, .protocols = {"http/1.1"}});
  static const auto second = TlsClientContext::make({.check = kNone, .authorities = {}, .protocols = {"h2"}});
  const auto& made = version == TargetVersion::Http1 ? first : second;
  return made ? made->get() : nullptr;
}

bool has_peer(int fd) {
  sockaddr_storage storage;
  socklen_t bytes = sizeof storage;
  return ::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &bytes) == 0;
}

// What is left after a failure shows by the socket.
ConnectFailure failure_of(int fd) {
  return socket_error(fd) == ETIMEDOUT ? ConnectFailure::TimedOut : ConnectFailure::Refused;
}

}  // namespace

std::string Route::key() const {
  return fmt::format("{}|{}|{}|{}{}{}", vpc_id, where.fd, source.ip(), target.to_string(),
                     has_tls(protocol) ? "|tls" : "", version == TargetVersion::Http1 ? "" : "|h2");
}

size_t RouteHash::operator()(const Route& route) const {
  const std::hash<std::string_view> hash;
  return hash(route.target.ip_bytes()) ^ (size_t{route.target.port()} << 17) ^ (hash(route.vpc_id) << 1);
}

void count_failure(GroupCounters& counters, ConnectFailure failure) {
  count(counters.target_connection_errors);
  if (failure == ConnectFailure::NoTls) count(counters.target_tls_errors);
}

async::Task<Connected> connect(async::Reactor& reactor, Route route, async::Duration timeout) {
  Result<UniqueFd> fd = bound_socket(route);
  if (!fd) co_return std::unexpected(ConnectFailure::Refused);
  sockaddr_storage storage;
  auto bytes = static_cast<socklen_t>(route.target.to_sockaddr(storage));
  int error = 0;
  if (::connect(fd->get(), reinterpret_cast<sockaddr*>(&storage), bytes) != 0) error = errno;
  if (error != 0 && error != EINPROGRESS) co_return std::unexpected(ConnectFailure::Refused);
  auto connection = std::make_unique<Connection>();
  connection->route = std::move(route);
  if (has_tls(connection->route.protocol)) {
    const bool is_second = connection->route.version != TargetVersion::Http1;
    const net::TlsClientContext* context = target_tls(connection->route.version);
    std::unique_ptr<net::TlsSession> session = context ? context->connect(fd->get(), "") : nullptr;
    if (!session) co_return std::unexpected(ConnectFailure::Refused);
    connection->stream = std::make_unique<net::Stream>(reactor, std::move(*fd), std::move(session));
    net::Wait shaken = co_await connection->stream->shake_hands(timeout);
    if (shaken == net::Wait::TimedOut) {
      // A target that is there and speaks no TLS is another matter than one that is not there.
      const bool is_there = has_peer(connection->stream->fd());
      co_return std::unexpected(is_there ? ConnectFailure::NoTls : ConnectFailure::TimedOut);
    }
    if (!connection->stream->tls()->handshake_done()) {
      const bool is_there = has_peer(connection->stream->fd());
      co_return std::unexpected(is_there ? ConnectFailure::NoTls : failure_of(connection->stream->fd()));
    }
    if (is_second && connection->stream->tls()->protocol() != "h2") {
      co_return std::unexpected(ConnectFailure::NoTls);
    }
    co_return connection;
  }
  connection->stream = std::make_unique<net::Stream>(reactor, std::move(*fd));
  if (error == EINPROGRESS) {
    // Sending nothing tells the stream that it cannot send yet.
    iovec nothing{storage.__ss_padding, 0};
    net::IoResult ready = connection->stream->write_some(std::span(&nothing, 1));
    if (ready.status == net::Io::Failed) co_return std::unexpected(ConnectFailure::Refused);
    if (ready.status == net::Io::WouldBlock) {
      net::Wait wait = co_await connection->stream->writable(timeout);
      if (wait == net::Wait::TimedOut) co_return std::unexpected(ConnectFailure::TimedOut);
    }
    int failed = socket_error(connection->stream->fd());
    if (failed == ETIMEDOUT) co_return std::unexpected(ConnectFailure::TimedOut);
    if (failed != 0) co_return std::unexpected(ConnectFailure::Refused);
  }
  co_return connection;
}

UpstreamPool::UpstreamPool(async::Reactor& reactor, net::ConnectionRoom& room)
    : reactor_(reactor), room_(room), sweeper_(reactor, [this] { sweep(); }) {}

bool UpstreamPool::close_oldest() {
  std::vector<Idle>* oldest = nullptr;
  for (auto& [route, list] : idle_) {
    if (!list.empty() && (!oldest || list.front().since < oldest->front().since)) oldest = &list;
  }
  if (oldest) oldest->erase(oldest->begin());
  return oldest != nullptr;
}

std::optional<net::ConnectionRoom::Place> UpstreamPool::take_place() {
  while (!room_.has_place()) {
    if (!close_oldest()) return std::nullopt;
  }
  return net::ConnectionRoom::Place(room_);
}

std::unique_ptr<Connection> UpstreamPool::take(const Route& route) {
  auto found = idle_.find(route);
  if (found == idle_.end()) return nullptr;
  while (!found->second.empty()) {
    std::unique_ptr<Connection> connection = std::move(found->second.back().connection);
    found->second.pop_back();
    if (!connection->stream->peer_has_left()) return connection;
  }
  return nullptr;
}

void UpstreamPool::keep(std::unique_ptr<Connection> connection) {
  if (!connection->input.unread().empty() || connection->stream->peer_has_left() || !room_.has_place()) return;
  connection->used_before = true;
  connection->input.shrink();
  if (connection->request_head.capacity() > kKeptHeadMax) connection->request_head = {};
  std::vector<Idle>& list = idle_[connection->route];
  if (list.size() >= kIdlePerTargetMax) list.erase(list.begin());
  list.push_back({std::move(connection), reactor_.clock().steady()});
  if (!sweeper_.is_armed()) sweeper_.arm(kIdle);
}

std::shared_ptr<http::Http2Client> UpstreamPool::find_shared(const Route& route) {
  const auto found = shared_.find(route);
  if (found == shared_.end()) return nullptr;
  for (SharedConnection& each : found->second) {
    if (!each.client->can_take()) continue;
    each.used = reactor_.clock().steady();
    return each.client;
  }
  return nullptr;
}

void UpstreamPool::share(const Route& route, SharedConnection connection) {
  shared_[route].push_back(std::move(connection));
  if (!sweeper_.is_armed()) sweeper_.arm(kIdle);
}

void UpstreamPool::sweep() {
  SteadyTime now = reactor_.clock().steady();
  for (auto& [route, list] : shared_) {
    std::erase_if(list, [&](const SharedConnection& each) {
      return !each.client->has_calls() && (now - each.used >= kIdle || !each.client->can_take());
    });
  }
  std::erase_if(shared_, [](const auto& each) { return each.second.empty(); });
  for (auto& [route, list] : idle_) {
    std::erase_if(list, [&](const Idle& each) {
      return now - each.since >= kIdle || each.connection->stream->peer_has_left();
    });
  }
  std::erase_if(idle_, [](const auto& each) { return each.second.empty(); });
  if (!idle_.empty() || !shared_.empty()) sweeper_.arm(kIdle);
}

}  // namespace holm::balancer
