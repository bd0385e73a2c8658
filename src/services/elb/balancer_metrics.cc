// Reading the balancer's counters.

#include "services/elb/balancer_metrics.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "dataplane/balancer/balancer.h"
#include "dataplane/balancer/routing.h"
#include "metrics/meters.h"
#include "services/elb/service.h"

namespace holm::elb {

namespace {

using metrics::Statistics;

// One load balancer's metrics of one minute.
class Recording final {
 public:
  // The ARN: "arn:aws:elasticloadbalancing:region:account:loadbalancer/name"
  Recording(metrics::Recorder& recorder, Time minute, const std::string& arn)
      : recorder_(recorder), minute_(minute) {
    const auto parts = split(arn, ':');
    region_ = parts.at(3);
    account_ = parts.at(4);
    dimension_ = {"LoadBalancerName", arn.substr(arn.find('/') + 1)};
  }

  void record(std::string_view name, const Statistics& measured, std::string_view unit) const {
    if (measured.count == 0) return;
    recorder_.record({.metric = {account_, region_, "AWS/ELB", std::string(name), {dimension_}},
                      .unit = std::string(unit)},
                     minute_, measured);
  }
  // As AWS does, what did not happen is not recorded.
  void record_count(std::string_view name, uint64_t count) const {
    if (count > 0) record(name, Statistics::of(static_cast<double>(count)), "Count");
  }

 private:
  metrics::Recorder& recorder_;
  Time minute_;
  std::string region_, account_;
  metrics::Dimension dimension_;
};

// Who is registered and does not get requests is not healthy.
void record_health(const Recording& recording, const balancer::RoutedGroup& group) {
  double healthy = 0, unhealthy = 0;
  for (const balancer::RoutedTarget& each : group.targets) {
    if (each.settings->registration != balancer::Registration::Registered) continue;
    const bool is_healthy = each.state->health == balancer::Health::Healthy;
    healthy += is_healthy;
    unhealthy += !is_healthy;
  }
  recording.record("HealthyHostCount", Statistics::of(healthy), "Count");
  recording.record("UnHealthyHostCount", Statistics::of(unhealthy), "Count");
}

}  // namespace

void BalancerMetrics::start() {
  use_.meters.every_minute([this](metrics::Recorder& recorder, Time minute) { read(recorder, minute); });
}

BalancerMetrics::Counts BalancerMetrics::counts_of(const balancer::Routing& routing,
                                                   const balancer::LoadBalancer& load_balancer) {
  Counts counts;
  for (const balancer::Listener& each : load_balancer.listeners) {
    const balancer::RoutedGroup* group = routing.find_group(each.arn);
    if (group) counts.listeners[each.arn] = measures::GroupCounts::of(*group);
  }
  for (const std::shared_ptr<balancer::LoadBalancerState>& zone : routing.states_of(load_balancer)) {
    const balancer::LoadBalancerCounters& own = zone->counters;
    for (size_t i = 0; i < counts.own_statuses.size(); ++i) {
      counts.own_statuses[i] += measures::read(own.own_statuses[i]);
    }
    counts.non_compliant_requests += measures::read(own.non_compliant_requests);
    counts.tcp.add(measures::FlowCounts::of(own.tcp));
    counts.tls.add(measures::FlowCounts::of(own.tls));
  }
  return counts;
}

void BalancerMetrics::read(metrics::Recorder& recorder, Time minute) {
  const auto routing = use_.balancer.routing();
  std::map<std::string, Counts> known;
  for (const balancer::LoadBalancer& each : routing->config().load_balancers) {
    const Recording recording(recorder, minute, each.arn);
    Counts& last = load_balancers_[each.arn];
    Counts now = counts_of(*routing, each);
    measures::GroupCounts came;
    for (const auto& [arn, counts] : now.listeners) came.add(counts.since(last.listeners[arn]));
    const uint64_t connections = now.tcp.since(last.tcp).begun + now.tls.since(last.tls).begun;
    recording.record_count("RequestCount", came.requests + connections);
    recording.record("Latency", came.response_times(), "Seconds");
    recording.record_count("BackendConnectionErrors", came.connection_errors);
    for (size_t digit = 2; digit < came.statuses.size(); ++digit) {
      recording.record_count(fmt::format("HTTPCode_Backend_{}XX", digit), came.statuses[digit]);
    }
    for (size_t digit = 4; digit < now.own_statuses.size(); ++digit) {
      recording.record_count(fmt::format("HTTPCode_ELB_{}XX", digit),
                             measures::difference(now.own_statuses[digit], last.own_statuses[digit]));
    }
    recording.record_count("DesyncMitigationMode_NonCompliant_Request_Count",
                           measures::difference(now.non_compliant_requests, last.non_compliant_requests));
    if (const balancer::RoutedGroup* group = routing->find_group(each.arn)) record_health(recording, *group);
    known[each.arn] = std::move(now);
  }
  load_balancers_ = std::move(known);
}

}  // namespace holm::elb
