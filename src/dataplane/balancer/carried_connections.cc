// What the balancer does with connections and datagrams that it carries as they are.

#include <fmt/format.h>

#include "dataplane/balancer/balancer.h"
#include "dataplane/balancer/connection_passage.h"
#include "dataplane/balancer/datagram_server.h"
#include "dataplane/balancer/routing.h"
#include "dataplane/balancer/shard.h"
#include "http/server.h"
#include "net/socket.h"

namespace holm::balancer {

// A connection that is carried, and where it has come in.
struct Balancer::Carriage {
  std::shared_ptr<const Routing> routing;
  const LoadBalancer& load_balancer;
  const Listener& listener;
  std::unique_ptr<net::Stream> client;
  net::Address peer;
  net::Address local;
  std::string first_bytes;
  SteadyTime accepted;
};

// A connection that came in at a door of its own.
async::Task<void> Balancer::carry(std::unique_ptr<net::Stream> client, net::Address peer, SteadyTime accepted,
                                  Arrival arrival) {
  std::shared_ptr<const Routing> current = routing();
  const LoadBalancer* load_balancer = current->find_load_balancer(arrival.load_balancer_arn);
  const Listener* listener = load_balancer ? find_listener(*load_balancer, arrival.listener_arn) : nullptr;
  if (!listener) co_return;
  if (!client) {
    count(current->state_of(*load_balancer, arrival.node)->counters.failed_handshakes);
    co_return;
  }
  net::Address local = net::local_address(client->fd());
  Carriage carriage{std::move(current), *load_balancer,   *listener, std::move(client),
                    std::move(peer),    std::move(local), {},        accepted};
  co_await carry(std::move(carriage));
}

// The machine's own programs find every load balancer at the edge by the Host header: a connection that began
// with a request for this one is its, all of it.
async::Task<void> Balancer::carry_from_edge(http::Exchange& exchange, std::shared_ptr<const Routing> current,
                                            const LoadBalancer& load_balancer, const Listener& listener) {
  const http::Request& request = exchange.request();
  std::string first = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target);
  for (const http::Header& each : request.headers) {
    first.append(each.name).append(": ").append(each.value).append("\r\n");
  }
  first += "\r\n";
  net::Address peer = request.peer;
  net::Address local = request.local;
  http::TakenConnection taken = exchange.take_over();
  first += taken.already_read;
  Carriage carriage{std::move(current), load_balancer,    listener,         std::move(taken.stream),
                    std::move(peer),    std::move(local), std::move(first), clock_.steady()};
  co_await carry(std::move(carriage));
}

DatagramRoute Balancer::datagram_route(const Arrival& arrival) const {
  DatagramRoute route{.routing = routing()};
  route.load_balancer = route.routing->find_load_balancer(arrival.load_balancer_arn);
  const Listener* listener = nullptr;
  if (route.load_balancer) listener = find_listener(*route.load_balancer, arrival.listener_arn);
  const Forward* forward =
      listener && !listener->rules.empty() ? std::get_if<Forward>(&listener->rules.back().action) : nullptr;
  // Chance would tear flows apart, so there is one group.
  if (forward && !forward->groups.empty())
    route.group = route.routing->find_group(forward->groups.front().arn);
  return route;
}

async::Task<void> Balancer::carry(Carriage carriage) {
  LoadBalancerCounters& counters =
      carriage.routing->state_of(carriage.load_balancer, carriage.local.ip())->counters;
  const Listener& listener = carriage.listener;
  const Forward* forward =
      listener.rules.empty() ? nullptr : std::get_if<Forward>(&listener.rules.back().action);
  const WeightedGroup* chosen = nullptr;
  if (forward) chosen = choose_group(*forward, random_);
  const RoutedGroup* group = chosen ? carriage.routing->find_group(chosen->arn) : nullptr;
  if (!group) co_return;
  Shard& shard = shard_of(carriage.client->reactor());
  CarriedStory story{.arrived = clock_.now(), .accepted = carriage.accepted};
  if (const net::TlsSession* tls = carriage.client->tls()) {
    story.tls_version = tls->version();
    story.tls_cipher = tls->cipher();
  }
  ConnectionPassage passage({carriage.load_balancer, listener, *group, shard.pool,
                             listener.tls ? counters.tls : counters.tcp, std::move(carriage.client),
                             carriage.peer, carriage.local, carriage.first_bytes, shard.passages, story});
  co_await passage.run();
  log_carried(shard, carriage, story);
}

// The second generation logs connections of TLS only, in a form of its own, and does not take a bucket for
// them yet.
void Balancer::log_carried(Shard& shard, const Carriage& carriage, const CarriedStory& story) {
  const LoadBalancer& load_balancer = carriage.load_balancer;
  if (load_balancer.generation != Generation::First || !load_balancer.log_bucket) return;
  shard.logs.add(LogKind::Access, load_balancer, node_of(load_balancer, carriage.local),
                 carried_log_line(load_balancer, carriage.peer, story));
}

}  // namespace holm::balancer
