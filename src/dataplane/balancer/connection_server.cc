// A shard on each reactor has the connections that were accepted there.

#include "dataplane/balancer/connection_server.h"

#include <optional>

#include "async/task_set.h"

namespace holm::balancer {

namespace {

constexpr async::Duration kHandshake{10000};
constexpr size_t kConnectionsMax = 40000;

using Tls = std::shared_ptr<const net::TlsServerContext>;

}  // namespace

// Used on its reactor's thread only.
struct ConnectionServer::Shard {
  Shard(async::Reactor& own_reactor, const Handler& own_handler, const net::Listener::Bounds& own_bounds)
      : reactor(own_reactor), handler(own_handler), bounds(own_bounds) {}

  void listen(int socket, Tls tls) {
    auto accepted = [this, tls](UniqueFd connection, const net::Address& peer) {
      tasks.spawn(serve(*this, std::move(connection), peer, tls));
    };
    listener.emplace(reactor, socket, std::move(accepted), bounds);
  }
  static async::Task<void> serve(Shard& shard, UniqueFd socket, net::Address peer, Tls tls) {
    const net::ConnectionRoom::Place place(*shard.bounds.room);
    const SteadyTime at = shard.reactor.clock().steady();
    std::unique_ptr<net::TlsSession> session;
    if (tls) {
      session = tls->accept(socket.get());
      if (!session) co_return;
    }
    auto stream = std::make_unique<net::Stream>(shard.reactor, std::move(socket), std::move(session));
    if (stream->tls()) {
      const net::Wait shaken = co_await stream->shake_hands(kHandshake);
      if (shaken == net::Wait::TimedOut || !stream->tls()->handshake_done()) stream.reset();
    }
    Accepted accepted{std::move(stream), std::move(peer), at};
    co_await shard.handler(std::move(accepted));
  }

  async::Reactor& reactor;
  const Handler& handler;
  const net::Listener::Bounds& bounds;
  std::optional<net::Listener> listener;
  async::TaskSet tasks;
};

ConnectionServer::ConnectionServer(async::ReactorPool& reactors, Handler handler,
                                   net::Listener::Bounds bounds)
    : handler_(std::move(handler)), own_room_(kConnectionsMax), bounds_(std::move(bounds)) {
  if (!bounds_.room) bounds_.room = &own_room_;
  for (size_t i = 0; i < reactors.size(); ++i) {
    shards_.push_back(std::make_unique<Shard>(reactors.at(i), handler_, bounds_));
  }
}

ConnectionServer::~ConnectionServer() {
  for (std::unique_ptr<Shard>& shard : shards_) {
    async::Reactor& reactor = shard->reactor;
    reactor.call([&shard] { shard.reset(); });
  }
}

void ConnectionServer::listen(UniqueFd socket, Tls tls) {
  socket_ = std::move(socket);
  for (std::unique_ptr<Shard>& shard : shards_) {
    shard->reactor.call([&] { shard->listen(socket_.get(), tls); });
  }
}

}  // namespace holm::balancer
