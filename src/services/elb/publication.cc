// The snapshot is made of everything there is; the balancer finds out what has changed. The instances of a
// load balancer are one group, which is checked; each listener has one of the same instances at its own port.

#include "services/elb/publication.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "aws/service/region.h"
#include "base/check.h"
#include "base/log.h"
#include "base/strings.h"
#include "dataplane/balancer/balancer.h"
#include "dataplane/dns/directory.h"
#include "ec2/operations.h"
#include "sandbox/network.h"
#include "services/elb/access_logs.h"
#include "services/elb/health_checks.h"
#include "services/elb/instances.h"
#include "services/elb/listeners.h"
#include "services/elb/policies.h"
#include "services/elb/security_policies.h"
#include "sql/database.h"

namespace holm::elb {

namespace {

constexpr std::chrono::milliseconds kLookAgain{200};

balancer::TargetProtocol protocol_of(std::string_view name) {
  if (name == "HTTPS") return balancer::TargetProtocol::Https;
  if (name == "SSL") return balancer::TargetProtocol::Tls;
  return name == "TCP" ? balancer::TargetProtocol::Tcp : balancer::TargetProtocol::Http;
}

balancer::HealthCheck health_check_of(const HealthCheck& described) {
  const auto target = parse_check_target(described.target);
  CHECK(target.has_value());
  balancer::HealthCheck check;
  check.protocol = protocol_of(target->protocol);
  check.path = target->path;
  check.port = target->port;
  check.interval = std::chrono::seconds(described.interval);
  check.timeout = std::chrono::seconds(described.timeout);
  check.healthy_threshold = check.first_threshold = described.healthy_threshold;
  check.unhealthy_threshold = described.unhealthy_threshold;
  return check;
}

// Those of the zones that are up, as AWS takes a failed zone's out of the name; all when no zone is.
void read_addresses(aws::Call& call, const Record& record, balancer::LoadBalancer& made) {
  const auto down = call.client.call<ec2::DescribeAvailabilityZones>(
      call, aws::service_principal(kPrincipal, call.account),
      {.filters = {{.name = "state", .values = {"unavailable"}}}});
  std::vector<std::string> all, up;
  for (const sql::Row& row : call.transaction.run(
           "SELECT address, zone FROM elb_interface WHERE load_balancer = ?1 ORDER BY position",
           {record.arn})) {
    all.push_back(row.text(0));
    made.zones.emplace(row.text(0), row.text(1));
    const bool is_down = std::ranges::any_of(down.availability_zones, [&](const ec2::AvailabilityZone& each) {
      return each.zone_name == row.text(1);
    });
    if (!is_down) up.push_back(row.text(0));
  }
  made.addresses = up.empty() ? all : up;
}

void apply_attributes(const LoadBalancerAttributes& attributes, balancer::LoadBalancer& made) {
  if (!attributes.cross_zone_load_balancing->enabled) made.cross_zone = balancer::CrossZone::Off;
  made.idle_timeout = std::chrono::seconds(attributes.connection_settings->idle_timeout);
  const std::string desync = attributes.additional_attributes.front().value.value_or("");
  if (desync == "monitor") made.desync_mitigation = balancer::DesyncMitigation::Monitor;
  if (desync == "strictest") made.desync_mitigation = balancer::DesyncMitigation::Strictest;
}

std::shared_ptr<const net::TlsPolicy> tls_policy(aws::Call& call, const Record& record,
                                                 const ListenerDescription& listener) {
  for (const std::string& name : listener.policy_names) {
    const auto policy = find_policy(call, record.arn, name);
    if (policy && policy->policy_type_name == kSecurityType) return tls_policy_of(*policy);
  }
  return tls_policy_of(*predefined_policy(kDefaultSecurityPolicy));
}

std::optional<balancer::Stickiness> stickiness(aws::Call& call, const Record& record,
                                               const ListenerDescription& listener) {
  for (const std::string& name : listener.policy_names) {
    const auto policy = find_policy(call, record.arn, name);
    if (!policy || policy->policy_type_name == kSecurityType) continue;
    balancer::Stickiness made{.style = balancer::CookieStyle::First};
    made.application_cookie = attribute_of(*policy, "CookieName");
    made.duration =
        std::chrono::seconds(parse_integer(attribute_of(*policy, "CookieExpirationPeriod")).value_or(0));
    return made;
  }
  return std::nullopt;
}

bool tells_of_clients(aws::Call& call, const Record& record, int32_t instance_port) {
  for (const BackendServerDescription& each : record.document.backend_server_descriptions) {
    if (each.instance_port != instance_port) continue;
    for (const std::string& name : each.policy_names) {
      const auto policy = find_policy(call, record.arn, name);
      if (policy && attribute_of(*policy, "ProxyProtocol") == "true") return true;
    }
  }
  return false;
}

}  // namespace

std::vector<Publication::Place> Publication::places() {
  std::vector<Place> found;
  use_.region.transact(use_.region.caller({}, {}, kPrincipal), sql::Access::Read, [&](aws::Call& call) {
    for (const sql::Row& row :
         call.transaction.run("SELECT DISTINCT account, region FROM elb_load_balancer")) {
      found.push_back({row.text(0), row.text(1)});
    }
  });
  return found;
}

void Publication::read_load_balancer(aws::Call& call, const Record& record) {
  const LoadBalancerDescription& document = record.document;
  balancer::LoadBalancer made;
  made.arn = record.arn;
  made.generation = balancer::Generation::First;
  made.host_header = balancer::HostHeader::Preserve;
  made.host_names = {to_lower(*document.dns_name)};
  made.vpc_id = *document.vpc_id;
  made.where.fd = use_.network.namespace_of(made.vpc_id);
  read_addresses(call, record, made);
  use_.names.publish(made.vpc_id, *document.dns_name, {.addresses = made.addresses});
  use_.names.publish("", *document.dns_name, {.alias = "holm.internal"});
  // Without its network it would listen on the host's.
  if (made.where.fd < 0) {
    is_waiting_ = true;
    return;
  }
  apply_attributes(record.attributes, made);
  made.log_bucket = log_bucket_of(record.attributes);
  read_instances(call, record);
  made.checked_groups = {record.arn};
  for (const ListenerDescription& each : document.listener_descriptions)
    read_listener(call, record, made, each);
  config_->load_balancers.push_back(std::move(made));
}

void Publication::read_instances(aws::Call& call, const Record& record) {
  balancer::TargetGroup made;
  made.arn = record.arn;
  made.health_check = health_check_of(*record.document.health_check);
  made.too_few_healthy = balancer::TooFewHealthy::AskHealthy;
  for (const InstanceRow& row : instances_of(call, record.arn)) {
    if (row.draining_until) draining_.push_back({record.arn, row.id, from_milliseconds(*row.draining_until)});
    const Result<net::Address> address = net::Address::parse(row.address, 0);
    if (!address || !takes_traffic(record.document, row)) continue;
    balancer::Target target{.id = row.id, .address = *address, .zone = row.zone};
    if (row.draining_until) target.registration = balancer::Registration::Draining;
    target.known_health = row.health;
    made.targets.push_back(std::move(target));
  }
  config_->groups.emplace(record.arn, std::move(made));
}

void Publication::read_listener(aws::Call& call, const Record& record, balancer::LoadBalancer& owner,
                                const ListenerDescription& description) {
  const Listener& described = *description.listener;
  balancer::Listener made;
  made.arn = fmt::format("{}:{}", record.arn, described.load_balancer_port);
  made.port = static_cast<uint16_t>(described.load_balancer_port);
  made.connection_idle = owner.idle_timeout;
  balancer::TargetGroup group;
  group.arn = made.arn;
  group.same_as = record.arn;
  group.too_few_healthy = balancer::TooFewHealthy::AskHealthy;
  group.protocol = protocol_of(*described.instance_protocol);
  if (carries_requests(described.protocol)) {
    group.algorithm = balancer::Algorithm::LeastOutstandingRequests;
    group.stickiness = stickiness(call, record, description);
  } else {
    made.carries = balancer::Carries::Connections;
    group.affinity = balancer::Affinity::Turn;
    if (tells_of_clients(call, record, described.instance_port))
      group.proxy_protocol = balancer::ProxyProtocol::V1;
  }
  for (const balancer::Target& each : config_->groups.at(record.arn).targets) {
    balancer::Target target = each;
    target.address = *net::Address::parse(each.address.ip(), static_cast<uint16_t>(described.instance_port));
    group.targets.push_back(std::move(target));
  }
  if (is_secure(described.protocol)) {
    const std::string& certificate = *described.ssl_certificate_id;
    made.tls =
        balancer::ListenerTls{.policy = tls_policy(call, record, description), .certificates = {certificate}};
    certificate_users_[certificate].push_back(record.arn);
    // Whoever resolves the certificate's names to this machine means the load balancer.
    if (auto served = use_.certificates.find(certificate)) {
      owner.host_names.insert(owner.host_names.end(), served->names.begin(), served->names.end());
    }
  }
  made.rules = {
      {.priority = 0, .conditions = {}, .action = balancer::Forward{.groups = {{.arn = made.arn}}}}};
  config_->groups.emplace(made.arn, std::move(group));
  owner.listeners.push_back(std::move(made));
}

bool Publication::finish() {
  bool all_done = true;
  for (const Draining& each : draining_) {
    all_done = false;
    const bool is_busy = use_.balancer.requests_in_flight(each.load_balancer, each.instance, 0) > 0;
    if (is_busy && use_.clock.now() < each.until) continue;
    use_.region.transact(use_.region.caller({}, {}, kPrincipal), sql::Access::Write, [&](aws::Call& call) {
      // What goes on in spite of it ends with the next configuration.
      call.transaction.run(
          "DELETE FROM elb_instance WHERE load_balancer = ?1 AND id = ?2 AND draining_until IS NOT NULL",
          {each.load_balancer, each.instance});
    });
  }
  return all_done;
}

jobs::Outcome Publication::run() {
  for (const Place& place : places()) {
    use_.region.transact(use_.region.caller(place.account, place.region, kPrincipal), sql::Access::Read,
                         [&](aws::Call& call) {
                           for (const Record& each : all_records(call)) read_load_balancer(call, each);
                         });
  }
  for (auto& [certificate, users] : certificate_users_) {
    users.erase(std::unique(users.begin(), users.end()), users.end());
  }
  use_.certificates.set_users("elb", certificate_users_);
  for (const balancer::Unopened& each : use_.balancer.publish(config_)) {
    log::warning(fmt::format("{} waits: {}", each.load_balancer_arn, each.reason));
    is_waiting_ = true;
  }
  const bool is_drained = finish();
  if (!is_waiting_ && is_drained) return jobs::done();
  return jobs::again_at(use_.clock.now() + kLookAgain);
}

}  // namespace holm::elb
