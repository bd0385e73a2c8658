// What the balancer does with requests: the rule, its action, and what is told of it afterwards.

#include <algorithm>

#include "dataplane/balancer/balancer.h"
#include "dataplane/balancer/forwarded_head.h"
#include "dataplane/balancer/function_passage.h"
#include "dataplane/balancer/open_connection.h"
#include "dataplane/balancer/passage.h"
#include "dataplane/balancer/routing.h"
#include "dataplane/balancer/rules.h"
#include "dataplane/balancer/shard.h"
#include "http/server.h"
#include "net/client_trust.h"
#include "net/socket.h"
#include "net/tls.h"

namespace holm::balancer {

namespace {

constexpr size_t kForwardedAddressesMax = 30;
// Of each request, in what load balancers are charged by.
constexpr size_t kRulesFree = 10;

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

bool is_grpc(const http::Request& request) {
  return request.version == http::Version::Http2 &&
         request.headers.get("content-type").starts_with("application/grpc");
}

// Whether targets of the group can be asked this way.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
bool is_understood(const TargetGroup& group, const http::Request& request) {
  switch (group.version) {
    case TargetVersion::Http1: return !is_grpc(request);
    case TargetVersion::Http2: return request.version == http::Version::Http2;
    case TargetVersion::Grpc: return request.version == http::Version::Http2 && request.method == "POST";
  }
  return false;
}

std::unique_ptr<const http::Request> rewritten(const http::Request& request, const Story& story) {
  if (story.transformed_host.empty() && story.transformed_target.empty()) return nullptr;
  auto made = std::make_unique<http::Request>(request);
  if (!story.transformed_target.empty()) {
    made->target = story.transformed_target;
    split_target(*made);
  }
  made->authority = story.transformed_host.empty() ? request.authority : story.transformed_host;
  if (!story.transformed_host.empty()) made->headers.set("Host", story.transformed_host);
  return made;
}

// A connection at the edge may have been made for another load balancer, and one from before clients had to show
// certificates has none: its client has to make a new one.
bool is_misdirected(const Listener& listener, const http::Request& request) {
  if (!listener.tls || listener.tls->client_certificates != ClientCertificates::Verified) return false;
  return !request.client_certificate || request.client_certificate->owner != listener.arn;
}

}  // namespace

// Where a request has come in, and what is to be told of it.
struct Balancer::Scene {
  http::Exchange& exchange;
  std::shared_ptr<const Routing> routing;
  const LoadBalancer& load_balancer;
  const Listener& listener;
  VisiblePort visible;
  Story& story;
  const std::shared_ptr<LoadBalancerState>& state;
  LoadBalancerCounters& counters;  // Its own.
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
    const http::Traffic traffic = scene_.exchange.traffic();
    add(scene_.counters.bytes, traffic.received_bytes + traffic.sent_bytes);
    if (is_wanted_) tell(traffic);
  }
  Telling(const Telling&) = delete;
  Telling& operator=(const Telling&) = delete;
  void complete() { is_complete_ = true; }

 private:
  void tell(http::Traffic traffic);

  Balancer& balancer_;
  const Scene& scene_;
  const bool is_wanted_;
  bool is_complete_ = false;
};

void Balancer::Telling::tell(http::Traffic traffic) {
  constexpr int kClientLeft = 460;
  const http::Request& request = scene_.exchange.request();
  Shard& shard = balancer_.shard_of(scene_.exchange.reactor());
  Story& story = scene_.story;
  // A response that was begun and broke off had no other end, whatever the body's.
  const int body_refusal = story.status == 0 ? scene_.exchange.body_refusal() : 0;
  if (!is_complete_) story.status = body_refusal != 0 ? body_refusal : kClientLeft;
  if (story.trace.empty()) story.trace = trace_of(request, shard.trace_root());
  story.received_bytes += traffic.received_bytes;
  story.sent_bytes += traffic.sent_bytes;
  balancer_.log_request(shard, request, scene_.load_balancer, scene_.listener, story);
}

void Balancer::log_request(Shard& shard, const http::Request& request, const LoadBalancer& load_balancer,
                           const Listener& listener, Story& story) {
  if (listener.tls) {
    const std::string* arn = choose_certificate(listener, request.tls_server_name);
    if (arn) story.certificate_arn = *arn;
  }
  LogLine line{.request = request,
               .load_balancer = load_balancer,
               .listener = listener,
               .story = story,
               .now = clock_.now(),
               .ended = clock_.steady(),
               .connection = logged_number(request.connection, request.peer, request.local)};
  shard.logs.add(LogKind::Access, load_balancer, node_of(load_balancer, request.local), access_log_line(line));
}

uint64_t Balancer::logged_number(uint64_t connection, const net::Address& peer, const net::Address& local) const {
  uint64_t number = salt_;
  for (uint64_t each : {connection, uint64_t{peer.port()}, uint64_t{local.port()}}) {
    number = (number ^ each) * 0x9e3779b97f4a7c15u;
    number ^= number >> 29;
  }
  return number;
}

void Balancer::log_connection(const Arrival& arrival, const http::Arrived& arrived) {
  std::shared_ptr<const Routing> current = routing();
  const LoadBalancer* load_balancer = current->find_load_balancer(arrival.load_balancer_arn);
  const Listener* listener = load_balancer ? find_listener(*load_balancer, arrival.listener_arn) : nullptr;
  if (!listener || !load_balancer->connection_log_bucket) return;
  ConnectionLine line{.peer = arrived.peer, .listener_port = listener->port};
  line.is_secure = arrived.tls != nullptr;
  line.is_established = arrived.is_established;
  if (arrived.tls && arrived.is_established) {
    line.tls_version = arrived.tls->version();
    line.tls_cipher = arrived.tls->cipher();
    line.handshake = arrived.handshake;
    line.client = arrived.tls->client_certificate();
  }
  line.now = clock_.now();
  line.connection = logged_number(arrived.number, arrived.peer, net::local_address(arrived.socket));
  own_shard().logs.add(LogKind::Connection, *load_balancer, arrival.node, connection_log_line(line));
}

void Balancer::log_connection(const http::Request& request, const LoadBalancer& load_balancer,
                              const Listener& listener) {
  if (!load_balancer.connection_log_bucket) return;
  ConnectionLine line{.peer = request.peer, .listener_port = listener.port};
  line.is_secure = request.scheme == http::Scheme::Https;
  line.tls_version = request.tls_version;
  line.tls_cipher = request.tls_cipher;
  line.client = request.client_certificate;
  line.now = clock_.now();
  line.connection = logged_number(request.connection, request.peer, request.local);
  const std::string node = node_of(load_balancer, request.local);
  own_shard().logs.add(LogKind::Connection, load_balancer, node, connection_log_line(line));
}

// What no handler was asked about, and bodies that none got.
http::Response Balancer::refusal(const Arrival& arrival, const http::Request& request, http::Missing missing,
                                 int status) {
  http::Response response = error_response(status);
  std::shared_ptr<const Routing> current = routing();
  const LoadBalancer* load_balancer = current->find_load_balancer(arrival.load_balancer_arn);
  const Listener* listener = load_balancer ? find_listener(*load_balancer, arrival.listener_arn) : nullptr;
  if (!listener) return response;
  count_own_status(current->state_of(*load_balancer, arrival.node)->counters, response.status);
  finish_own_headers(response.headers, *listener);
  // A request whose body did not come is logged as any other.
  if (missing == http::Missing::Body || !load_balancer->log_bucket) return response;
  Story story;
  story.arrived = clock_.now();
  story.begun = clock_.steady();
  story.status = response.status;
  story.sent_bytes = response.body.size();
  log_request(own_shard(), request, *load_balancer, *listener, story);
  return response;
}

// The arrival is the handler's, which lives as long as its requests.
async::Task<void> Balancer::serve(http::Exchange& exchange, const Arrival& arrival) {
  std::shared_ptr<const Routing> current = routing_on(exchange.reactor());
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
  if (is_misdirected(*listener, exchange.request())) {
    constexpr int kMisdirected = 421;
    exchange.close_after_response();
    http::Response response = error_response(kMisdirected);
    co_await exchange.respond(std::move(response));
    co_return;
  }
  if (carries_connections(listener->carries)) {
    co_await carry_from_edge(exchange, std::move(current), *load_balancer, *listener);
    co_return;
  }
  Story story;
  const LoadBalancerStates& states = current->states_of(*load_balancer);
  // Nobody else puts marks on connections here.
  std::unique_ptr<http::ConnectionMark>& mark = exchange.mark();
  const auto* open = static_cast<const OpenConnection*>(mark.get());
  if (!open || std::ranges::find(states, open->state()) == states.end()) {
    auto begun = std::make_unique<OpenConnection>(current->state_of(*load_balancer, arrival.node), *load_balancer,
                                                  clock_.steady());
    open = begun.get();
    mark = std::move(begun);
    if (arrival.node.empty()) log_connection(exchange.request(), *load_balancer, *listener);
  }
  mark->silence_max = load_balancer->idle_timeout;
  // Another request of the connection may put another mark there.
  const std::shared_ptr<LoadBalancerState> state = open->state();
  Scene scene{exchange, current, *load_balancer, *listener, visible, story, state, state->counters};
  Telling telling(*this, scene);
  co_await act(scene);
  telling.complete();
}

async::Task<void> Balancer::respond(const Scene& scene, http::Response response) {
  count_own_status(scene.counters, response.status);
  scene.story.status = response.status;
  finish_own_headers(response.headers, scene.listener);
  co_await scene.exchange.respond(std::move(response));
}

async::Task<void> Balancer::act(const Scene& scene) {
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
  RuleTable::Found found;
  if (refusal == 0) {
    found = scene.routing->rules_of(scene.listener).find(request);
    add(counters.rule_evaluations, found.evaluated);
    if (found.evaluated > kRulesFree) add(counters.charged_rule_evaluations, found.evaluated - kRulesFree);
    if (is_grpc(request)) count(counters.grpc_requests);
    if (!found.rule) refusal = 503;
    if (request.method == "TRACE" || request.method == "CONNECT") refusal = 405;
    if (forwarded_address_count(request) > kForwardedAddressesMax) refusal = 463;
  }
  http::Response response;
  if (refusal != 0) {
    response = error_response(refusal);
    co_await respond(scene, std::move(response));
    co_return;
  }
  const Rule* const rule = found.rule;
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
    if (transform(scene, *rule)) {
      co_await forward(scene, std::get<Forward>(rule->action), verdict);
      co_return;
    }
    response = error_response(500);
  }
  co_await respond(scene, std::move(response));
}

// Writes down what the rule makes of the request; false: what it would make of it cannot be sent.
bool Balancer::transform(const Scene& scene, const Rule& rule) {
  if (!rule.host_rewrite && !rule.url_rewrite) return true;
  RuleTable::Rewritten made = scene.routing->rules_of(scene.listener).rewrite(rule, scene.exchange.request());
  scene.story.transformed_host = std::move(made.host);
  scene.story.transformed_target = std::move(made.target);
  scene.story.transform_status = made.status;
  return made.status.empty() || made.status == RuleTable::kTransformed;
}

async::Task<void> Balancer::forward(const Scene& scene, const Forward& forward, Verdict verdict) {
  const http::Request& request = scene.exchange.request();
  const std::string& listener_arn = scene.listener.arn;
  Shard& shard = shard_of(scene.exchange.reactor());
  const Time now = clock_.now();
  std::string_view arn;  // Of the configuration.
  if (forward.sticks_for) {
    auto cookie = find_cookie(request.headers, kGroupCookie);
    auto known = cookie ? cookies_.read(*cookie, listener_arn, now) : std::nullopt;
    for (const WeightedGroup& each : forward.groups) {
      if (known && each.arn == *known) arn = each.arn;
    }
  }
  if (arn.empty()) {
    const WeightedGroup* chosen = choose_group(forward, shard.random);
    if (chosen) arn = chosen->arn;
  }
  const RoutedGroup* group = scene.routing->find_group(arn);
  if (!group || !is_understood(*group->settings, request)) {
    http::Response response = error_response(group ? 464 : 503);
    co_await respond(scene, std::move(response));
    co_return;
  }
  scene.story.group_arn = group->settings->arn;
  std::string cookie;
  std::chrono::seconds duration = forward.sticks_for.value_or(std::chrono::seconds(0));
  if (forward.sticks_for) cookie = cookies_.make(arn, listener_arn, now + duration, random_);
  std::string root = shard.trace_root();
  if (scene.load_balancer.log_bucket) scene.story.trace = trace_of(request, root);
  const net::Address& source = scene.routing->known_source_of(scene.load_balancer);
  Passage::Context context{scene.exchange, shard.pool,     scene.load_balancer, source,
                           scene.state,    scene.counters, *group,              scene.listener,
                           scene.visible.port, std::move(root), cookies_,       shard.random,
                           std::move(cookie), duration,    verdict.closes,      scene.story,
                           rewritten(request, scene.story)};
  if (group->settings->functions) {
    FunctionPassage passage(std::move(context), functions_);
    co_await passage.run();
    co_return;
  }
  Passage passage(std::move(context));
  co_await passage.run();
}

}  // namespace holm::balancer
