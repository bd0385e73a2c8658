// Reading the balancer's counters.

#include "services/elbv2/balancer_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "base/strings.h"
#include "dataplane/balancer/balancer.h"
#include "dataplane/balancer/routing.h"
#include "metrics/meters.h"
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

}  // namespace

// Whose metrics are recorded, and when.
struct BalancerMetrics::Names {
  metrics::Recorder& recorder;
  Time minute;
  std::string account, region;
  std::string_view space;  // "AWS/ApplicationELB"
  std::vector<std::vector<metrics::Dimension>> dimensions;

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
};

void BalancerMetrics::start() {
  use_.meters.every_minute([this](metrics::Recorder& recorder, Time minute) { read(recorder, minute); });
}

void BalancerMetrics::read(metrics::Recorder& recorder, Time minute) {
  const auto routing = use_.balancer.routing();
  if (!routing) return;
  std::map<std::string, GroupCounts> now, came;
  for (const auto& [arn, group] : routing->groups()) {
    now[arn] = GroupCounts::of(group.state->counters);
    came[arn] = now[arn].since(groups_[arn]);
  }
  groups_ = std::move(now);
  std::map<std::string, LoadBalancerCounts> known;
  for (const balancer::LoadBalancer& each : routing->config().load_balancers) {
    known[each.arn] = load_balancers_[each.arn];
  }
  load_balancers_ = std::move(known);
  for (const balancer::LoadBalancer& each : routing->config().load_balancers) {
    const ArnParts parts = parts_of(each.arn);
    Names names{recorder, minute, parts.account, parts.region, "AWS/ApplicationELB", {}};
    if (is_network(each.arn)) {
      names.space = "AWS/NetworkELB";
      read_connections(names, *routing, each, came);
    } else {
      read_load_balancer(names, *routing, each, came);
    }
  }
}

void BalancerMetrics::read_load_balancer(const Names& names, const balancer::Routing& routing,
                                         const balancer::LoadBalancer& load_balancer,
                                         const std::map<std::string, GroupCounts>& came) {
  // "app/name/0123"
  const std::string resource = parts_of(load_balancer.arn).resource;
  const metrics::Dimension own{"LoadBalancer", resource.substr(resource.find('/') + 1)};
  GroupCounts whole;
  for (const std::string& arn : groups_of(load_balancer)) {
    auto found = came.find(arn);
    if (found == came.end()) continue;
    whole.add(found->second);
    Names of_group = names;
    of_group.dimensions = {{own, {"TargetGroup", parts_of(arn).resource}}};
    read_group(of_group, routing, arn, found->second);
  }
  Names of_load_balancer = names;
  of_load_balancer.dimensions = {{own}};
  of_load_balancer.record_counts(whole);

  of_load_balancer.record_count("NonStickyRequestCount", whole.not_sticky);
  const balancer::LoadBalancerCounters& counters = routing.state_of(load_balancer)->counters;
  LoadBalancerCounts& last = load_balancers_[load_balancer.arn];
  const LoadBalancerCounts now = LoadBalancerCounts::of(counters);
  record_own(of_load_balancer, now, last);
  const auto open = static_cast<double>(counters.connections_open.load(std::memory_order_relaxed));
  if (open > 0) of_load_balancer.record("ActiveConnectionCount", Statistics::of(open), "Count");
  last = now;
}

BalancerMetrics::LoadBalancerCounts BalancerMetrics::LoadBalancerCounts::of(
    const balancer::LoadBalancerCounters& counters) {
  using measures::read;
  LoadBalancerCounts counts{.connections_begun = read(counters.connections_begun),
                            .rejected_connections = read(counters.rejected_connections),
                            // To and from functions, too.
                            .bytes = read(counters.bytes) + read(counters.function_bytes),
                            .grpc_requests = read(counters.grpc_requests),
                            .rule_evaluations = read(counters.rule_evaluations),
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

// What is the load balancer's own and no target's.
void BalancerMetrics::record_own(const Names& names, const LoadBalancerCounts& now,
                                 const LoadBalancerCounts& last) {
  for (size_t digit = 3; digit < now.own_statuses.size(); ++digit) {
    names.record_count(fmt::format("HTTPCode_ELB_{}XX_Count", digit),
                       difference(now.own_statuses[digit], last.own_statuses[digit]));
  }
  for (const size_t each : {0u, 2u, 3u, 4u}) {
    names.record_count(fmt::format("HTTPCode_ELB_{}_Count", 500 + each),
                       difference(now.own_5xx[each], last.own_5xx[each]));
  }
  using Counts = LoadBalancerCounts;
  constexpr std::pair<std::string_view, uint64_t Counts::*> kCounts[] = {
      {"NewConnectionCount", &Counts::connections_begun},
      {"RejectedConnectionCount", &Counts::rejected_connections},
      {"ClientTLSNegotiationErrorCount", &Counts::failed_handshakes},
      {"GrpcRequestCount", &Counts::grpc_requests},
      {"RuleEvaluations", &Counts::rule_evaluations},
      {"HTTP_Fixed_Response_Count", &Counts::fixed_responses},
      {"HTTP_Redirect_Count", &Counts::redirects},
      {"DesyncMitigationMode_NonCompliant_Request_Count", &Counts::non_compliant_requests},
      {"DroppedInvalidHeaderRequestCount", &Counts::invalid_headers_dropped},
      {"ForwardedInvalidHeaderRequestCount", &Counts::invalid_headers_forwarded}};
  for (const auto& [name, member] : kCounts) names.record_count(name, difference(now.*member, last.*member));
  names.record_bytes("ProcessedBytes", difference(now.bytes, last.bytes));
  names.record_bytes("LambdaTargetProcessedBytes", difference(now.function_bytes, last.function_bytes));
}

// Returns how many are healthy and how many are not.
std::pair<double, double> BalancerMetrics::record_health(const Names& names, const balancer::RoutedGroup& group) {
  double healthy = 0, unhealthy = 0;
  for (const balancer::RoutedTarget& target : group.targets) {
    if (target.settings->registration != balancer::Registration::Registered) continue;
    const balancer::Health health = target.state->health;
    healthy += health == balancer::Health::Healthy;
    unhealthy += health == balancer::Health::Unhealthy;
  }
  names.record("HealthyHostCount", Statistics::of(healthy), "Count");
  names.record("UnHealthyHostCount", Statistics::of(unhealthy), "Count");
  return {healthy, unhealthy};
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html
void BalancerMetrics::read_connections(const Names& names, const balancer::Routing& routing,
                                       const balancer::LoadBalancer& load_balancer,
                                       const std::map<std::string, GroupCounts>& came) {
  const std::string resource = parts_of(load_balancer.arn).resource;
  const metrics::Dimension own{"LoadBalancer", resource.substr(resource.find('/') + 1)};
  for (const std::string& arn : groups_of(load_balancer)) {
    if (!routing.find_group(arn)) continue;
    Names of_group = names;
    of_group.dimensions = {{own, {"TargetGroup", parts_of(arn).resource}}};
    record_health(of_group, *routing.find_group(arn));
    const auto counts = came.find(arn);
    if (counts == came.end()) continue;
    of_group.record_count("UnhealthyRoutingFlowCount", counts->second.unhealthy_routed);
    of_group.dimensions.push_back({own});
    of_group.record_count("TargetTLSNegotiationErrorCount", counts->second.tls_errors);
  }
  Names whole = names;
  whole.dimensions = {{own}};
  LoadBalancerCounts& last = load_balancers_[load_balancer.arn];
  const LoadBalancerCounts now = LoadBalancerCounts::of(routing.state_of(load_balancer)->counters);
  auto record_flows = [&whole](const FlowCounts& came, std::string_view suffix) {
    whole.record_count(fmt::format("NewFlowCount{}", suffix), came.begun);
    const auto open = Statistics::of(static_cast<double>(came.open));
    whole.record(fmt::format("ActiveFlowCount{}", suffix), open, "Count");
    whole.record_bytes(fmt::format("ProcessedBytes{}", suffix), came.bytes);
  };
  FlowCounts all = now.tcp.since(last.tcp);
  const FlowCounts tls = now.tls.since(last.tls);
  record_flows(all, "_TCP");
  record_flows(tls, "_TLS");
  all.add(tls);
  const FlowCounts udp = now.udp.since(last.udp);
  const bool has_udp = std::ranges::any_of(load_balancer.listeners, [](const balancer::Listener& each) {
    return balancer::carries_datagrams(each.carries);
  });
  if (has_udp) record_flows(udp, "_UDP");
  all.add(udp);
  record_flows(all, "");
  whole.record_count("TCP_Client_Reset_Count", all.client_resets);
  whole.record_count("TCP_ELB_Reset_Count", all.resets);
  whole.record_count("TCP_Target_Reset_Count", all.target_resets);
  whole.record_count("ClientTLSNegotiationErrorCount", difference(now.failed_handshakes, last.failed_handshakes));
  const uint64_t rejected = difference(now.rejected_connections, last.rejected_connections);
  whole.record_count("RejectedFlowCount", rejected);
  whole.record_count("RejectedFlowCount_TCP", rejected);
  last = now;
}

void BalancerMetrics::read_group(const Names& names, const balancer::Routing& routing, const std::string& arn,
                                 const GroupCounts& came) {
  names.record_counts(came);
  names.record_count("UnhealthyRoutingRequestCount", came.unhealthy_routed);
  const auto [healthy, unhealthy] = record_health(names, *routing.find_group(arn));
  if (came.requests == 0 || healthy + unhealthy == 0) return;
  // Those that can get requests: all that are healthy, or all there are when none is.
  const double targets = healthy > 0 ? healthy : unhealthy;
  Names of_group = names;
  of_group.dimensions.push_back({names.dimensions.front().back()});
  of_group.record("RequestCountPerTarget", Statistics::of(static_cast<double>(came.requests) / targets),
                  "Count");
}

}  // namespace holm::elbv2
