// Each reactor has a shard with its own connections to targets; what is shared is immutable or
// atomic.

#include "dataplane/balancer/balancer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_set>

#include "base/files.h"
#include "base/log.h"
#include "base/strings.h"
#include "dataplane/balancer/connection_server.h"
#include "dataplane/balancer/datagram_server.h"
#include "dataplane/balancer/forwarded_head.h"
#include "dataplane/balancer/open_connection.h"
#include "dataplane/balancer/routing.h"
#include "dataplane/balancer/shard.h"
#include "http/server.h"
#include "net/socket.h"
#include "net/tls.h"

namespace holm::balancer {

namespace {

constexpr size_t kTargetConnectionsMax = 1000000;

}  // namespace

std::string Balancer::socket_name(const LoadBalancer& load_balancer, const Listener& listener,
                                  const std::string& ip) const {
  return fmt::format("{}|{}|{}|{}:{}", surroundings_.owner, listener.arn, load_balancer.vpc_id, ip, listener.port);
}

std::string Balancer::datagram_socket_name(const LoadBalancer& load_balancer, const Listener& listener,
                                           const std::string& ip) const {
  return socket_name(load_balancer, listener, ip) + "|udp";
}

// A listener that changes its protocol gets another door at the same socket.
std::string Balancer::door_key(const LoadBalancer& load_balancer, const Listener& listener,
                               const std::string& ip) const {
  const std::string_view how = carries_connections(listener.carries) ? "|connections" : "";
  return fmt::format("{}{}{}", socket_name(load_balancer, listener, ip), listener.tls ? "|tls" : "", how);
}

// A socket on one address of a load balancer: one of the three.
struct Balancer::Door {
  std::unique_ptr<http::Server> requests;
  std::unique_ptr<ConnectionServer> connections;
  std::unique_ptr<DatagramServer> datagrams;
};

Balancer::Balancer(async::ReactorPool& reactors, Edge& edge, Surroundings surroundings, const Clock& clock,
                   Random& random)
    : reactors_(reactors),
      edge_(edge),
      surroundings_(std::move(surroundings)),
      own_targets_(kTargetConnectionsMax),
      cookies_(surroundings_.cookie_key),
      salt_(random.number()),
      clock_(clock),
      random_(random) {
  routing_ = std::make_shared<const Routing>(std::make_shared<const Config>(), nullptr);
  if (!surroundings_.access_log_folder.empty()) {
    auto made = make_directories(surroundings_.access_log_folder);
    if (!made) log::error(made.error().message);
    complete_left_logs(surroundings_.access_log_folder);
  }
  for (size_t i = 0; i < reactors_.size(); ++i) {
    async::Reactor& reactor = reactors_.at(i);
    net::ConnectionRoom& targets = surroundings_.targets ? *surroundings_.targets : own_targets_;
    reactor.call([&] {
      shards_.push_back(std::make_unique<Shard>(reactor, random_, targets, surroundings_.access_log_folder, i));
    });
  }
}

Balancer::~Balancer() {
  edge_.publish(surroundings_.owner, {});
  edge_.stop(async::Duration::zero());
  doors_.clear();
  for (std::unique_ptr<Shard>& shard : shards_) {
    shard->reactor.call([&shard] { shard.reset(); });
  }
}

void Balancer::listen_to_health(HealthListener listener) { health_listener_ = std::move(listener); }
void Balancer::use_functions(FunctionCaller caller) { functions_ = std::move(caller); }

std::shared_ptr<const Routing> Balancer::routing() const {
  std::lock_guard lock(mutex_);
  return routing_;
}

std::shared_ptr<const Routing> Balancer::routing_on(const async::Reactor& reactor) const {
  for (const std::unique_ptr<Shard>& shard : shards_) {
    if (&shard->reactor == &reactor && shard->routing) return shard->routing;
  }
  return routing();
}

Balancer::Shard& Balancer::shard_of(async::Reactor& reactor) {
  for (std::unique_ptr<Shard>& shard : shards_) {
    if (&shard->reactor == &reactor) return *shard;
  }
  return *shards_.front();
}

Balancer::Shard& Balancer::own_shard() {
  for (std::unique_ptr<Shard>& shard : shards_) {
    if (shard->reactor.in_thread()) return *shard;
  }
  return *shards_.front();
}

std::vector<Unopened> Balancer::publish(std::shared_ptr<const Config> config) {
  std::lock_guard publishing(publishing_);
  auto next = std::make_shared<const Routing>(config, routing().get());
  {
    std::lock_guard lock(mutex_);
    routing_ = next;
  }
  for (std::unique_ptr<Shard>& shard : shards_) {
    shard->reactor.call([&shard, &next] {
      shard->routing = next;
      for (ConnectionPassage* each : shard->passages) each->follow(*next);
    });
  }
  publish_names(*config);
  std::vector<Unopened> unopened = replace_doors(*config);
  replace_checks(*next);
  return unopened;
}

void Balancer::publish_names(const Config& config) {
  Edge::Routes routes;
  for (const LoadBalancer& each : config.load_balancers) {
    Arrival arrival{each.arn, {}, {}};
    Edge::Route route;
    route.handler = [this, arrival](http::Exchange& exchange) { return serve(exchange, arrival); };
    route.answer = [this, arrival](std::string_view name) { return answer(arrival, name); };
    route.failed_handshake = [this, arrival] { count_failed_handshake(arrival); };
    route.deviant = http::Deviant::HandOver;
    for (const std::string& name : each.host_names) routes.emplace(to_lower(name), route);
  }
  edge_.publish(surroundings_.owner, std::move(routes));
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html
// The certificate that names the host itself is preferred to one with a wildcard, and any to the default.
const std::string* Balancer::choose_certificate(const Listener& listener, std::string_view server_name) const {
  const std::string* first = nullptr;
  const std::string* covering = nullptr;
  for (const std::string& arn : listener.tls->certificates) {
    std::shared_ptr<const net::ServedCertificate> each = surroundings_.certificates.find(arn);
    if (!each) continue;
    if (!first) first = &arn;
    if (std::ranges::find(each->names, server_name) != each->names.end()) return &arn;
    const bool covers = std::ranges::any_of(each->names, [&](const std::string& pattern) {
      return net::certificate_covers(pattern, server_name);
    });
    if (covers && !covering) covering = &arn;
  }
  return covering ? covering : first;
}

net::TlsAnswer Balancer::answer(const Arrival& arrival, std::string_view server_name) const {
  std::shared_ptr<const Routing> current = routing();
  const LoadBalancer* load_balancer = current->find_load_balancer(arrival.load_balancer_arn);
  if (!load_balancer) return {};
  const Listener* listener = arrival.listener_arn.empty()
                                 ? find_listener_at_edge(*load_balancer, http::Scheme::Https, 443)
                                 : find_listener(*load_balancer, arrival.listener_arn);
  if (!listener || !listener->tls) return {};
  const std::string* arn = choose_certificate(*listener, server_name);
  std::shared_ptr<const net::ServedCertificate> chosen;
  if (arn) chosen = surroundings_.certificates.find(*arn);
  if (!chosen) return {};
  const bool is_carried_from_edge = arrival.listener_arn.empty() && carries_connections(listener->carries);
  if (!is_carried_from_edge) return {chosen->certificate, listener->tls->policy};
  // The edge has to read the first request, which is found at the beginning of HTTP/1 only.
  auto policy = std::make_shared<net::TlsPolicy>(*listener->tls->policy);
  policy->protocols = {"http/1.1"};
  return {chosen->certificate, policy};
}

Result<std::unique_ptr<Balancer::Door>> Balancer::open_door(const LoadBalancer& load_balancer,
                                                            const Listener& listener, const std::string& ip) {
  Result<net::Address> address = net::Address::parse(ip, listener.port);
  if (!address) return failure("no address: " + ip);
  Result<UniqueFd> socket = surroundings_.sockets.open(
      socket_name(load_balancer, listener, ip),
      [&] { return net::listen_on(*address, {.where = load_balancer.where}); });
  if (!socket) return std::unexpected(socket.error());
  return make_door(load_balancer, listener, ip, std::move(*socket));
}

Result<std::unique_ptr<Balancer::Door>> Balancer::make_door(const LoadBalancer& load_balancer,
                                                            const Listener& listener, const std::string& ip,
                                                            UniqueFd socket) {
  const Arrival arrival{load_balancer.arn, listener.arn, ip};
  std::shared_ptr<const net::TlsServerContext> tls;
  if (listener.tls) {
    net::TlsServerOptions options;
    options.answer = [this, arrival](std::string_view name) { return answer(arrival, name); };
    auto made = net::TlsServerContext::make(std::move(options));
    if (!made) return std::unexpected(made.error());
    tls = std::move(*made);
  }
  auto door = std::make_unique<Door>();
  auto turned_away = [this, arrival] { count_rejected(arrival); };
  if (carries_connections(listener.carries)) {
    ConnectionServer::Handler carrier = [this, arrival](ConnectionServer::Accepted accepted) {
      return carry(std::move(accepted.client), std::move(accepted.peer), accepted.at, arrival);
    };
    net::Listener::Bounds bounds{.room = surroundings_.clients, .turned_away = turned_away};
    door->connections = std::make_unique<ConnectionServer>(reactors_, std::move(carrier), std::move(bounds));
    door->connections->listen(std::move(socket), std::move(tls));
    return door;
  }
  http::Handler handler = [this, arrival](http::Exchange& exchange) { return serve(exchange, arrival); };
  http::Reception reception{.room = surroundings_.clients, .turned_away = turned_away};
  reception.welcome = [this, arrival] { return welcome(arrival); };
  reception.failed_handshake = [this, arrival](std::string_view) { count_failed_handshake(arrival); };
  reception.arrived = [this, arrival](const http::Arrived& arrived) { log_connection(arrival, arrived); };
  reception.refusal = [this, arrival](const http::Request& request, http::Missing missing, int status) {
    return refusal(arrival, request, missing, status);
  };
  const http::Limits limits{.deviant = http::Deviant::HandOver};
  door->requests =
      std::make_unique<http::Server>(reactors_, limits, std::move(handler), clock_, std::move(reception));
  door->requests->listen(std::move(socket), std::move(tls));
  return door;
}

// All datagrams of a door are one reactor's: they are cheap, and a flow's have to meet.
Result<std::unique_ptr<Balancer::Door>> Balancer::open_datagram_door(const LoadBalancer& load_balancer,
                                                                     const Listener& listener,
                                                                     const std::string& ip) {
  Result<net::Address> address = net::Address::parse(ip, listener.port);
  if (!address) return failure("no address: " + ip);
  Result<UniqueFd> socket =
      surroundings_.sockets.open(datagram_socket_name(load_balancer, listener, ip),
                                 [&] { return datagram_socket(*address, load_balancer.where); });
  if (!socket) return std::unexpected(socket.error());
  const Arrival arrival{load_balancer.arn, listener.arn, ip};
  auto finder = [this, arrival] { return datagram_route(arrival); };
  net::ConnectionRoom& room = surroundings_.targets ? *surroundings_.targets : own_targets_;
  auto door = std::make_unique<Door>();
  door->datagrams = std::make_unique<DatagramServer>(reactors_.next(), std::move(finder), room);
  door->datagrams->listen(std::move(*socket));
  return door;
}

void Balancer::count_rejected(const Arrival& arrival) const {
  std::shared_ptr<const Routing> current = routing();
  const LoadBalancer* load_balancer = current->find_load_balancer(arrival.load_balancer_arn);
  if (load_balancer) count(current->state_of(*load_balancer, arrival.node)->counters.rejected_connections);
}

void Balancer::count_failed_handshake(const Arrival& arrival) const {
  std::shared_ptr<const Routing> current = routing();
  const LoadBalancer* load_balancer = current->find_load_balancer(arrival.load_balancer_arn);
  if (load_balancer) count(current->state_of(*load_balancer, arrival.node)->counters.failed_handshakes);
}

std::unique_ptr<http::ConnectionMark> Balancer::welcome(const Arrival& arrival) const {
  std::shared_ptr<const Routing> current = routing();
  const LoadBalancer* load_balancer = current->find_load_balancer(arrival.load_balancer_arn);
  if (!load_balancer) return nullptr;
  return std::make_unique<OpenConnection>(current->state_of(*load_balancer, arrival.node), *load_balancer,
                                          clock_.steady());
}

// Doors that are not wanted close first: their ports may be wanted for others.
std::vector<Unopened> Balancer::replace_doors(const Config& config) {
  using Opener = decltype(&Balancer::open_door);
  struct Wanted {
    const LoadBalancer* load_balancer;
    const Listener* listener;
    std::string ip;
    Opener open;
  };
  std::map<std::string, Wanted> wanted;
  std::set<std::string> sockets;
  for (const LoadBalancer& each : config.load_balancers) {
    for (const Listener& listener : each.listeners) {
      for (const std::string& ip : each.addresses) {
        if (listener.carries != Carries::Datagrams) {
          wanted.emplace(door_key(each, listener, ip), Wanted{&each, &listener, ip, &Balancer::open_door});
          sockets.insert(socket_name(each, listener, ip));
        }
        if (carries_datagrams(listener.carries)) {
          const std::string name = datagram_socket_name(each, listener, ip);
          wanted.emplace(name, Wanted{&each, &listener, ip, &Balancer::open_datagram_door});
          sockets.insert(name);
        }
      }
    }
  }
  std::erase_if(doors_, [&](const auto& door) { return !wanted.contains(door.first); });
  surroundings_.sockets.retain(surroundings_.owner + "|", sockets);
  std::vector<Unopened> unopened;
  for (const auto& [key, each] : wanted) {
    if (doors_.contains(key)) continue;
    Result<std::unique_ptr<Door>> door = (this->*each.open)(*each.load_balancer, *each.listener, each.ip);
    if (door) {
      doors_.emplace(key, std::move(*door));
    } else {
      unopened.push_back({each.load_balancer->arn, door.error().message});
    }
  }
  return unopened;
}

void Balancer::replace_checks(const Routing& routing) {
  std::vector<CheckedTarget> targets;
  std::set<std::string> groups_done;
  std::unordered_set<Route, RouteHash> routes;
  auto add_group = [&](const LoadBalancer& own, const std::string& arn) {
    const RoutedGroup* group = routing.find_group(arn);
    if (!group || !groups_done.insert(arn).second) return;
    const HealthCheck& check = group->settings->health_check;
    for (const RoutedTarget& target : group->targets) {
      const net::Address& address = target.settings->address;
      Route route{own.vpc_id, own.where, source_of(own), address, group->settings->protocol};
      if (group->settings->version != TargetVersion::Http1) route.version = TargetVersion::Http2;
      routes.insert(route);
      if (!group->settings->same_as.empty()) continue;
      // Who is not checked passes for well.
      if (check.checking == Checking::Off) target.state->health = Health::Healthy;
      const bool is_draining = target.settings->registration == Registration::Draining;
      if (is_draining || check.checking == Checking::Off) continue;
      route.protocol = check.protocol;
      const bool is_second = check.version != TargetVersion::Http1;
      route.version = is_second ? TargetVersion::Http2 : TargetVersion::Http1;
      if (check.port != 0) {
        route.target = net::Address::parse(address.ip(), check.port).value_or(address);
      }
      targets.push_back({arn, target.settings->id, address.port(), std::move(route), check, target.state,
                         group->settings->functions, group->settings->proxy_protocol});
    }
  };
  for (const LoadBalancer& each : routing.config().load_balancers) {
    for (const std::string& arn : each.checked_groups) add_group(each, arn);
    for (const Listener& listener : each.listeners) {
      for (const Rule& rule : listener.rules) {
        const auto* forward = std::get_if<Forward>(&rule.action);
        if (!forward) continue;
        for (const WeightedGroup& group : forward->groups) add_group(each, group.arn);
      }
    }
  }
  for (std::unique_ptr<Shard>& shard : shards_) {
    shard->reactor.call([&shard, &routes] { shard->pool.retain(routes); });
  }
  Shard& checking = *shards_.front();
  checking.reactor.call([&] {
    if (!checking.checks) {
      const auto failed = [this](std::shared_ptr<const TargetState> target) { abandon(std::move(target)); };
      checking.checks =
          std::make_unique<HealthChecks>(checking.reactor, health_listener_, failed, functions_);
    }
    checking.checks->replace(std::move(targets));
  });
}

// The checks end before the shards, which then do what was posted first.
void Balancer::abandon(std::shared_ptr<const TargetState> target) {
  for (std::unique_ptr<Shard>& each : shards_) {
    each->reactor.post([shard = each.get(), target] {
      for (ConnectionPassage* passage : shard->passages) passage->abandon(*target);
    });
  }
}

int64_t Balancer::requests_in_flight(std::string_view group_arn, std::string_view target_id,
                                     uint16_t port) const {
  std::shared_ptr<const Routing> current = routing();
  const RoutedGroup* group = current->find_group(group_arn);
  if (!group) return 0;
  for (const RoutedTarget& each : group->targets) {
    if (each.settings->id == target_id && each.settings->address.port() == port) {
      return each.state->requests_in_flight;
    }
  }
  return 0;
}

void Balancer::complete_access_logs() {
  for (std::unique_ptr<Shard>& shard : shards_) {
    shard->reactor.call([&shard] { shard->logs.complete(); });
  }
}

}  // namespace holm::balancer
