// Each reactor has a shard with its own connections to targets; what is shared is immutable or
// atomic.

#include "dataplane/balancer/balancer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <unordered_set>

#include "base/files.h"
#include "base/log.h"
#include "base/strings.h"
#include "dataplane/balancer/access_log.h"
#include "dataplane/balancer/batched_random.h"
#include "dataplane/balancer/connection_server.h"
#include "dataplane/balancer/forwarded_head.h"
#include "dataplane/balancer/function_passage.h"
#include "dataplane/balancer/passage.h"
#include "dataplane/balancer/routing.h"
#include "dataplane/balancer/rules.h"
#include "http/server.h"
#include "net/socket.h"
#include "net/tls.h"

namespace holm::balancer {

namespace {

constexpr char kOwner[] = "elbv2";
constexpr size_t kForwardedAddressesMax = 30;
constexpr size_t kTargetConnectionsMax = 1000000;

// At the edge all ports of a load balancer are one: the listener on the port that the client names
// is meant, else the one on the scheme's own port, else the first. Clients with TLS are for listeners with TLS.
const Listener* find_listener_at_edge(const LoadBalancer& load_balancer, http::Scheme scheme, uint16_t port) {
  const bool is_secure = scheme == http::Scheme::Https;
  const Listener* chosen = nullptr;
  for (const Listener& each : load_balancer.listeners) {
    if (each.tls.has_value() != is_secure) continue;
    if (each.port == port) return &each;
    if (!chosen || each.port == (is_secure ? 443 : 80)) chosen = &each;
  }
  return chosen;
}

std::string socket_name(const LoadBalancer& load_balancer, const Listener& listener, const std::string& ip) {
  return fmt::format("{}{}|{}|{}:{}", kSocketPrefix, listener.arn, load_balancer.vpc_id, ip, listener.port);
}

// A listener that changes its protocol gets another door at the same socket.
std::string door_key(const LoadBalancer& load_balancer, const Listener& listener, const std::string& ip) {
  const std::string_view how = listener.carries == Carries::Connections ? "|connections" : "";
  return fmt::format("{}{}{}", socket_name(load_balancer, listener, ip), listener.tls ? "|tls" : "", how);
}

http::Response own_response(const FixedResponse& fixed) {
  http::Response response;
  response.status = fixed.status;
  response.headers.add("Server", "awselb/2.0");
  if (!fixed.content_type.empty()) response.headers.add("Content-Type", fixed.content_type);
  response.body = fixed.body;
  return response;
}

http::Response own_response(const Redirect& redirect, const http::Request& request, VisiblePort visible) {
  http::Response response = error_response(redirect.status);
  response.headers.add("Location", location(redirect, request, visible));
  return response;
}

}  // namespace

// Used on its reactor's thread only.
struct Balancer::Shard {
  Shard(async::Reactor& own_reactor, Random& own_random, net::ConnectionRoom& targets,
        const std::string& log_folder, size_t number)
      : reactor(own_reactor),
        random(own_random),
        pool(own_reactor, targets),
        logs(own_reactor, log_folder, number) {}

  // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
  std::string trace_root() {
    // Four bytes of time, twelve of chance.
    std::array<char, 16> bytes;
    random.fill(bytes.data(), bytes.size());
    const auto seconds = reactor.clock().now().time_since_epoch() / std::chrono::seconds(1);
    for (size_t i = 0; i < 4; ++i) bytes[i] = static_cast<char>(seconds >> (8 * (3 - i)));
    const std::string digits = hex_encode({bytes.data(), bytes.size()});
    std::string root = "1-";
    return root.append(digits, 0, 8).append("-").append(digits, 8, 24);
  }

  async::Reactor& reactor;
  BatchedRandom random;
  UpstreamPool pool;
  AccessLogFiles logs;
  std::unique_ptr<HealthChecks> checks;  // Of the first shard only.
};

// Where a request has come in, and what is to be told of it.
struct Balancer::Scene {
  http::Exchange& exchange;
  std::shared_ptr<const Routing> routing;
  const LoadBalancer& load_balancer;
  const Listener& listener;
  VisiblePort visible;
  Story& story;
  LoadBalancerCounters& counters;
};

// Has what became of a request written into the access log at the end, however that comes.
class Balancer::Telling final {
 public:
  Telling(Balancer& balancer, const Scene& scene)
      : balancer_(balancer), scene_(scene), is_wanted_(scene.load_balancer.log_bucket.has_value()) {
    if (!is_wanted_) return;
    scene_.story.arrived = balancer_.clock_.now();
    scene_.story.begun = balancer_.clock_.steady();
  }
  ~Telling() {
    if (is_wanted_) tell();
  }
  Telling(const Telling&) = delete;
  Telling& operator=(const Telling&) = delete;
  void complete() { is_complete_ = true; }

 private:
  void tell();

  Balancer& balancer_;
  const Scene scene_;
  const bool is_wanted_;
  bool is_complete_ = false;
};

void Balancer::Telling::tell() {
  constexpr int kClientLeft = 460;
  const http::Request& request = scene_.exchange.request();
  Shard& shard = balancer_.shard_of(scene_.exchange.reactor());
  Story& story = scene_.story;
  if (!is_complete_) story.status = kClientLeft;
  if (story.trace.empty()) story.trace = trace_of(request, shard.trace_root());
  if (scene_.listener.tls) {
    const std::string* arn = balancer_.choose_certificate(scene_.listener, request.tls_server_name);
    if (arn) story.certificate_arn = *arn;
  }
  const http::Traffic traffic = scene_.exchange.traffic();
  story.received_bytes += traffic.received_bytes;
  story.sent_bytes += traffic.sent_bytes;
  LogLine line{.request = request,
               .load_balancer = scene_.load_balancer,
               .listener = scene_.listener,
               .story = story,
               .now = balancer_.clock_.now(),
               .ended = balancer_.clock_.steady()};
  line.connection = balancer_.salt_;
  for (uint64_t each : {request.connection, uint64_t{request.peer.port()}, uint64_t{request.local.port()}}) {
    line.connection = (line.connection ^ each) * 0x9e3779b97f4a7c15u;
    line.connection ^= line.connection >> 29;
  }
  const std::vector<std::string>& nodes = scene_.load_balancer.addresses;
  std::string node = request.local.ip();
  // Whoever came by the edge is counted as the first node's.
  if (std::ranges::find(nodes, node) == nodes.end() && !nodes.empty()) node = nodes.front();
  shard.logs.add(scene_.load_balancer, node, access_log_line(line));
}

// A listening socket on one address of a load balancer: one of the two.
struct Balancer::Door {
  std::unique_ptr<http::Server> requests;
  std::unique_ptr<ConnectionServer> connections;
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
  edge_.publish(kOwner, {});
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

Balancer::Shard& Balancer::shard_of(async::Reactor& reactor) {
  for (std::unique_ptr<Shard>& shard : shards_) {
    if (&shard->reactor == &reactor) return *shard;
  }
  return *shards_.front();
}

UpstreamPool& Balancer::pool_of(async::Reactor& reactor) { return shard_of(reactor).pool; }

std::vector<Unopened> Balancer::publish(std::shared_ptr<const Config> config) {
  std::lock_guard publishing(publishing_);
  auto next = std::make_shared<const Routing>(config, routing().get());
  {
    std::lock_guard lock(mutex_);
    routing_ = next;
  }
  publish_names(*config);
  std::vector<Unopened> unopened = replace_doors(*config);
  replace_checks(*next);
  return unopened;
}

void Balancer::publish_names(const Config& config) {
  Edge::Routes routes;
  for (const LoadBalancer& each : config.load_balancers) {
    Arrival arrival{each.arn, {}};
    Edge::Route route;
    route.handler = [this, arrival](http::Exchange& exchange) { return serve(exchange, arrival); };
    route.answer = [this, arrival](std::string_view name) { return answer(arrival, name); };
    route.deviant = http::Deviant::HandOver;
    for (const std::string& name : each.host_names) routes.emplace(to_lower(name), route);
  }
  edge_.publish(kOwner, std::move(routes));
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
  const bool is_carried_from_edge = arrival.listener_arn.empty() && listener->carries == Carries::Connections;
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
  return make_door(load_balancer, listener, std::move(*socket));
}

Result<std::unique_ptr<Balancer::Door>> Balancer::make_door(const LoadBalancer& load_balancer,
                                                            const Listener& listener, UniqueFd socket) {
  const Arrival arrival{load_balancer.arn, listener.arn};
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
  if (listener.carries == Carries::Connections) {
    ConnectionServer::Handler carrier = [this, arrival](std::unique_ptr<net::Stream> client, net::Address peer) {
      return carry(std::move(client), std::move(peer), arrival);
    };
    net::Listener::Bounds bounds{.room = surroundings_.clients, .turned_away = turned_away};
    door->connections = std::make_unique<ConnectionServer>(reactors_, std::move(carrier), std::move(bounds));
    door->connections->listen(std::move(socket), std::move(tls));
    return door;
  }
  http::Handler handler = [this, arrival](http::Exchange& exchange) { return serve(exchange, arrival); };
  http::Limits limits{.room = surroundings_.clients, .turned_away = turned_away};
  limits.deviant = http::Deviant::HandOver;
  door->requests = std::make_unique<http::Server>(reactors_, std::move(limits), std::move(handler), clock_);
  door->requests->listen(std::move(socket), std::move(tls));
  return door;
}

void Balancer::count_rejected(const Arrival& arrival) const {
  std::shared_ptr<const Routing> current = routing();
  const LoadBalancer* load_balancer = current->find_load_balancer(arrival.load_balancer_arn);
  if (load_balancer) count(current->state_of(*load_balancer).counters.rejected_connections);
}

// Doors that are not wanted close first: their ports may be wanted for others.
std::vector<Unopened> Balancer::replace_doors(const Config& config) {
  struct Wanted {
    const LoadBalancer* load_balancer;
    const Listener* listener;
    std::string ip;
  };
  std::map<std::string, Wanted> wanted;
  std::set<std::string> sockets;
  for (const LoadBalancer& each : config.load_balancers) {
    for (const Listener& listener : each.listeners) {
      for (const std::string& ip : each.addresses) {
        wanted.emplace(door_key(each, listener, ip), Wanted{&each, &listener, ip});
        sockets.insert(socket_name(each, listener, ip));
      }
    }
  }
  std::erase_if(doors_, [&](const auto& door) { return !wanted.contains(door.first); });
  surroundings_.sockets.retain(kSocketPrefix, sockets);
  std::vector<Unopened> unopened;
  for (const auto& [key, each] : wanted) {
    if (doors_.contains(key)) continue;
    Result<std::unique_ptr<Door>> door = open_door(*each.load_balancer, *each.listener, each.ip);
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
      Route route{own.vpc_id, own.where, {}, address, group->settings->protocol};
      if (!own.addresses.empty()) {
        route.source = net::Address::parse(own.addresses.front(), 0).value_or(net::Address());
      }
      routes.insert(route);
      // Who is not checked passes for well.
      if (check.checking == Checking::Off) target.state->health = Health::Healthy;
      const bool is_draining = target.settings->registration == Registration::Draining;
      if (is_draining || check.checking == Checking::Off) continue;
      route.protocol = check.protocol;
      if (check.port != 0) {
        route.target = net::Address::parse(address.ip(), check.port).value_or(address);
      }
      targets.push_back({arn, target.settings->id, address.port(), std::move(route), check, target.state,
                         group->settings->functions, group->settings->proxy_protocol});
    }
  };
  for (const LoadBalancer& each : routing.config().load_balancers) {
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
      checking.checks = std::make_unique<HealthChecks>(checking.reactor, health_listener_, functions_);
    }
    checking.checks->replace(std::move(targets));
  });
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

// The arrival is the handler's, which lives as long as its requests.
async::Task<void> Balancer::serve(http::Exchange& exchange, const Arrival& arrival) {
  std::shared_ptr<const Routing> current = routing();
  const LoadBalancer* load_balancer = current->find_load_balancer(arrival.load_balancer_arn);
  const Listener* listener = nullptr;
  VisiblePort visible;
  if (load_balancer && arrival.listener_arn.empty()) {
    http::Scheme scheme = exchange.request().scheme;
    uint16_t usual = scheme == http::Scheme::Https ? 443 : 80;
    visible.port = split_host(exchange.request().authority).port.value_or(usual);
    const Listener* secure = find_listener_at_edge(*load_balancer, http::Scheme::Https, 443);
    if (secure && secure->port == 443) visible.secure = surroundings_.secure_edge_port;
    listener = find_listener_at_edge(*load_balancer, scheme, visible.port);
  } else if (load_balancer) {
    listener = find_listener(*load_balancer, arrival.listener_arn);
    if (listener) visible.port = listener->port;
  }
  if (!listener) {
    http::Response response = error_response(503);
    if (!exchange.request().deviations.empty()) exchange.close_after_response();
    co_await exchange.respond(std::move(response));
    co_return;
  }
  if (listener->carries == Carries::Connections) {
    co_await carry_from_edge(exchange, std::move(current), *load_balancer, *listener);
    co_return;
  }
  Story story;
  LoadBalancerCounters& counters = current->state_of(*load_balancer).counters;
  Scene scene{exchange, current, *load_balancer, *listener, visible, story, counters};
  Telling telling(*this, scene);
  co_await act(scene);
  telling.complete();
}

async::Task<void> Balancer::respond(Scene scene, http::Response response) {
  count_status(scene.counters.own_statuses, response.status);
  scene.story.status = response.status;
  finish_own_headers(response.headers, scene.listener);
  co_await scene.exchange.respond(std::move(response));
}

async::Task<void> Balancer::act(Scene scene) {
  const http::Request& request = scene.exchange.request();
  LoadBalancerCounters& counters = scene.counters;
  count(counters.requests);
  Verdict verdict;
  if (!request.deviations.empty()) {
    verdict = judge(request.deviations, scene.load_balancer.desync_mitigation);
    if (classify(request.deviations).safety != Safety::Compliant) count(counters.non_compliant_requests);
    if (verdict.closes) scene.exchange.close_after_response();
  }
  int refusal = verdict.refusal.value_or(0);
  // What cannot be read is not looked at any further.
  const Rule* rule = refusal == 0 ? find_rule(scene.listener, request) : nullptr;
  if (refusal == 0) {
    if (!rule) refusal = 503;
    if (request.method == "TRACE" || request.method == "CONNECT") refusal = 405;
    if (forwarded_address_count(request) > kForwardedAddressesMax) refusal = 463;
  }
  http::Response response;
  if (refusal != 0) {
    response = error_response(refusal);
    co_await respond(scene, std::move(response));
    co_return;
  }
  scene.story.rule_priority = rule->priority;
  if (const auto* fixed = std::get_if<FixedResponse>(&rule->action)) {
    count(counters.fixed_responses);
    scene.story.action = "fixed-response";
    response = own_response(*fixed);
  } else if (const auto* redirect = std::get_if<Redirect>(&rule->action)) {
    count(counters.redirects);
    scene.story.action = "redirect";
    response = own_response(*redirect, request, scene.visible);
    scene.story.redirect_url = response.headers.get("location");
  } else {
    scene.story.action = "forward";
    co_await forward(scene, std::get<Forward>(rule->action), verdict);
    co_return;
  }
  co_await respond(scene, std::move(response));
}

async::Task<void> Balancer::forward(Scene scene, const Forward& forward, Verdict verdict) {
  const http::Request& request = scene.exchange.request();
  const std::string& listener_arn = scene.listener.arn;
  Shard& shard = shard_of(scene.exchange.reactor());
  const Time now = clock_.now();
  std::string arn;
  if (forward.sticks_for) {
    auto cookie = find_cookie(request.headers, kGroupCookie);
    auto known = cookie ? cookies_.read(*cookie, listener_arn, now) : std::nullopt;
    auto is_known = [&](const WeightedGroup& each) { return each.arn == *known; };
    if (known && std::ranges::any_of(forward.groups, is_known)) arn = *known;
  }
  if (arn.empty()) {
    const WeightedGroup* chosen = choose_group(forward, shard.random);
    if (chosen) arn = chosen->arn;
  }
  const RoutedGroup* group = scene.routing->find_group(arn);
  if (!group) {
    http::Response response = error_response(503);
    co_await respond(scene, std::move(response));
    co_return;
  }
  scene.story.group_arn = group->settings->arn;
  std::string cookie;
  std::chrono::seconds duration = forward.sticks_for.value_or(std::chrono::seconds(0));
  if (forward.sticks_for) cookie = cookies_.make(arn, listener_arn, now + duration, random_);
  std::string root = shard.trace_root();
  if (scene.load_balancer.log_bucket) scene.story.trace = trace_of(request, root);
  Passage::Context context{scene.exchange, shard.pool, scene.load_balancer, scene.counters, *group, scene.listener,
                           std::move(root), cookies_, shard.random, std::move(cookie), duration, verdict.closes,
                           scene.story};
  if (group->settings->functions) {
    FunctionPassage passage(std::move(context), functions_);
    co_await passage.run();
    co_return;
  }
  Passage passage(std::move(context));
  co_await passage.run();
}

void Balancer::complete_access_logs() {
  for (std::unique_ptr<Shard>& shard : shards_) {
    shard->reactor.call([&shard] { shard->logs.complete(); });
  }
}

}  // namespace holm::balancer
