// Connections to targets, made from the balancer's own address and kept for the next request.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "async/reactor.h"
#include "async/task.h"
#include "dataplane/balancer/config.h"
#include "dataplane/balancer/open_connection.h"
#include "http/head_parser.h"
#include "http/http2_client.h"
#include "http/transfer.h"
#include "net/address.h"
#include "net/connection_room.h"
#include "net/socket.h"
#include "net/stream.h"

namespace holm::balancer {

// From where to where.
struct Route {
  std::string vpc_id;
  net::Namespace where;
  net::Address source;  // None: whatever the kernel chooses.
  net::Address target;
  TargetProtocol protocol = TargetProtocol::Http;
  TargetVersion version = TargetVersion::Http1;  // Http1 or Http2.

  // In words.
  std::string key() const;
  friend bool operator==(const Route&, const Route&) = default;
};
struct RouteHash {
  size_t operator()(const Route& route) const;
};

struct Connection {
  Route route;
  std::unique_ptr<net::Stream> stream;
  http::InputBuffer input;
  http::HeadParser parser{http::HeadKind::Response, http::HeadLimits()};
  std::string request_head;  // The last one; its memory is used again.
  bool used_before = false;
  std::optional<net::ConnectionRoom::Place> place;
  std::unique_ptr<OpenConnection> open;
};

enum class ConnectFailure : uint8_t {
  Refused,
  TimedOut,
  NoTls,  // The target was there.
};
void count_failure(GroupCounters& counters, ConnectFailure failure);
using Connected = std::expected<std::unique_ptr<Connection>, ConnectFailure>;

async::Task<Connected> connect(async::Reactor& reactor, Route route, async::Duration timeout);

// A connection for many requests at a time.
struct SharedConnection {
  std::shared_ptr<http::Http2Client> client;
  std::optional<net::ConnectionRoom::Place> place;
  std::unique_ptr<OpenConnection> open;
  SteadyTime used;
};

// The connections of one reactor that wait for a request. Lives on its thread.
class UpstreamPool final {
 public:
  // `room`: of all connections to targets, whichever reactor has them.
  UpstreamPool(async::Reactor& reactor, net::ConnectionRoom& room);

  // The connection used last, or null.
  std::unique_ptr<Connection> take(const Route& route);
  // Kept only if it is sound and there is room.
  void keep(std::unique_ptr<Connection> connection);
  // The place of one connection more, for which an idle one may be closed; none: there are too many.
  std::optional<net::ConnectionRoom::Place> take_place();
  // One that takes a request more, or null.
  std::shared_ptr<http::Http2Client> find_shared(const Route& route);
  void share(const Route& route, SharedConnection connection);
  // Closes the idle connections to targets that are not among `routes`.
  void retain(const std::unordered_set<Route, RouteHash>& routes) {
    std::erase_if(idle_, [&](const auto& each) { return !routes.contains(each.first); });
    std::erase_if(shared_, [&](const auto& each) { return !routes.contains(each.first); });
  }

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    SteadyTime since;
  };
  void sweep();
  bool close_oldest();

  async::Reactor& reactor_;
  net::ConnectionRoom& room_;
  std::unordered_map<Route, std::vector<Idle>, RouteHash> idle_;  // The one used last is at the back.
  // The requests on them hold them, too.
  std::unordered_map<Route, std::vector<SharedConnection>, RouteHash> shared_;
  async::Timer sweeper_;
};

}  // namespace holm::balancer
