// Choosing a target costs one pass over the group.

#include "dataplane/balancer/routing.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace holm::balancer {

namespace {

std::shared_ptr<TargetState> take_state(const RoutedGroup* before, const Target& target) {
  if (before) {
    for (const RoutedTarget& each : before->targets) {
      if (is_same_target(*each.settings, target)) return each.state;
    }
  }
  auto state = std::make_shared<TargetState>();
  state->health = target.known_health;
  return state;
}

std::string zone_of(const LoadBalancer& load_balancer, std::string_view node) {
  const auto found = load_balancer.zones.find(std::string(node));
  return found == load_balancer.zones.end() ? std::string() : found->second;
}

auto find_zone(const LoadBalancerStates& states, std::string_view zone) {
  return std::ranges::find(states, zone, [](const auto& each) -> std::string_view { return each->zone; });
}

// Those of the zones it stands in, and what was counted in others.
LoadBalancerStates make_states(const LoadBalancer& load_balancer, const LoadBalancerStates& before) {
  LoadBalancerStates states;
  for (const std::string& node : load_balancer.addresses) {
    const std::string zone = zone_of(load_balancer, node);
    if (find_zone(states, zone) != states.end()) continue;
    const auto known = find_zone(before, zone);
    states.push_back(known != before.end() ? *known : std::make_shared<LoadBalancerState>(zone));
  }
  for (const std::shared_ptr<LoadBalancerState>& each : before) {
    if (find_zone(states, each->zone) == states.end()) states.push_back(each);
  }
  if (states.empty()) states.push_back(std::make_shared<LoadBalancerState>());
  return states;
}

// Of targets in that zone.
GroupCounters& counters_of(RoutedGroup& group, const std::string& zone) {
  if (zone.empty()) return group.state->counters;
  const auto found = std::ranges::find(group.zones, zone, &GroupZone::zone);
  if (found != group.zones.end()) return *found->counters;
  return *group.zones.emplace_back(zone, std::make_shared<GroupCounters>()).counters;
}

std::shared_ptr<TargetState> state_by_id(const RoutedGroup& group, const std::string& id) {
  for (const RoutedTarget& each : group.targets) {
    if (each.settings->id == id) return each.state;
  }
  return nullptr;
}

}  // namespace

net::Address source_of(const LoadBalancer& load_balancer) {
  if (load_balancer.addresses.empty()) return {};
  return net::Address::parse(load_balancer.addresses.front(), 0).value_or(net::Address());
}

std::string node_of(const LoadBalancer& load_balancer, const net::Address& local) {
  const std::vector<std::string>& nodes = load_balancer.addresses;
  std::string node = local.ip();
  if (std::ranges::find(nodes, node) == nodes.end() && !nodes.empty()) node = nodes.front();
  return node;
}

std::string_view zone_of_node(const LoadBalancer& load_balancer, const net::Address& local) {
  if (load_balancer.cross_zone == CrossZone::On) return {};
  auto node = load_balancer.zones.find(local.ip());
  return node == load_balancer.zones.end() ? std::string_view() : std::string_view(node->second);
}

bool is_same_target(const Target& a, const Target& b) { return a.id == b.id && a.address == b.address; }

Routing::Routing(std::shared_ptr<const Config> config, const Routing* previous) : config_(std::move(config)) {
  for (const LoadBalancer& each : config_->load_balancers) {
    const LoadBalancer* before = previous ? previous->find_load_balancer(each.arn) : nullptr;
    LoadBalancerStates states = make_states(each, before ? previous->states_of(*before) : LoadBalancerStates());
    indices_by_arn_.emplace(each.arn, load_balancers_.size());
    load_balancers_.push_back({std::move(states), source_of(each)});
    for (const Listener& listener : each.listeners) rules_.emplace(&listener, listener.rules);
  }
  for (const auto& [arn, group] : config_->groups) {
    if (group.same_as.empty()) add_group(group, previous);
  }
  for (const auto& [arn, group] : config_->groups) {
    if (!group.same_as.empty()) add_group(group, previous);
  }
}

void Routing::add_group(const TargetGroup& group, const Routing* previous) {
  const RoutedGroup* before = previous ? previous->find_group(group.arn) : nullptr;
  const RoutedGroup* others = group.same_as.empty() ? nullptr : find_group(group.same_as);
  RoutedGroup routed{.settings = &group, .state = nullptr, .targets = {}, .zones = {}};
  routed.state = before ? before->state : std::make_shared<GroupState>();
  if (before) routed.zones = before->zones;
  for (const Target& target : group.targets) {
    std::shared_ptr<TargetState> state = others ? state_by_id(*others, target.id) : nullptr;
    if (!state) state = take_state(before, target);
    routed.targets.push_back({&target, std::move(state), &counters_of(routed, target.zone)});
  }
  groups_.emplace(group.arn, std::move(routed));
}

const LoadBalancer* Routing::find_load_balancer(std::string_view arn) const {
  auto found = indices_by_arn_.find(arn);
  return found == indices_by_arn_.end() ? nullptr : &config_->load_balancers[found->second];
}

size_t Routing::index_of(const LoadBalancer& load_balancer) const {
  const auto index = static_cast<size_t>(&load_balancer - config_->load_balancers.data());
  CHECK(index < load_balancers_.size());
  return index;
}

const net::Address& Routing::known_source_of(const LoadBalancer& load_balancer) const {
  return load_balancers_[index_of(load_balancer)].source;
}

const RoutedGroup* Routing::find_group(std::string_view arn) const {
  auto found = groups_.find(arn);
  return found == groups_.end() ? nullptr : &found->second;
}

const Listener* find_listener(const LoadBalancer& load_balancer, std::string_view arn) {
  for (const Listener& each : load_balancer.listeners) {
    if (each.arn == arn) return &each;
  }
  return nullptr;
}

// The listener on the port that the client names is meant, else the one on the scheme's own port, else the first.
const Listener* find_listener_at_edge(const LoadBalancer& load_balancer, http::Scheme scheme, uint16_t port) {
  const bool is_secure = scheme == http::Scheme::Https;
  const Listener* chosen = nullptr;
  for (const Listener& each : load_balancer.listeners) {
    if (each.tls.has_value() != is_secure || each.carries == Carries::Datagrams) continue;
    if (each.port == port) return &each;
    if (!chosen || each.port == (is_secure ? 443 : 80)) chosen = &each;
  }
  return chosen;
}

const WeightedGroup* choose_group(const Forward& forward, Random& random) {
  uint64_t total = 0;
  for (const WeightedGroup& each : forward.groups) total += static_cast<uint64_t>(each.weight);
  if (total == 0) return forward.groups.empty() ? nullptr : &forward.groups.front();
  uint64_t ticket = forward.groups.size() == 1 ? 0 : random.below(total);
  for (const WeightedGroup& each : forward.groups) {
    if (ticket < static_cast<uint64_t>(each.weight)) return &each;
    ticket -= static_cast<uint64_t>(each.weight);
  }
  return nullptr;
}

const LoadBalancerStates& Routing::states_of(const LoadBalancer& load_balancer) const {
  return load_balancers_[index_of(load_balancer)].states;
}

const std::shared_ptr<LoadBalancerState>& Routing::state_of(const LoadBalancer& load_balancer,
                                                            std::string_view node) const {
  const LoadBalancerStates& states = states_of(load_balancer);
  if (node.empty() || states.size() == 1) return states.front();
  const auto found = find_zone(states, zone_of(load_balancer, node));
  return found == states.end() ? states.front() : *found;
}

bool has_registered_target(const RoutedGroup& group) {
  return std::ranges::any_of(group.targets, [](const RoutedTarget& target) {
    return target.settings->registration == Registration::Registered;
  });
}

std::string id_and_port(const RoutedTarget& target) {
  return fmt::format("{}|{}", target.settings->id, target.settings->address.port());
}

namespace {

bool is_registered(const RoutedTarget& target) {
  return target.settings->registration == Registration::Registered;
}

bool is_healthy(const RoutedTarget& target) { return target.state->health == Health::Healthy; }

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health.html
bool has_enough_healthy(const RoutedGroup& group) {
  if (group.settings->too_few_healthy == TooFewHealthy::AskHealthy) return true;
  size_t registered = 0;
  size_t healthy = 0;
  for (const RoutedTarget& each : group.targets) {
    if (!is_registered(each)) continue;
    ++registered;
    if (is_healthy(each)) ++healthy;
  }
  const TargetGroup& settings = *group.settings;
  return healthy >= std::max<size_t>(settings.healthy_min, 1) &&
         healthy * 100 >= registered * settings.healthy_percent_min;
}

// The part of a full share that the target gets, in thousandths.
uint64_t share(const RoutedTarget& target, async::Duration slow_start, SteadyTime now) {
  constexpr uint64_t kFull = 1000;
  const int64_t since = target.state->well_since_ms.load(std::memory_order_relaxed);
  if (since == 0) return kFull;
  const int64_t passed = std::chrono::duration_cast<async::Duration>(now.time_since_epoch()).count() - since;
  if (passed >= slow_start.count()) return kFull;
  return std::max<uint64_t>(1, kFull * static_cast<uint64_t>(std::max<int64_t>(passed, 0)) /
                                   static_cast<uint64_t>(slow_start.count()));
}

// Null when all have the same share, so that they may take turns.
const RoutedTarget* choose_by_share(const RoutedGroup& group, const std::vector<const RoutedTarget*>& candidates,
                                    Draw draw) {
  uint64_t total = 0;
  uint64_t largest = 0;
  uint64_t smallest = UINT64_MAX;
  for (const RoutedTarget* each : candidates) {
    const uint64_t own = share(*each, group.settings->slow_start, draw.now);
    total += own;
    largest = std::max(largest, own);
    smallest = std::min(smallest, own);
  }
  // Where nobody has his full share there is nobody to take what the others do not.
  if (smallest == largest || largest < 1000) return nullptr;
  uint64_t ticket = draw.number % total;
  for (const RoutedTarget* each : candidates) {
    const uint64_t own = share(*each, group.settings->slow_start, draw.now);
    if (ticket < own) return each;
    ticket -= own;
  }
  return nullptr;
}

}  // namespace

const RoutedTarget* find_usable_target(const RoutedGroup& group, std::string_view wanted) {
  const bool needs_health = has_enough_healthy(group);
  for (const RoutedTarget& each : group.targets) {
    if (!is_registered(each) || (needs_health && !is_healthy(each))) continue;
    if (id_and_port(each) == wanted) return &each;
  }
  return nullptr;
}

namespace {

bool is_in_zone(const RoutedTarget& target, std::string_view zone) {
  return zone.empty() || target.settings->zone.empty() || target.settings->zone == zone;
}

bool is_usable(const RoutedTarget& target, bool needs_health, TriedTargets tried) {
  if (!is_registered(target) || (needs_health && !is_healthy(target))) return false;
  return std::ranges::find(tried, &target) == tried.end();
}

std::vector<const RoutedTarget*> usable_targets(const RoutedGroup& group,
                                                TriedTargets tried) {
  const bool needs_health = has_enough_healthy(group);
  std::vector<const RoutedTarget*> candidates;
  candidates.reserve(group.targets.size());
  for (const RoutedTarget& target : group.targets) {
    if (is_usable(target, needs_health, tried)) candidates.push_back(&target);
  }
  if (!needs_health && tried.empty() && !candidates.empty()) count(group.state->counters.unhealthy_routed);
  return candidates;
}

// Spreads the bits of what was combined.
uint64_t mixed(uint64_t value) {
  value = (value ^ (value >> 33)) * 0xff51afd7ed558ccdu;
  value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53u;
  return value ^ (value >> 33);
}

}  // namespace

// Each target has its own chance with each flow, and the one with the best gets it.
const RoutedTarget* choose_target_of_flow(const RoutedGroup& group,
                                          TriedTargets tried, uint64_t flow,
                                          std::string_view zone) {
  std::vector<const RoutedTarget*> candidates = usable_targets(group, tried);
  auto is_near = [zone](const RoutedTarget* each) { return is_in_zone(*each, zone); };
  if (!zone.empty() && std::ranges::any_of(candidates, is_near)) {
    std::erase_if(candidates, [&](const RoutedTarget* each) { return !is_near(each); });
  }
  const RoutedTarget* best = nullptr;
  uint64_t best_chance = 0;
  for (const RoutedTarget* each : candidates) {
    const uint64_t chance = mixed(flow ^ std::hash<std::string>()(id_and_port(*each)));
    if (best && chance <= best_chance) continue;
    best = each;
    best_chance = chance;
  }
  return best;
}

const RoutedTarget* choose_target(const RoutedGroup& group, TriedTargets tried,
                                  Draw draw) {
  const TargetGroup& settings = *group.settings;
  if (settings.slow_start > async::Duration::zero()) {
    const std::vector<const RoutedTarget*> candidates = usable_targets(group, tried);
    if (const RoutedTarget* chosen = choose_by_share(group, candidates, draw)) return chosen;
  }
  const bool needs_health = has_enough_healthy(group);
  size_t usable = 0;
  for (const RoutedTarget& each : group.targets) {
    usable += is_in_zone(each, draw.zone) && is_usable(each, needs_health, tried);
  }
  if (usable == 0 && draw.zone.empty()) return nullptr;
  if (usable == 0) return choose_target(group, tried, {.now = draw.now, .number = draw.number});
  if (!needs_health && tried.empty()) count(group.state->counters.unhealthy_routed);
  uint64_t turn = group.state->next.fetch_add(1, std::memory_order_relaxed);
  if (settings.algorithm == Algorithm::WeightedRandom) turn = draw.number;
  // Among equals the turn decides.
  size_t skip = turn % usable;
  const bool takes_first = settings.algorithm != Algorithm::LeastOutstandingRequests;
  const RoutedTarget* best = nullptr;
  const RoutedTarget* spare = nullptr;
  int64_t best_busy = 0;
  // Once around, from the one whose turn it is. Health may change on the way: then another has to do.
  for (size_t at = 0; at < 2 * group.targets.size(); ++at) {
    const RoutedTarget& each = group.targets[at % group.targets.size()];
    if (!is_in_zone(each, draw.zone) || !is_usable(each, needs_health, tried)) continue;
    if (skip > 0) {
      --skip;
      spare = &each;
      continue;
    }
    if (takes_first) return &each;
    const int64_t busy = each.state->requests_in_flight.load(std::memory_order_relaxed);
    if (best && busy >= best_busy) continue;
    best = &each;
    best_busy = busy;
  }
  return best ? best : spare;
}

}  // namespace holm::balancer
