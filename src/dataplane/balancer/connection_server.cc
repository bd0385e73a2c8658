// A shard on each reactor has the connections that were accepted there.

#include "dataplane/balancer/connection_server.h"

#include "async/task_set.h"

namespace holm::balancer {

namespace {

constexpr async::Duration kHandshake{10000};
constexpr size_t kConnectionsMax = 40000;

}  // namespace

// Used on its reactor's thread only.
struct ConnectionServer::Shard {
  Shard(async::Reactor& own_reactor, const Handler& own_handler)
      : reactor(own_reactor), handler(own_handler) {}

  void take(net::Arrival arrival) { tasks.spawn(serve(*this, std::move(arrival))); }

  static async::Task<void> serve(Shard& shard, net::Arrival arrival) {
    const SteadyTime at = shard.reactor.clock().steady();
    std::unique_ptr<net::TlsSession> session;
    if (arrival.tls) {
      session = arrival.tls->accept(arrival.socket.get());
      if (!session) co_return;
    }
    auto stream =
        std::make_unique<net::Stream>(shard.reactor, std::move(arrival.socket), std::move(session));
    if (stream->tls()) {
      const net::Wait shaken = co_await stream->shake_hands(kHandshake);
      if (shaken == net::Wait::TimedOut || !stream->tls()->handshake_done()) stream.reset();
    }
    Accepted accepted{std::move(stream), std::move(arrival.peer), at};
    co_await shard.handler(std::move(accepted));
  }

  async::Reactor& reactor;
  const Handler& handler;
  async::TaskSet tasks;
};

ConnectionServer::ConnectionServer(async::ReactorPool& reactors, Handler handler,
                                   net::Listener::Bounds bounds)
    : handler_(std::move(handler)), own_room_(kConnectionsMax) {
  if (!bounds.room) bounds.room = &own_room_;
  std::vector<async::Reactor*> all;
  for (size_t i = 0; i < reactors.size(); ++i) {
    all.push_back(&reactors.at(i));
    shards_.push_back(std::make_unique<Shard>(reactors.at(i), handler_));
  }
  auto taken = [this](size_t index, net::Arrival arrival) { shards_[index]->take(std::move(arrival)); };
  intake_.emplace(std::move(all), std::move(taken), std::move(bounds));
}

ConnectionServer::~ConnectionServer() {
  intake_->stop();
  for (std::unique_ptr<Shard>& shard : shards_) {
    async::Reactor& reactor = shard->reactor;
    reactor.call([&shard] { shard.reset(); });
  }
}

void ConnectionServer::listen(UniqueFd socket, std::shared_ptr<const net::TlsServerContext> tls) {
  intake_->listen(std::move(socket), std::move(tls));
}

}  // namespace holm::balancer
