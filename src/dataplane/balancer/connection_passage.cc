// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/introduction.html

#include "dataplane/balancer/connection_passage.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <functional>

#include "dataplane/balancer/proxy_header.h"
#include "dataplane/balancer/request_guards.h"
#include "dataplane/balancer/tunnel.h"
#include "http/transfer.h"

namespace holm::balancer {

namespace {

constexpr async::Duration kConnectTimeout{10000};
constexpr size_t kTargetsTriedMax = 3;

}  // namespace

ConnectionPassage::ConnectionPassage(Context context) : context_(std::move(context)) { context_.all.insert(this); }

ConnectionPassage::~ConnectionPassage() { context_.all.erase(this); }

void ConnectionPassage::follow(const Routing& routing) {
  const RoutedGroup* group = routing.find_group(context_.group.settings->arn);
  if (!connection_ || !group || group->settings->orphans == Orphans::Leave) return;
  const bool is_there = std::ranges::any_of(
      group->targets, [this](const RoutedTarget& each) { return each.state == target_->state; });
  if (!is_there) end();
}

void ConnectionPassage::abandon(const TargetState& failed) {
  if (!connection_ || target_->state.get() != &failed) return;
  if (context_.group.settings->of_unhealthy == Orphans::End) end();
}

void ConnectionPassage::end() {
  reset_client();
  // The tasks that carry see the end of both.
  ::shutdown(context_.client->fd(), SHUT_RDWR);
  ::shutdown(connection_->stream->fd(), SHUT_RDWR);
}

uint64_t ConnectionPassage::flow() const {
  if (context_.group.settings->affinity == Affinity::Client) return std::hash<std::string>()(context_.peer.ip());
  return std::hash<std::string>()(context_.peer.to_string() + context_.local.to_string());
}

const RoutedTarget* ConnectionPassage::choose(TriedTargets tried, std::string_view zone) const {
  if (context_.group.settings->affinity != Affinity::Turn) {
    return choose_target_of_flow(context_.group, tried, flow(), zone);
  }
  return choose_target(context_.group, tried, {.now = context_.client->reactor().clock().steady(), .zone = zone});
}

void ConnectionPassage::reset_client() {
  count(context_.counters.resets);
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(context_.client->fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

async::Task<void> ConnectionPassage::run() {
  const OpenFlow open(context_.counters);
  const LoadBalancer& own = context_.load_balancer;
  const std::string_view zone = zone_of_node(own, context_.local);
  std::vector<const RoutedTarget*> tried;
  while (tried.size() < kTargetsTriedMax) {
    const RoutedTarget* target = choose(tried, zone);
    if (!target) break;
    tried.push_back(target);
    const InFlight in_flight(*target->state);
    std::unique_ptr<Connection> connection = co_await connect_to(*target);
    if (!connection) continue;
    target_ = target;
    connection_ = connection.get();
    co_await carry(*connection);
    connection_ = nullptr;
    co_return;
  }
  reset_client();
}

async::Task<std::unique_ptr<Connection>> ConnectionPassage::connect_to(const RoutedTarget& target) {
  const LoadBalancer& own = context_.load_balancer;
  const TargetGroup& group = *context_.group.settings;
  const SteadyTime begun = context_.client->reactor().clock().steady();
  Route route{own.vpc_id, own.where, source_of(own), target.settings->address, group.protocol};
  std::optional<net::ConnectionRoom::Place> place = context_.pool.take_place();
  if (!place) co_return nullptr;
  Connected made = co_await connect(context_.client->reactor(), std::move(route), kConnectTimeout);
  if (!made) {
    count_failure(*target.counters, made.error());
    co_return nullptr;
  }
  (*made)->place = std::move(place);
  context_.story.target = target.settings->address.to_string();
  context_.story.connecting = context_.client->reactor().clock().steady() - begun;
  co_return std::move(*made);
}

async::Task<void> ConnectionPassage::carry(Connection& target) {
  const async::Duration idle = context_.listener.connection_idle;
  std::string header;
  if (context_.group.settings->proxy_protocol == ProxyProtocol::V2) {
    header = proxy_header(context_.peer, context_.local);
  } else if (context_.group.settings->proxy_protocol == ProxyProtocol::V1) {
    header = proxy_line(context_.peer, context_.local);
  }
  std::array<std::string_view, 3> first = {header, context_.first_bytes, {}};
  http::Sent sent = co_await http::send(*target.stream, first, idle);
  if (sent != http::Sent::Done) co_return;
  CarriedStory& story = context_.story;
  if (!header.empty() || !context_.first_bytes.empty()) story.sent_at = target.stream->reactor().clock().steady();
  FlowCounters& counters = context_.counters;
  Carried carried{.all_bytes = &counters.bytes,
                  .client_resets = &counters.client_resets,
                  .target_resets = &counters.target_resets};
  co_await tunnel(*context_.client, *target.stream, idle, carried);
  if (!story.sent_at) story.sent_at = carried.from_client.sent;
  const Carried::First& answer = carried.from_target;
  if (answer.read && answer.sent) story.answering = *answer.sent - *answer.read;
  story.received_bytes = context_.first_bytes.size() + carried.from_client_bytes;
  story.sent_bytes = carried.to_client_bytes;
}

}  // namespace holm::balancer
