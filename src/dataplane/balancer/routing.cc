// Choosing a target costs one pass over the group.

#include "dataplane/balancer/routing.h"

#include <fmt/format.h>

#include <algorithm>

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

}  // namespace

bool is_same_target(const Target& a, const Target& b) { return a.id == b.id && a.address == b.address; }

Routing::Routing(std::shared_ptr<const Config> config, const Routing* previous) : config_(std::move(config)) {
  for (const LoadBalancer& each : config_->load_balancers) {
    std::shared_ptr<LoadBalancerState> state;
    if (previous) {
      auto before = previous->load_balancers_.find(each.arn);
      if (before != previous->load_balancers_.end()) state = before->second.state;
    }
    if (!state) state = std::make_shared<LoadBalancerState>();
    load_balancers_.emplace(each.arn, RoutedLoadBalancer{&each, std::move(state)});
  }
  for (const auto& [arn, group] : config_->groups) {
    const RoutedGroup* before = previous ? previous->find_group(arn) : nullptr;
    RoutedGroup routed{.settings = &group, .state = nullptr, .targets = {}};
    routed.state = before ? before->state : std::make_shared<GroupState>();
    for (const Target& target : group.targets) {
      routed.targets.push_back({&target, take_state(before, target)});
    }
    groups_.emplace(arn, std::move(routed));
  }
}

const LoadBalancer* Routing::find_load_balancer(std::string_view arn) const {
  auto found = load_balancers_.find(arn);
  return found == load_balancers_.end() ? nullptr : found->second.settings;
}

const RoutedGroup* Routing::find_group(std::string_view arn) const {
  auto found = groups_.find(arn);
  return found == groups_.end() ? nullptr : &found->second;
}

LoadBalancerState& Routing::state_of(const LoadBalancer& load_balancer) const {
  return *load_balancers_.find(load_balancer.arn)->second.state;
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

const RoutedTarget* choose_target(const RoutedGroup& group, const std::vector<const RoutedTarget*>& tried,
                                  Draw draw) {
  const bool needs_health = has_enough_healthy(group);
  std::vector<const RoutedTarget*> candidates;
  candidates.reserve(group.targets.size());
  for (const RoutedTarget& target : group.targets) {
    if (!is_registered(target) || (needs_health && !is_healthy(target))) continue;
    if (std::ranges::find(tried, &target) == tried.end()) candidates.push_back(&target);
  }
  if (candidates.empty()) return nullptr;
  if (group.settings->slow_start > async::Duration::zero()) {
    if (const RoutedTarget* chosen = choose_by_share(group, candidates, draw)) return chosen;
  }
  uint64_t turn = group.state->next.fetch_add(1, std::memory_order_relaxed);
  if (group.settings->algorithm == Algorithm::WeightedRandom) turn = draw.number;
  if (group.settings->algorithm != Algorithm::LeastOutstandingRequests) {
    return candidates[turn % candidates.size()];
  }
  // Among equals the turn decides.
  std::ranges::rotate(candidates, candidates.begin() + static_cast<ptrdiff_t>(turn % candidates.size()));
  return *std::ranges::min_element(candidates, {}, [](const RoutedTarget* each) {
    return each->state->requests_in_flight.load(std::memory_order_relaxed);
  });
}

}  // namespace holm::balancer
