// Routing: a configuration together with what is known of its targets at run time.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dataplane/balancer/config.h"
#include "base/clock.h"
#include "base/random.h"
#include "dataplane/balancer/counters.h"
#include "dataplane/balancer/rules.h"

namespace holm::balancer {

// Survives changes of the configuration, as long as the target stays registered. Any thread.
struct TargetState {
  std::atomic<Health> health = Health::Initial;
  std::atomic<int64_t> requests_in_flight = 0;
  std::atomic<int64_t> well_since_ms = 0;  // By the steady clock; 0: for as long as anybody knows.
};

struct GroupState {
  std::atomic<uint64_t> next = 0;  // Of round robin.
  GroupCounters counters;          // But for those of targets that stand in a zone.
};

// What targets of one zone count.
struct GroupZone {
  std::string zone;
  std::shared_ptr<GroupCounters> counters;
};

// Of the nodes of one zone: the whole of a load balancer is the sum of its zones.
struct LoadBalancerState {
  std::string zone;  // Empty: of nodes whose zone nobody knows.
  LoadBalancerCounters counters;
};
using LoadBalancerStates = std::vector<std::shared_ptr<LoadBalancerState>>;

// The address that connections to targets leave from; none where there is none.
net::Address source_of(const LoadBalancer& load_balancer);

struct RoutedTarget {
  const Target* settings;
  std::shared_ptr<TargetState> state;
  GroupCounters* counters;  // Its zone's, or the group's.
};

struct RoutedGroup {
  const TargetGroup* settings;
  std::shared_ptr<GroupState> state;
  std::vector<RoutedTarget> targets;
  std::vector<GroupZone> zones;  // All that there have been.
};

// Immutable but for the states. Requests hold the one they began with.
class Routing final {
 public:
  // States of what was in `previous` (may be null) are taken over.
  Routing(std::shared_ptr<const Config> config, const Routing* previous);

  const Config& config() const { return *config_; }
  const LoadBalancer* find_load_balancer(std::string_view arn) const;
  const RoutedGroup* find_group(std::string_view arn) const;
  // Of one of this configuration: of the zone of the node with this address, or of its first node.
  const std::shared_ptr<LoadBalancerState>& state_of(const LoadBalancer& load_balancer,
                                                     std::string_view node = {}) const;
  // All zones that it has stood in.
  const LoadBalancerStates& states_of(const LoadBalancer& load_balancer) const;
  // Of a listener of this configuration.
  const RuleTable& rules_of(const Listener& listener) const { return rules_.find(&listener)->second; }
  // source_of() one of this configuration.
  const net::Address& known_source_of(const LoadBalancer& load_balancer) const;
  const auto& groups() const { return groups_; }

 private:
  struct RoutedLoadBalancer {
    LoadBalancerStates states;  // The first node's zone is the first.
    net::Address source;
  };
  size_t index_of(const LoadBalancer& load_balancer) const;
  void add_group(const TargetGroup& group, const Routing* previous);

  std::shared_ptr<const Config> config_;
  std::vector<RoutedLoadBalancer> load_balancers_;               // In the order of the configuration.
  std::unordered_map<std::string_view, size_t> indices_by_arn_;  // Of these.
  std::map<std::string, RoutedGroup, std::less<>> groups_;
  std::unordered_map<const Listener*, RuleTable> rules_;
};

const Listener* find_listener(const LoadBalancer& load_balancer, std::string_view arn);
// At the edge all ports of a load balancer are one. Clients with TLS are for listeners with TLS.
const Listener* find_listener_at_edge(const LoadBalancer& load_balancer, http::Scheme scheme, uint16_t port);
// The group that a request goes to, by the weights; null when there is none.
const WeightedGroup* choose_group(const Forward& forward, Random& random);
bool is_same_target(const Target& a, const Target& b);

// When a choice is made, and the number that chance gave for it.
struct Draw {
  SteadyTime now;
  uint64_t number = 0;
  std::string_view zone = {};  // Whose targets are preferred; empty: all are alike.
};
// The node that a connection which has come in at this address is told of: of one from the edge the first.
std::string node_of(const LoadBalancer& load_balancer, const net::Address& local);
// The zone that the load balancer's node at this address keeps to; empty: none.
std::string_view zone_of_node(const LoadBalancer& load_balancer, const net::Address& local);

// Those that were tried before.
using TriedTargets = std::span<const RoutedTarget* const>;

// The target for a request, or null. Not one of `tried`. When too few targets are healthy, all that are
// registered count as such. Where there is none in the zone asked for, one of another's.
const RoutedTarget* choose_target(const RoutedGroup& group, TriedTargets tried,
                                  Draw draw);
// The target for a connection, or null; likewise. What has the same `flow` has the same target for as long as that
// may be used, whoever else comes and goes. `zone`: whose targets are preferred; empty: all are alike.
const RoutedTarget* choose_target_of_flow(const RoutedGroup& group,
                                          TriedTargets tried, uint64_t flow,
                                          std::string_view zone);
// The target a client is to stay with ("i-1|80"), if it may get requests; else null.
const RoutedTarget* find_usable_target(const RoutedGroup& group, std::string_view id_and_port);
std::string id_and_port(const RoutedTarget& target);
bool has_registered_target(const RoutedGroup& group);

}  // namespace holm::balancer
