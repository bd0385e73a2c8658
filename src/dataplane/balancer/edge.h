// Edge: the region's front door for users: requests are given to whoever owns the name in the Host
// header.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "async/reactor.h"
#include "base/clock.h"
#include "base/unique_fd.h"
#include "http/server.h"
#include "net/tls.h"

namespace holm::balancer {

// Any thread. Handlers run on the connection's reactor and are copied there, so a handler that is
// replaced ends its requests.
class Edge final {
 public:
  struct Route {
    http::Handler handler;
    // For clients that come with TLS: the certificate for the name. None: this owner has nothing for them.
    std::function<net::TlsAnswer(std::string_view server_name)> answer;
    // Told of each such client whose TLS came to nothing; may be empty.
    std::function<void()> failed_handshake{};
    // Whether the handler wants to see requests that a server may refuse.
    http::Deviant deviant = http::Deviant::Refuse;
  };
  // Names in lower case, without port; "*.example.com" is asked for names that no other is.
  using Routes = std::map<std::string, Route, std::less<>>;

  // `clients`: where its connections have their places. Null: in a room of its own.
  Edge(async::ReactorPool& reactors, const Clock& clock, net::ConnectionRoom* clients = nullptr);
  ~Edge();
  Edge(const Edge&) = delete;
  Edge& operator=(const Edge&) = delete;

  // All names that `owner` ("elbv2") answers for from now on. A name that two owners claim belongs
  // to the owner that comes first in the alphabet.
  void publish(const std::string& owner, Routes routes);
  // Who answers for names that nobody has published, if `owns` them; before the first listen().
  struct Others {
    std::function<bool(std::string_view authority)> owns;
    http::Handler handler;
  };
  void use_others(Others others) { others_ = std::move(others); }
  // One more door: a listening socket on the host, inside a VPC, inside a function's namespace.
  // Returns what names it for stop_listening().
  int listen(UniqueFd socket);
  // Likewise, for clients that speak TLS.
  int listen_secure(UniqueFd socket);
  // Closes that door; connections that came through it go on. Not on a reactor's thread.
  void stop_listening(int socket);
  // Takes no new connections and lets requests end for so long. Not on a reactor's thread.
  void stop(async::Duration grace);

 private:
  using Table = std::map<std::string, Routes, std::less<>>;  // By owner.
  async::Task<void> serve(http::Exchange& exchange);
  std::shared_ptr<const Table> table() const;
  net::TlsAnswer answer(std::string_view server_name) const;
  http::Reception reception(net::ConnectionRoom* clients);

  mutable std::mutex mutex_;
  std::shared_ptr<const Table> table_;  // Guarded by mutex_.
  Others others_;
  http::Server server_;                 // Last, so that it ends first.
};

// The edge as a server for those who add listening sockets: these are for TLS.
class SecureSide final {
 public:
  explicit SecureSide(Edge& edge) : edge_(edge) {}
  int listen(UniqueFd socket) { return edge_.listen_secure(std::move(socket)); }
  void stop_listening(int socket) { edge_.stop_listening(socket); }

 private:
  Edge& edge_;
};

// "www.example.com:8080" is the host "www.example.com" and the port 8080, if the port is one.
struct HostAndPort {
  std::string host;  // In lower case, without a last dot.
  std::optional<uint16_t> port;
};
HostAndPort split_host(std::string_view authority);

}  // namespace holm::balancer
