// Load balancers: making, describing and deleting them.

#include <fmt/format.h>

#include <algorithm>

#include "base/characters.h"
#include "base/page_token.h"
#include "base/strings.h"
#include "dataplane/dns/directory.h"
#include "elb/handlers.h"
#include "services/elb/instances.h"
#include "services/elb/limits.h"
#include "services/elb/listeners.h"
#include "services/elb/placement.h"
#include "services/elb/policies.h"
#include "services/elb/records.h"
#include "services/elb/service.h"
#include "services/elb/tags.h"

namespace holm::elb {

namespace {

// The zone of the names that load balancers have; the same for all of ours.
constexpr char kHostedZone[] = "Z35SXDOTRQ7X7K";
constexpr size_t kNameMax = 32;
constexpr int32_t kPageMax = 400;

void check_name(const std::string& name) {
  if (name.size() > kNameMax) refuse("LoadBalancer name cannot be longer than 32 characters");
  if (!is_alphanumeric(name, "-"))
    refuse("LoadBalancer name must contain only alphanumeric characters or hyphens");
  if (name.empty() || name.front() == '-' || name.back() == '-') {
    refuse("LoadBalancer name must not be empty, and must not begin or end with a hyphen");
  }
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-healthchecks.html
HealthCheck default_health_check(const ListenerDescription& first) {
  HealthCheck check;
  check.target = fmt::format("TCP:{}", first.listener->instance_port);
  check.interval = 30;
  check.timeout = 5;
  check.unhealthy_threshold = 2;
  check.healthy_threshold = 10;
  return check;
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_LoadBalancerAttributes.html
LoadBalancerAttributes default_attributes() {
  LoadBalancerAttributes made;
  made.cross_zone_load_balancing = CrossZoneLoadBalancing{.enabled = false};
  made.access_log = AccessLog{.enabled = false};
  made.connection_draining = ConnectionDraining{.enabled = false, .timeout = 300};
  made.connection_settings = ConnectionSettings{.idle_timeout = 60};
  made.additional_attributes = {{.key = "elb.http.desyncmitigationmode", .value = "defensive"}};
  return made;
}

bool same_elements(std::vector<std::string> a, std::vector<std::string> b) {
  std::ranges::sort(a);
  std::ranges::sort(b);
  return a == b;
}

// Whether asking for it again asks for what is there.
bool is_as_wanted(const Record& known, const CreateAccessPointInput& request,
                  const std::vector<ListenerDescription>& listeners) {
  const LoadBalancerDescription& document = known.document;
  const bool is_placed_alike = request.subnets.empty()
                                   ? same_elements(document.availability_zones, request.availability_zones)
                                   : same_elements(document.subnets, request.subnets);
  const bool has_groups =
      request.security_groups.empty() || same_elements(document.security_groups, request.security_groups);
  const bool listens_alike =
      listeners.size() == document.listener_descriptions.size() &&
      std::ranges::equal(listeners, document.listener_descriptions,
                         [](const ListenerDescription& a, const ListenerDescription& b) {
                           return is_same_listener(*a.listener, *b.listener);
                         });
  return is_placed_alike && has_groups && listens_alike &&
         document.scheme == request.scheme.value_or("internet-facing");
}

std::string check_scheme(const CreateAccessPointInput& request) {
  const std::string scheme = request.scheme.value_or("internet-facing");
  if (scheme == "internal" || scheme == "internet-facing") return scheme;
  throw InvalidSchemeException(fmt::format("'{}' is not a scheme: internet-facing and internal are", scheme));
}

}  // namespace

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_CreateLoadBalancer.html
// One of that name with the same settings is returned as it is.
CreateAccessPointOutput create_load_balancer(Service& service, Call& call,
                                             const CreateAccessPointInput& request) {
  check_name(request.load_balancer_name);
  const std::string scheme = check_scheme(request);
  Record made;
  made.arn = arn_of(call, request.load_balancer_name);
  LoadBalancerDescription& document = made.document;
  document.load_balancer_name = request.load_balancer_name;
  document.scheme = scheme;
  if (request.listeners.empty()) refuse("At least one listener must be specified");
  for (const Listener& each : request.listeners) add_listener(service, call, document, each);
  if (const auto known = find_record(call, request.load_balancer_name)) {
    if (is_as_wanted(*known, request, document.listener_descriptions))
      return {.dns_name = known->document.dns_name};
    throw DuplicateAccessPointNameException(
        fmt::format("Load Balancer named '{}' already exists and it is configured with different parameters",
                    request.load_balancer_name));
  }
  require_room_for_load_balancer(call);
  document.dns_name = fmt::format("{}{}-{}.{}.elb.localhost", scheme == "internal" ? "internal-" : "",
                                  request.load_balancer_name,
                                  1'000'000'000 + service.use().random.below(1'000'000'000), call.region);
  document.canonical_hosted_zone_name_id = kHostedZone;
  if (scheme != "internal") document.canonical_hosted_zone_name = document.dns_name;
  document.created_time = call.now;
  document.health_check = default_health_check(document.listener_descriptions.front());
  made.attributes = default_attributes();
  place(service, call, made, request);
  insert_record(call, made);
  write_tags(call, made.arn, request.tags);
  service.changed(call.transaction);
  return {.dns_name = document.dns_name};
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_DeleteLoadBalancer.html
// One that does not exist is deleted already.
DeleteAccessPointOutput delete_load_balancer(Service& service, Call& call,
                                             const DeleteAccessPointInput& request) {
  const auto found = find_record(call, request.load_balancer_name);
  if (!found) return {};
  remove_interfaces(call, found->arn);
  delete_record(call, found->arn);
  call.after_commit(
      [&names = service.use().names, vpc = *found->document.vpc_id, name = *found->document.dns_name] {
        names.remove(vpc, name);
        names.remove("", name);
      });
  service.changed(call.transaction);
  return {};
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_DescribeLoadBalancers.html
DescribeAccessPointsOutput describe_load_balancers(Service&, Call& call,
                                                   const DescribeAccessPointsInput& request) {
  std::vector<Record> records;
  for (const std::string& name : request.load_balancer_names) records.push_back(require_record(call, name));
  if (request.load_balancer_names.empty()) records = all_records(call);
  if (request.marker && !request.marker->empty()) {
    const auto after = read_page_token(*request.marker);
    if (!after) refuse("The marker is not valid.");
    std::erase_if(records, [&](const Record& each) { return each.name() <= *after; });
  }
  DescribeAccessPointsOutput result;
  const auto count = static_cast<size_t>(request.page_size.value_or(kPageMax));
  if (records.size() > count) {
    records.resize(count);
    result.next_marker = make_page_token(records.back().name());
  }
  for (Record& each : records) {
    each.document.policies = policies_of(call, each.arn);
    each.document.instances = registered_instances(call, each.arn);
    result.load_balancer_descriptions.push_back(std::move(each.document));
  }
  return result;
}

}  // namespace holm::elb
