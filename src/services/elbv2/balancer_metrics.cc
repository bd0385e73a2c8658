// Reading the balancer's counters.

#include "services/elbv2/balancer_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <variant>

#include "base/strings.h"
#include "dataplane/balancer/balancer.h"
#include "dataplane/balancer/routing.h"
#include "metrics/meters.h"
#include "services/elbv2/capacity_units.h"
#include "services/elbv2/kinds.h"
#include "services/elbv2/service.h"

namespace holm::elbv2 {

namespace {

using measures::difference;
using metrics::Statistics;

// "arn:aws:elasticloadbalancing:region:account:loadbalancer/app/name/0123"
struct ArnParts {
  std::string region, account, resource;
};

ArnParts parts_of(const std::string& arn) {
  const auto parts = split(arn, ':');
  if (parts.size() < 6) return {};
  return {std::string(parts[3]), std::string(parts[4]), std::string(parts[5])};
}

// The groups that its rules send requests to.
std::set<std::string> groups_of(const balancer::LoadBalancer& load_balancer) {
  std::set<std::string> arns;
  for (const balancer::Listener& listener : load_balancer.listeners) {
    for (const balancer::Rule& rule : listener.rules) {
      const auto* forward = std::get_if<balancer::Forward>(&rule.action);
      if (!forward) continue;
      for (const balancer::WeightedGroup& group : forward->groups) arns.insert(group.arn);
    }
  }
  return arns;
}

// "app/name/0123", as dimensions have it.
std::string name_of(const std::string& load_balancer_arn) {
  const std::string resource = parts_of(load_balancer_arn).resource;
  return resource.substr(resource.find('/') + 1);
}

bool is_in(const balancer::RoutedTarget& target, const std::string& zone) {
  return zone.empty() || target.settings->zone == zone;
}

struct Hosts {
  double healthy = 0, unhealthy = 0;
  // Those that can get requests: all that are healthy, or all there are when none is.
  double usable() const { return healthy > 0 ? healthy : unhealthy; }
};

Hosts hosts_of(const balancer::RoutedGroup& group, const std::string& zone) {
  Hosts hosts;
  for (const balancer::RoutedTarget& target : group.targets) {
    if (target.settings->registration != balancer::Registration::Registered || !is_in(target, zone)) continue;
    const balancer::Health health = target.state->health;
    hosts.healthy += health == balancer::Health::Healthy;
    hosts.unhealthy += health == balancer::Health::Unhealthy;
  }
  return hosts;
}

// The zones that have targets, and the whole.
std::set<std::string> zones_of(const balancer::RoutedGroup& group) {
  std::set<std::string> zones = {""};
  for (const balancer::RoutedTarget& target : group.targets) zones.insert(target.settings->zone);
  return zones;
}

}  // namespace

// Whose metrics are recorded, and when.
struct BalancerMetrics::Names {
  metrics::Recorder& recorder;
  Time minute;
  std::string account, region;
  std::string_view space;  // "AWS/ApplicationELB"
  std::vector<std::vector<metrics::Dimension>> dimensions;

  // The same of one zone alone; of the whole where it has no name.
  Names in_zone(const std::string& zone) const {
    Names names = *this;
    if (zone.empty()) return names;
    for (auto& each : names.dimensions) each.insert(each.begin(), {"AvailabilityZone", zone});
    return names;
  }

  void record(std::string_view name, const Statistics& measured, std::string_view unit) const {
    if (measured.count == 0) return;
    for (const auto& each : dimensions) {
      recorder.record({.metric = {account, region, std::string(space), std::string(name), each},
                       .unit = std::string(unit)},
                      minute, measured);
    }
  }
  // As AWS does, what did not happen is not recorded.
  void record_count(std::string_view name, uint64_t count) const {
    if (count > 0) record(name, Statistics::of(static_cast<double>(count)), "Count");
  }
  void record_bytes(std::string_view name, uint64_t bytes) const {
    if (bytes > 0) record(name, Statistics::of(static_cast<double>(bytes)), "Bytes");
  }
  void record_counts(const GroupCounts& came) const {
    record_count("RequestCount", came.requests);
    for (size_t digit = 2; digit < came.statuses.size(); ++digit) {
      record_count(fmt::format("HTTPCode_Target_{}XX_Count", digit), came.statuses[digit]);
    }
    record_count("TargetConnectionErrorCount", came.connection_errors);
    record_count("TargetTLSNegotiationErrorCount", came.tls_errors);
    record_count("LambdaUserError", came.function_user_errors);
    record_count("LambdaInternalError", came.function_internal_errors);
    record("TargetResponseTime", came.response_times(), "Seconds");
  }
  void record_hosts(const Hosts& hosts) const {
    record("HealthyHostCount", Statistics::of(hosts.healthy), "Count");
    record("UnHealthyHostCount", Statistics::of(hosts.unhealthy), "Count");
  }
};

void BalancerMetrics::start() {
  use_.meters.every_minute([this](metrics::Recorder& recorder, Time minute) { read(recorder, minute); });
}

void BalancerMetrics::read(metrics::Recorder& recorder, Time minute) {
  const auto routing = use_.balancer.routing();
  if (!routing) return;
  const std::map<std::string, GroupZones> groups = read_groups(*routing);
  std::map<Key, LoadBalancerCounts> now;
  for (const balancer::LoadBalancer& each : routing->config().load_balancers) {
    const ArnParts parts = parts_of(each.arn);
    Names names{recorder, minute, parts.account, parts.region, "AWS/ApplicationELB", {}};
    const LoadBalancerZones zones = take_zones(*routing, each, now);
    if (is_network(each.arn)) {
      names.space = "AWS/NetworkELB";
      read_connections(names, *routing, each, groups, zones);
    } else {
      read_load_balancer(names, *routing, each, groups, zones);
    }
  }
  load_balancers_ = std::move(now);
}

std::map<std::string, BalancerMetrics::GroupZones> BalancerMetrics::read_groups(const balancer::Routing& routing) {
  std::map<Key, GroupCounts> now;
  std::map<std::string, GroupZones> came;
  for (const auto& [arn, group] : routing.groups()) {
    auto take = [&](const std::string& zone, const balancer::GroupCounters& counters) {
      const Key key{arn, zone};
      now[key] = GroupCounts::of(counters);
      const GroupCounts since = now[key].since(groups_[key]);
      if (!zone.empty()) came[arn][zone] = since;
      came[arn][""].add(since);
    };
    take("", group.state->counters);
    for (const balancer::GroupZone& each : group.zones) take(each.zone, *each.counters);
  }
  groups_ = std::move(now);
  return came;
}

BalancerMetrics::LoadBalancerZones BalancerMetrics::take_zones(const balancer::Routing& routing,
                                                               const balancer::LoadBalancer& load_balancer,
                                                               std::map<Key, LoadBalancerCounts>& now) const {
  LoadBalancerZones zones;
  for (const std::shared_ptr<balancer::LoadBalancerState>& each : routing.states_of(load_balancer)) {
    const Key key{load_balancer.arn, each->zone};
    now[key] = LoadBalancerCounts::of(each->counters);
    const auto last = load_balancers_.find(key);
    const LoadBalancerCounts since =
        now[key].since(last == load_balancers_.end() ? LoadBalancerCounts() : last->second);
    if (!each->zone.empty()) zones[each->zone] = since;
    zones[""].add(since);
  }
  return zones;
}

void BalancerMetrics::read_load_balancer(const Names& names, const balancer::Routing& routing,
                                         const balancer::LoadBalancer& load_balancer,
                                         const std::map<std::string, GroupZones>& groups,
                                         const LoadBalancerZones& zones) {
  const metrics::Dimension own{"LoadBalancer", name_of(load_balancer.arn)};
  GroupZones whole;
  for (const std::string& arn : groups_of(load_balancer)) {
    const auto found = groups.find(arn);
    const balancer::RoutedGroup* group = routing.find_group(arn);
    if (found == groups.end() || !group) continue;
    const metrics::Dimension of_group{"TargetGroup", parts_of(arn).resource};
    for (const std::string& zone : zones_of(*group)) {
      Names of_whole = names;
      of_whole.dimensions = {{own, of_group}};
      const Names both = of_whole.in_zone(zone);
      const Hosts hosts = hosts_of(*group, zone);
      both.record_hosts(hosts);
      const auto counts = found->second.find(zone);
      if (counts == found->second.end()) continue;
      const GroupCounts& came = counts->second;
      both.record_counts(came);
      both.record_count("UnhealthyRoutingRequestCount", came.unhealthy_routed);
      if (came.requests == 0 || hosts.usable() == 0) continue;
      Names of_both = names;
      of_both.dimensions = {{own, of_group}, {of_group}};
      const double share = static_cast<double>(came.requests) / hosts.usable();
      of_both.in_zone(zone).record("RequestCountPerTarget", Statistics::of(share), "Count");
    }
    for (const auto& [zone, came] : found->second) whole[zone].add(came);
  }
  Names of_load_balancer = names;
  of_load_balancer.dimensions = {{own}};
  for (const auto& [zone, came] : whole) of_load_balancer.in_zone(zone).record_counts(came);
  of_load_balancer.record_count("NonStickyRequestCount", whole[""].not_sticky);
  for (const auto& [zone, came] : zones) record_own(of_load_balancer.in_zone(zone), came);
  record_whole(of_load_balancer, zones.at(""));
}

const std::vector<uint64_t BalancerMetrics::LoadBalancerCounts::*>& BalancerMetrics::LoadBalancerCounts::sums() {
  using Counts = LoadBalancerCounts;
  static const std::vector<uint64_t Counts::*> members = {
      &Counts::connections_begun,       &Counts::rejected_connections,
      &Counts::bytes,                   &Counts::grpc_requests,
      &Counts::rule_evaluations,        &Counts::charged_rule_evaluations,
      &Counts::fixed_responses,         &Counts::redirects,
      &Counts::non_compliant_requests,  &Counts::invalid_headers_dropped,
      &Counts::invalid_headers_forwarded, &Counts::function_bytes,
      &Counts::failed_handshakes};
  return members;
}

BalancerMetrics::LoadBalancerCounts BalancerMetrics::LoadBalancerCounts::of(
    const balancer::LoadBalancerCounters& counters) {
  using measures::read;
  LoadBalancerCounts counts{.connections_begun = read(counters.connections_begun),
                            .connections_open = counters.connections_open.load(std::memory_order_relaxed),
                            .rejected_connections = read(counters.rejected_connections),
                            // To and from functions, too.
                            .bytes = read(counters.bytes) + read(counters.function_bytes),
                            .grpc_requests = read(counters.grpc_requests),
                            .rule_evaluations = read(counters.rule_evaluations),
                            .charged_rule_evaluations = read(counters.charged_rule_evaluations),
                            .fixed_responses = read(counters.fixed_responses),
                            .redirects = read(counters.redirects),
                            .non_compliant_requests = read(counters.non_compliant_requests),
                            .invalid_headers_dropped = read(counters.invalid_headers_dropped),
                            .invalid_headers_forwarded = read(counters.invalid_headers_forwarded),
                            .function_bytes = read(counters.function_bytes),
                            .failed_handshakes = read(counters.failed_handshakes),
                            .tcp = FlowCounts::of(counters.tcp),
                            .tls = FlowCounts::of(counters.tls),
                            .udp = FlowCounts::of(counters.udp)};
  for (size_t i = 0; i < counts.own_statuses.size(); ++i) counts.own_statuses[i] = read(counters.own_statuses[i]);
  for (size_t i = 0; i < counts.own_5xx.size(); ++i) counts.own_5xx[i] = read(counters.own_5xx[i]);
  return counts;
}

BalancerMetrics::LoadBalancerCounts BalancerMetrics::LoadBalancerCounts::since(
    const LoadBalancerCounts& before) const {
  LoadBalancerCounts came = *this;
  for (uint64_t LoadBalancerCounts::*each : sums()) came.*each = difference(this->*each, before.*each);
  for (size_t i = 0; i < own_statuses.size(); ++i) {
    came.own_statuses[i] = difference(own_statuses[i], before.own_statuses[i]);
  }
  for (size_t i = 0; i < own_5xx.size(); ++i) came.own_5xx[i] = difference(own_5xx[i], before.own_5xx[i]);
  came.tcp = tcp.since(before.tcp);
  came.tls = tls.since(before.tls);
  came.udp = udp.since(before.udp);
  return came;
}

void BalancerMetrics::LoadBalancerCounts::add(const LoadBalancerCounts& other) {
  for (uint64_t LoadBalancerCounts::*each : sums()) this->*each += other.*each;
  for (size_t i = 0; i < own_statuses.size(); ++i) own_statuses[i] += other.own_statuses[i];
  for (size_t i = 0; i < own_5xx.size(); ++i) own_5xx[i] += other.own_5xx[i];
  connections_open += other.connections_open;
  tcp.add(other.tcp);
  tls.add(other.tls);
  udp.add(other.udp);
}

// What is the load balancer's own and no target's.
void BalancerMetrics::record_own(const Names& names, const LoadBalancerCounts& came) {
  for (size_t digit = 3; digit < came.own_statuses.size(); ++digit) {
    names.record_count(fmt::format("HTTPCode_ELB_{}XX_Count", digit), came.own_statuses[digit]);
  }
  for (const size_t each : {0u, 2u, 3u, 4u}) {
    names.record_count(fmt::format("HTTPCode_ELB_{}_Count", 500 + each), came.own_5xx[each]);
  }
  using Counts = LoadBalancerCounts;
  constexpr std::pair<std::string_view, uint64_t Counts::*> kCounts[] = {
      {"NewConnectionCount", &Counts::connections_begun},
      {"RejectedConnectionCount", &Counts::rejected_connections},
      {"ClientTLSNegotiationErrorCount", &Counts::failed_handshakes},
      {"GrpcRequestCount", &Counts::grpc_requests},
      {"HTTP_Fixed_Response_Count", &Counts::fixed_responses},
      {"HTTP_Redirect_Count", &Counts::redirects},
      {"DesyncMitigationMode_NonCompliant_Request_Count", &Counts::non_compliant_requests},
      {"DroppedInvalidHeaderRequestCount", &Counts::invalid_headers_dropped},
      {"ForwardedInvalidHeaderRequestCount", &Counts::invalid_headers_forwarded}};
  for (const auto& [name, member] : kCounts) names.record_count(name, came.*member);
  names.record_bytes("ProcessedBytes", came.bytes);
  const auto open = static_cast<double>(came.connections_open);
  if (open > 0) names.record("ActiveConnectionCount", Statistics::of(open), "Count");
}

// What AWS knows of no zone.
void BalancerMetrics::record_whole(const Names& names, const LoadBalancerCounts& came) {
  names.record_count("RuleEvaluations", came.rule_evaluations);
  names.record_bytes("LambdaTargetProcessedBytes", came.function_bytes);
  const double units = capacity_units({.new_connections = came.connections_begun,
                                       .active_connections = static_cast<double>(came.connections_open),
                                       .bytes = came.bytes - came.function_bytes,
                                       .function_bytes = came.function_bytes,
                                       .rule_evaluations = came.charged_rule_evaluations});
  if (units > 0) names.record("ConsumedLCUs", Statistics::of(units), "Count");
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html
void BalancerMetrics::read_connections(const Names& names, const balancer::Routing& routing,
                                       const balancer::LoadBalancer& load_balancer,
                                       const std::map<std::string, GroupZones>& groups,
                                       const LoadBalancerZones& zones) {
  const metrics::Dimension own{"LoadBalancer", name_of(load_balancer.arn)};
  Names whole = names;
  whole.dimensions = {{own}};
  for (const std::string& arn : groups_of(load_balancer)) {
    const balancer::RoutedGroup* group = routing.find_group(arn);
    if (!group) continue;
    Names of_group = names;
    of_group.dimensions = {{own, {"TargetGroup", parts_of(arn).resource}}};
    for (const std::string& zone : zones_of(*group)) of_group.in_zone(zone).record_hosts(hosts_of(*group, zone));
    const auto counts = groups.find(arn);
    if (counts == groups.end()) continue;
    for (const auto& [zone, came] : counts->second) {
      of_group.in_zone(zone).record_count("TargetTLSNegotiationErrorCount", came.tls_errors);
      whole.in_zone(zone).record_count("TargetTLSNegotiationErrorCount", came.tls_errors);
      if (zone.empty()) of_group.record_count("UnhealthyRoutingFlowCount", came.unhealthy_routed);
    }
  }
  for (const auto& [zone, came] : zones) record_flows(whole.in_zone(zone), load_balancer, came);
  double units = 0;
  const LoadBalancerCounts& came = zones.at("");
  const std::tuple<FlowProtocol, const FlowCounts&, std::string_view> protocols[] = {
      {FlowProtocol::Tcp, came.tcp, "_TCP"},
      {FlowProtocol::Tls, came.tls, "_TLS"},
      {FlowProtocol::Udp, came.udp, "_UDP"}};
  for (const auto& [protocol, flows, suffix] : protocols) {
    const double used = capacity_units(protocol, {flows.begun, static_cast<double>(flows.open), flows.bytes});
    units += used;
    if (used > 0) whole.record(fmt::format("ConsumedLCUs{}", suffix), Statistics::of(used), "Count");
  }
  if (units > 0) whole.record("ConsumedLCUs", Statistics::of(units), "Count");
}

void BalancerMetrics::record_flows(const Names& names, const balancer::LoadBalancer& load_balancer,
                                   const LoadBalancerCounts& came) {
  auto record = [&names](const FlowCounts& flows, std::string_view suffix) {
    names.record_count(fmt::format("NewFlowCount{}", suffix), flows.begun);
    const auto open = Statistics::of(static_cast<double>(flows.open));
    names.record(fmt::format("ActiveFlowCount{}", suffix), open, "Count");
    names.record_bytes(fmt::format("ProcessedBytes{}", suffix), flows.bytes);
  };
  FlowCounts all = came.tcp;
  record(came.tcp, "_TCP");
  record(came.tls, "_TLS");
  all.add(came.tls);
  const bool has_udp = std::ranges::any_of(load_balancer.listeners, [](const balancer::Listener& each) {
    return balancer::carries_datagrams(each.carries);
  });
  if (has_udp) record(came.udp, "_UDP");
  all.add(came.udp);
  record(all, "");
  names.record_count("TCP_Client_Reset_Count", all.client_resets);
  names.record_count("TCP_ELB_Reset_Count", all.resets);
  names.record_count("TCP_Target_Reset_Count", all.target_resets);
  names.record_count("ClientTLSNegotiationErrorCount", came.failed_handshakes);
  names.record_count("RejectedFlowCount", came.rejected_connections);
  names.record_count("RejectedFlowCount_TCP", came.rejected_connections);
}

}  // namespace holm::elbv2
