// Balancer: carries users' requests to the targets of all load balancers of the region.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "async/reactor.h"
#include "base/clock.h"
#include "base/random.h"
#include "dataplane/balancer/config.h"
#include "dataplane/balancer/cookies.h"
#include "dataplane/balancer/desync.h"
#include "dataplane/balancer/edge.h"
#include "dataplane/balancer/functions.h"
#include "dataplane/balancer/health_checks.h"
#include "net/certificate_directory.h"
#include "net/connection_room.h"
#include "net/socket_keeper.h"

namespace holm::balancer {

class Routing;
struct DatagramRoute;
struct CarriedStory;
struct Story;
struct VisiblePort;

// A listener that has no socket on one of its addresses, and why.
struct Unopened {
  std::string load_balancer_arn;
  std::string reason;
};

// Where things are that the balancer did not make itself.
struct Surroundings {
  std::string owner = "elbv2";  // Of routes at the edge, and of sockets: their names begin with it and a bar.
  // Keeps the sockets of the listeners.
  net::SocketKeeper& sockets;
  const net::CertificateDirectory& certificates;
  // Of the cookies that keep clients with their targets: the same for the life of the region.
  crypto::Aead::Key cookie_key{};
  // Where the edge takes TLS from the machine's browsers; redirects to 443 lead there.
  uint16_t secure_edge_port = 443;
  // Where access logs wait for who delivers them; empty: there are none.
  std::string access_log_folder;
  // Of connections from clients, all listeners', and to targets. Null: so many that nobody thinks of it.
  net::ConnectionRoom* clients = nullptr;
  net::ConnectionRoom* targets = nullptr;
};

// Functions may be called on any thread but a reactor's. What is borrowed outlives it.
class Balancer final {
 public:
  Balancer(async::ReactorPool& reactors, Edge& edge, Surroundings surroundings, const Clock& clock,
           Random& random);
  ~Balancer();  // Ends all connections.
  Balancer(const Balancer&) = delete;
  Balancer& operator=(const Balancer&) = delete;

  // Once, before the first publish().
  void listen_to_health(HealthListener listener);
  // Likewise: who calls the functions that are targets.
  void use_functions(FunctionCaller caller);

  // Takes effect before it returns. Requests in progress go on as they began; connections stay
  // open unless their listener is gone. Returns the listeners that could not be opened; all others
  // work, and the next publish() tries those again.
  std::vector<Unopened> publish(std::shared_ptr<const Config> config);

  // Requests that `target` of the group is busy with, for draining.
  int64_t requests_in_flight(std::string_view group_arn, std::string_view target_id, uint16_t port) const;
  // What is in files there that are called kCompleteLog is complete: everything until now.
  const std::string& access_log_folder() const { return surroundings_.access_log_folder; }
  void complete_access_logs();
  // Every load balancer and group with what was counted since the start, or since it was made.
  std::shared_ptr<const Routing> routing() const;

 private:
  struct Shard;
  struct Door;
  class Telling;
  struct Scene;
  struct Carriage;
  struct Arrival {
    std::string load_balancer_arn;
    std::string listener_arn;  // Empty: at the edge, by the port in the Host header.
    std::string node;          // The address; empty at the edge.
  };

  Shard& shard_of(async::Reactor& reactor);
  // Of the reactor whose thread this is.
  Shard& own_shard();
  // As routing(), on that reactor's thread, without a lock.
  std::shared_ptr<const Routing> routing_on(const async::Reactor& reactor) const;
  void count_rejected(const Arrival& arrival) const;
  void count_failed_handshake(const Arrival& arrival) const;
  std::unique_ptr<http::ConnectionMark> welcome(const Arrival& arrival) const;
  http::Response refusal(const Arrival& arrival, const http::Request& request, http::Missing missing, int status);
  // Of a connection, in logs.
  uint64_t logged_number(uint64_t connection, const net::Address& peer, const net::Address& local) const;
  void log_connection(const Arrival& arrival, const http::Arrived& arrived);
  // Of one at the edge, which is the load balancer's from its first request on.
  void log_connection(const http::Request& request, const LoadBalancer& load_balancer, const Listener& listener);
  void log_carried(Shard& shard, const Carriage& carriage, const CarriedStory& story);
  void log_request(Shard& shard, const http::Request& request, const LoadBalancer& load_balancer,
                   const Listener& listener, Story& story);
  async::Task<void> serve(http::Exchange& exchange, const Arrival& arrival);
  async::Task<void> carry(std::unique_ptr<net::Stream> client, net::Address peer, SteadyTime accepted,
                          Arrival arrival);
  async::Task<void> carry_from_edge(http::Exchange& exchange, std::shared_ptr<const Routing> current,
                                    const LoadBalancer& load_balancer, const Listener& listener);
  async::Task<void> carry(Carriage carriage);
  async::Task<void> act(const Scene& scene);
  net::TlsAnswer answer(const Arrival& arrival, std::string_view server_name) const;
  static bool transform(const Scene& scene, const Rule& rule);
  async::Task<void> forward(const Scene& scene, const Forward& forward, Verdict verdict);
  async::Task<void> respond(const Scene& scene, http::Response response);
  const std::string* choose_certificate(const Listener& listener, std::string_view server_name) const;
  Result<std::unique_ptr<Door>> make_door(const LoadBalancer& load_balancer, const Listener& listener,
                                          const std::string& ip, UniqueFd socket);
  std::vector<Unopened> replace_doors(const Config& config);
  std::string socket_name(const LoadBalancer& load_balancer, const Listener& listener,
                          const std::string& ip) const;
  std::string door_key(const LoadBalancer& load_balancer, const Listener& listener, const std::string& ip) const;
  std::string datagram_socket_name(const LoadBalancer& load_balancer, const Listener& listener,
                                   const std::string& ip) const;
  Result<std::unique_ptr<Door>> open_door(const LoadBalancer& load_balancer, const Listener& listener,
                                          const std::string& ip);
  Result<std::unique_ptr<Door>> open_datagram_door(const LoadBalancer& load_balancer, const Listener& listener,
                                                   const std::string& ip);
  DatagramRoute datagram_route(const Arrival& arrival) const;
  void publish_names(const Config& config);
  // Has connections to it end where their groups want that.
  void abandon(std::shared_ptr<const TargetState> target);
  void replace_checks(const Routing& routing);

  async::ReactorPool& reactors_;
  Edge& edge_;
  const Surroundings surroundings_;
  net::ConnectionRoom own_targets_;
  const CookieJar cookies_;
  const uint64_t salt_;  // Of the numbers of connections in access logs.
  const Clock& clock_;
  Random& random_;
  HealthListener health_listener_;
  FunctionCaller functions_;
  std::mutex publishing_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Routing> routing_;  // Guarded by mutex_.
  std::vector<std::unique_ptr<Shard>> shards_;
  std::map<std::string, std::unique_ptr<Door>> doors_;  // Guarded by publishing_.
};

}  // namespace holm::balancer
