// Choosing a target costs one pass over the group.

#include "dataplane/balancer/routing.h"

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

const RoutedTarget* choose_target(const RoutedGroup& group, const std::vector<const RoutedTarget*>& tried) {
  bool any_healthy = false;
  std::vector<const RoutedTarget*> candidates;
  candidates.reserve(group.targets.size());
  for (const RoutedTarget& target : group.targets) {
    if (target.settings->registration != Registration::Registered) continue;
    bool healthy = target.state->health == Health::Healthy;
    any_healthy = any_healthy || healthy;
    if (std::ranges::find(tried, &target) == tried.end()) candidates.push_back(&target);
  }
  if (any_healthy) {
    std::erase_if(candidates,
                  [](const RoutedTarget* each) { return each->state->health != Health::Healthy; });
  }
  if (candidates.empty()) return nullptr;
  uint64_t turn = group.state->next.fetch_add(1, std::memory_order_relaxed);
  if (group.settings->algorithm == Algorithm::RoundRobin) {
    return candidates[turn % candidates.size()];
  }
  // Among equals the turn decides.
  std::ranges::rotate(candidates, candidates.begin() + static_cast<ptrdiff_t>(turn % candidates.size()));
  return *std::ranges::min_element(candidates, {}, [](const RoutedTarget* each) {
    return each->state->requests_in_flight.load(std::memory_order_relaxed);
  });
}

}  // namespace holm::balancer
