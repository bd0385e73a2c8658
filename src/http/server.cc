// The server: a shard on each reactor, which has the connections there.

#include "http/server.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <unordered_set>
#include <vector>

#include "async/task_set.h"
#include "base/check.h"
#include "http/connection.h"
#include "http/http2_connection.h"
#include "net/connection_room.h"
#include "net/intake.h"
#include "net/stream.h"
#include "net/tls.h"

namespace holm::http {

namespace {

// Connections that are open, of all shards; lets stop() wait for them.
class ConnectionCount {
 public:
  size_t value() const {
    std::lock_guard lock(mutex_);
    return value_;
  }
  void up() {
    std::lock_guard lock(mutex_);
    ++value_;
  }
  void down() {
    std::lock_guard lock(mutex_);
    if (--value_ == 0) none_.notify_all();
  }
  void wait_for_none(async::Duration grace) {
    std::unique_lock lock(mutex_);
    none_.wait_for(lock, grace, [this] { return value_ == 0; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable none_;
  size_t value_ = 0;
};

class Counted {
 public:
  explicit Counted(ConnectionCount& count) : count_(count) { count_.up(); }
  ~Counted() { count_.down(); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  ConnectionCount& count_;
};

// Used on its reactor's thread only.
class Shard {
 public:
  Shard(async::Reactor& reactor, const Limits& limits, const Handler& handler, const Clock& clock,
        ConnectionCount& count, const Reception& reception)
      : reactor_(reactor),
        context_{limits, handler, clock, reception, reception.room->idle_of(reactor)},
        count_(count),
        reception_(reception) {}

  async::Reactor& reactor() { return reactor_; }

  void take(net::Arrival arrival) { tasks_.spawn(serve(*this, std::move(arrival))); }

  void begin_stop() {
    context_.stopping = true;
    for (ClosableConnection* connection : connections_) connection->close_if_idle();
  }

  void cancel() { tasks_.cancel(); }

 private:
  static async::Task<void> serve(Shard& shard, net::Arrival arrival) {
    const Counted counted(shard.count_);
    const Reception& reception = shard.reception_;
    const net::Address& peer = arrival.peer;
    std::unique_ptr<ConnectionMark> mark;
    if (reception.welcome) mark = reception.welcome();
    std::unique_ptr<net::TlsSession> session;
    if (arrival.tls) {
      session = arrival.tls->accept(arrival.socket.get());
      if (!session) co_return;
    }
    auto stream =
        std::make_unique<net::Stream>(shard.reactor_, std::move(arrival.socket), std::move(session));
    Arrived arrived{.socket = stream->fd(), .peer = peer, .tls = stream->tls()};
    if (stream->tls()) {
      const SteadyTime begun = shard.context_.clock.steady();
      const net::Wait shaken = co_await stream->shake_hands(shard.context_.limits.head);
      arrived.is_established = shaken != net::Wait::TimedOut && stream->tls()->handshake_done();
      arrived.handshake = shard.context_.clock.steady() - begun;
    }
    arrived.number = ++shard.context_.connections;
    if (reception.arrived) reception.arrived(arrived);
    if (!arrived.is_established) {
      if (reception.failed_handshake) reception.failed_handshake(stream->tls()->server_name());
      co_return;
    }
    if (stream->tls() && stream->tls()->protocol() == "h2") {
      Http2Connection connection(shard.context_, std::move(stream), peer, std::move(mark));
      Registered registered(shard.connections_, connection);
      co_await connection.serve();
      co_return;
    }
    ServerConnection connection(shard.context_, std::move(stream), peer, std::move(mark));
    Registered registered(shard.connections_, connection);
    co_await connection.serve();
  }

  class Registered {
   public:
    Registered(std::unordered_set<ClosableConnection*>& all, ClosableConnection& one)
        : all_(all), one_(one) {
      all_.insert(&one_);
    }
    ~Registered() { all_.erase(&one_); }
    Registered(const Registered&) = delete;
    Registered& operator=(const Registered&) = delete;

   private:
    std::unordered_set<ClosableConnection*>& all_;
    ClosableConnection& one_;
  };

  async::Reactor& reactor_;
  ConnectionContext context_;
  ConnectionCount& count_;
  const Reception& reception_;
  std::unordered_set<ClosableConnection*> connections_;
  async::TaskSet tasks_;
};

}  // namespace

class Server::State {
 public:
  State(const std::vector<async::Reactor*>& reactors, Limits limits, Handler handler, const Clock& clock,
        Reception reception)
      : limits_(limits),
        handler_(std::move(handler)),
        own_room_(limits_.connections_max),
        reception_(std::move(reception)) {
    if (!reception_.room) reception_.room = &own_room_;
    for (async::Reactor* reactor : reactors) {
      shards_.push_back(std::make_unique<Shard>(*reactor, limits_, handler_, clock, count_, reception_));
    }
    auto taken = [this](size_t index, net::Arrival arrival) { shards_[index]->take(std::move(arrival)); };
    intake_.emplace(reactors, std::move(taken),
                    net::Listener::Bounds{.room = reception_.room, .turned_away = reception_.turned_away});
  }

  // For its users.
  net::Intake& intake() { return *intake_; }

  void stop(async::Duration grace) {
    intake_->stop();
    for (auto& shard : shards_) shard->reactor().call([&shard] { shard->begin_stop(); });
    if (grace > async::Duration{0}) {
      for (auto& shard : shards_) CHECK(!shard->reactor().in_thread());
      count_.wait_for_none(grace);
    }
    for (auto& shard : shards_) shard->reactor().call([&shard] { shard->cancel(); });
    intake_->close();
  }

  size_t connection_count() const { return count_.value(); }

 private:
  const Limits limits_;
  const Handler handler_;
  net::ConnectionRoom own_room_;
  Reception reception_;
  ConnectionCount count_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::optional<net::Intake> intake_;
};

namespace {

std::vector<async::Reactor*> all_of(async::ReactorPool& pool) {
  std::vector<async::Reactor*> reactors;
  for (size_t i = 0; i < pool.size(); ++i) reactors.push_back(&pool.at(i));
  return reactors;
}

}  // namespace

Server::Server(async::ReactorPool& reactors, Limits limits, Handler handler, const Clock& clock,
               Reception reception)
    : state_(std::make_unique<State>(all_of(reactors), limits, std::move(handler), clock,
                                     std::move(reception))) {}

Server::Server(async::Reactor& reactor, Limits limits, Handler handler, const Clock& clock)
    : state_(std::make_unique<State>(std::vector{&reactor}, limits, std::move(handler), clock, Reception())) {}

Server::~Server() { state_->stop(async::Duration{0}); }

int Server::listen(UniqueFd socket, std::shared_ptr<const net::TlsServerContext> tls) {
  return state_->intake().listen(std::move(socket), std::move(tls));
}

void Server::stop_listening(int socket) { state_->intake().stop_listening(socket); }

void Server::stop(async::Duration grace) { state_->stop(grace); }

size_t Server::connection_count() const { return state_->connection_count(); }

}  // namespace holm::http
