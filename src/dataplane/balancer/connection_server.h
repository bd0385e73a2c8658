// ConnectionServer: takes the connections of listeners that carry connections, on all reactors.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "async/reactor.h"
#include "async/task.h"
#include "base/clock.h"
#include "base/unique_fd.h"
#include "net/address.h"
#include "net/connection_room.h"
#include "net/intake.h"
#include "net/listener.h"
#include "net/stream.h"
#include "net/tls.h"

namespace holm::balancer {

// Any thread; the reactors outlive it.
class ConnectionServer final {
 public:
  struct Accepted {
    std::unique_ptr<net::Stream> client;  // With TLS, hands have been shaken; null: in vain.
    net::Address peer;
    SteadyTime at;
  };
  // Called on the connection's reactor.
  using Handler = std::function<async::Task<void>(Accepted accepted)>;

  // Connections have places in the bounds' room; without one there are many.
  ConnectionServer(async::ReactorPool& reactors, Handler handler, net::Listener::Bounds bounds);
  ~ConnectionServer();  // Ends all its connections.
  ConnectionServer(const ConnectionServer&) = delete;
  ConnectionServer& operator=(const ConnectionServer&) = delete;

  // Once: takes connections from `socket`, with TLS if given.
  void listen(UniqueFd socket, std::shared_ptr<const net::TlsServerContext> tls);

 private:
  struct Shard;
  const Handler handler_;
  net::ConnectionRoom own_room_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::optional<net::Intake> intake_;
};

}  // namespace holm::balancer
