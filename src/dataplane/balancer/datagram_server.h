// DatagramServer: carries the datagrams that come in at one address of a load balancer, and what targets answer.
#pragma once

#include <functional>
#include <memory>

#include "async/reactor.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "dataplane/balancer/routing.h"
#include "net/address.h"
#include "net/connection_room.h"
#include "net/socket.h"

namespace holm::balancer {

// Where a listener's datagrams go for the time being; no group: nowhere. The rest is the routing's.
struct DatagramRoute {
  std::shared_ptr<const Routing> routing;
  const LoadBalancer* load_balancer = nullptr;
  const RoutedGroup* group = nullptr;
};

// A socket for datagrams, bound to the address.
Result<UniqueFd> datagram_socket(const net::Address& address, net::Namespace where);

// What comes from one address and port is a flow. It goes to one target, by a socket of its own, for as long as
// that may be used and the flow is not silent for two minutes. Any thread; the reactor outlives it.
class DatagramServer final {
 public:
  // Called on the reactor's thread, for each datagram.
  using Finder = std::function<DatagramRoute()>;

  // Flows have places in the room.
  DatagramServer(async::Reactor& reactor, Finder finder, net::ConnectionRoom& room);
  ~DatagramServer();  // Ends all flows.
  DatagramServer(const DatagramServer&) = delete;
  DatagramServer& operator=(const DatagramServer&) = delete;

  // Once.
  void listen(UniqueFd socket);

 private:
  class Flows;
  async::Reactor& reactor_;
  std::unique_ptr<Flows> flows_;  // On the reactor's thread.
};

}  // namespace holm::balancer
