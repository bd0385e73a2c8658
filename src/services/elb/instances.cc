// Registering, deregistering, and how instances are.

#include "services/elb/instances.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "aws/service/region.h"
#include "dataplane/balancer/health_queue.h"
#include "ec2/operations.h"
#include "services/elb/limits.h"
#include "services/elb/records.h"
#include "services/elb/service.h"
#include "sql/database.h"

namespace holm::elb {

namespace {

std::map<std::string, ec2::Instance> find_instances(Call& call, const std::vector<Instance>& wanted) {
  std::vector<std::string> ids;
  for (const Instance& each : wanted) ids.push_back(each.instance_id.value_or(""));
  std::map<std::string, ec2::Instance> found;
  if (ids.empty()) return found;
  const auto told =
      call.client.call<ec2::DescribeInstances>(call, aws::service_principal(kPrincipal, call.account),
                                               {.filters = {{.name = "instance-id", .values = ids}}});
  for (const ec2::Reservation& reservation : told.reservations) {
    for (const ec2::Instance& each : reservation.instances) found.emplace(*each.instance_id, each);
  }
  return found;
}

[[noreturn]] void refuse_instance(const std::string& id) {
  throw InvalidEndPointException(fmt::format("Could not find EC2 instance {}.", id));
}

void register_instance(Call& call, const Record& record, const ec2::Instance& instance) {
  const std::string state = instance.state->name.value_or("");
  if (state == "terminated" || state == "shutting-down") refuse_instance(*instance.instance_id);
  if (instance.vpc_id != record.document.vpc_id) {
    throw InvalidEndPointException(
        fmt::format("EC2 instance {} is not in the same VPC as ELB.", *instance.instance_id));
  }
  std::string zone;
  if (instance.placement) zone = instance.placement->availability_zone.value_or("");
  call.transaction.run(
      "INSERT INTO elb_instance (load_balancer, id, address, zone, state, health, position)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6,"
      " (SELECT coalesce(max(position), 0) + 1 FROM elb_instance WHERE load_balancer = ?1))"
      " ON CONFLICT (load_balancer, id) DO UPDATE SET draining_until = NULL, address = ?3, zone = ?4, state "
      "= ?5",
      {record.arn, *instance.instance_id, instance.private_ip_address.value_or(""), zone, state,
       balancer::name_of(balancer::Health::Initial)});
}

InstanceState state_of(const std::string& id, const std::string& state, const std::string& reason,
                       const std::string& description) {
  return {.instance_id = id, .state = state, .reason_code = reason, .description = description};
}

}  // namespace

std::vector<InstanceRow> instances_of(Call& call, const std::string& load_balancer) {
  std::vector<InstanceRow> rows;
  for (const sql::Row& row :
       call.transaction.run("SELECT id, address, zone, state, health, draining_until FROM elb_instance"
                            " WHERE load_balancer = ?1 ORDER BY position",
                            {load_balancer})) {
    rows.push_back({.id = row.text(0),
                    .address = row.text(1),
                    .zone = row.text(2),
                    .state = row.text(3),
                    .health = balancer::health_of(row.text(4)),
                    .draining_until = row.optional_integer(5)});
  }
  return rows;
}

std::vector<Instance> registered_instances(Call& call, const std::string& load_balancer) {
  std::vector<Instance> instances;
  for (const InstanceRow& each : instances_of(call, load_balancer)) {
    if (!each.draining_until) instances.push_back({.instance_id = each.id});
  }
  return instances;
}

bool takes_traffic(const LoadBalancerDescription& load_balancer, const InstanceRow& instance) {
  const auto& zones = load_balancer.availability_zones;
  return instance.state == "running" && !instance.address.empty() &&
         std::ranges::find(zones, instance.zone) != zones.end();
}

InstanceState described(const LoadBalancerDescription& load_balancer, const InstanceRow& instance) {
  constexpr char kOut[] = "OutOfService";
  if (instance.draining_until) {
    return state_of(instance.id, "InService", "N/A", "Instance deregistration currently in progress.");
  }
  if (instance.state != "running") {
    return state_of(instance.id, kOut, "Instance", fmt::format("Instance is in {} state.", instance.state));
  }
  if (!takes_traffic(load_balancer, instance)) {
    return state_of(
        instance.id, kOut, "ELB",
        "Instance is in the EC2 Availability Zone for which LoadBalancer is not configured to route "
        "traffic to.");
  }
  if (instance.health == balancer::Health::Healthy) return state_of(instance.id, "InService", "N/A", "N/A");
  if (instance.health == balancer::Health::Unhealthy) {
    return state_of(
        instance.id, kOut, "Instance",
        "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.");
  }
  return state_of(instance.id, kOut, "ELB", "Instance registration is still in progress.");
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_RegisterInstancesWithLoadBalancer.html
// One that is registered stays as it is; one that drains is registered again.
RegisterEndPointsOutput register_instances_with_load_balancer(Service& service, Call& call,
                                                              const RegisterEndPointsInput& request) {
  const Record record = require_record(call, request.load_balancer_name);
  const auto found = find_instances(call, request.instances);
  for (const Instance& each : request.instances) {
    const std::string id = each.instance_id.value_or("");
    auto instance = found.find(id);
    if (instance == found.end()) refuse_instance(id);
    register_instance(call, record, instance->second);
  }
  check_instance_count(call, record.arn);
  service.changed(call.transaction);
  return {.instances = registered_instances(call, record.arn)};
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_DeregisterInstancesFromLoadBalancer.html
// With connection draining, requests in progress may end first.
DeregisterEndPointsOutput deregister_instances_from_load_balancer(Service& service, Call& call,
                                                                  const DeregisterEndPointsInput& request) {
  const Record record = require_record(call, request.load_balancer_name);
  const ConnectionDraining& draining = *record.attributes.connection_draining;
  const std::vector<InstanceRow> rows = instances_of(call, record.arn);
  const auto known = find_instances(call, request.instances);
  for (const Instance& each : request.instances) {
    const std::string id = each.instance_id.value_or("");
    auto row = std::ranges::find(rows, id, &InstanceRow::id);
    if (row == rows.end() && !known.contains(id)) refuse_instance(id);
    if (row == rows.end() || row->draining_until) continue;
    if (draining.enabled && takes_traffic(record.document, *row)) {
      call.transaction.run(
          "UPDATE elb_instance SET draining_until = ?3 WHERE load_balancer = ?1 AND id = ?2",
          {record.arn, id, to_milliseconds(call.now) + int64_t{draining.timeout.value_or(300)} * 1000});
    } else {
      call.transaction.run("DELETE FROM elb_instance WHERE load_balancer = ?1 AND id = ?2", {record.arn, id});
    }
  }
  service.changed(call.transaction);
  return {.instances = registered_instances(call, record.arn)};
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_DescribeInstanceHealth.html
DescribeEndPointStateOutput describe_instance_health(Service&, Call& call,
                                                     const DescribeEndPointStateInput& request) {
  const Record record = require_record(call, request.load_balancer_name);
  const std::vector<InstanceRow> rows = instances_of(call, record.arn);
  DescribeEndPointStateOutput result;
  if (request.instances.empty()) {
    for (const InstanceRow& row : rows) result.instance_states.push_back(described(record.document, row));
    return result;
  }
  const auto known = find_instances(call, request.instances);
  for (const Instance& each : request.instances) {
    const std::string id = each.instance_id.value_or("");
    auto row = std::ranges::find(rows, id, &InstanceRow::id);
    if (row == rows.end() && !known.contains(id)) refuse_instance(id);
    result.instance_states.push_back(
        row != rows.end() ? described(record.document, *row)
                          : state_of(id, "OutOfService", "Instance",
                                     "Instance is not currently registered with the LoadBalancer."));
  }
  return result;
}

}  // namespace holm::elb
