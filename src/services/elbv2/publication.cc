// The snapshot is made of everything there is; the balancer finds out what has changed.

#include "services/elbv2/publication.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "aws/service/region.h"
#include "base/log.h"
#include "base/strings.h"
#include "dataplane/balancer/balancer.h"
#include "dataplane/dns/directory.h"
#include "ec2/operations.h"
#include "sandbox/network.h"
#include "services/elbv2/access_logs.h"
#include "services/elbv2/actions.h"
#include "services/elbv2/attribute_definitions.h"
#include "services/elbv2/attributes.h"
#include "services/elbv2/conditions.h"
#include "services/elbv2/function_targets.h"
#include "services/elbv2/kinds.h"
#include "services/elbv2/listener_security.h"
#include "services/elbv2/records.h"
#include "services/elbv2/targets.h"
#include "services/elbv2/trust_stores.h"

namespace holm::elbv2 {

namespace {

constexpr std::chrono::milliseconds kLookAgain{200};

std::vector<balancer::Rule> rules_of(aws::Call& call, const std::string& listener_arn) {
  std::vector<balancer::Rule> rules;
  for (const Rule& rule : all_where<Rule>(call, "parent = ?3 AND position > 0", {listener_arn})) {
    const auto priority = static_cast<int>(parse_integer(rule.priority.value_or("")).value_or(0));
    rules.push_back({priority, to_conditions(rule.conditions), to_action(rule.actions)});
    set_rewrites(rules.back(), rule.transforms);
  }
  for (const Rule& rule : all_where<Rule>(call, "parent = ?3 AND position = 0", {listener_arn})) {
    rules.push_back({0, {}, to_action(rule.actions)});
  }
  return rules;
}

int64_t number_attribute(aws::Call& call, const std::string& arn, std::string_view key) {
  return parse_integer(attribute(call, arn, key)).value_or(0);
}

void apply_attributes(aws::Call& call, balancer::LoadBalancer& load_balancer) {
  const std::string& arn = load_balancer.arn;
  load_balancer.idle_timeout =
      std::chrono::seconds(number_attribute(call, arn, "idle_timeout.timeout_seconds"));
  load_balancer.client_keep_alive =
      std::chrono::seconds(number_attribute(call, arn, "client_keep_alive.seconds"));
  if (attribute(call, arn, "routing.http.preserve_host_header.enabled") == "true") {
    load_balancer.host_header = balancer::HostHeader::Preserve;
  }
  std::string mode = attribute(call, arn, "routing.http.xff_header_processing.mode");
  if (mode == "preserve") load_balancer.forwarded_for = balancer::ForwardedFor::Preserve;
  if (mode == "remove") load_balancer.forwarded_for = balancer::ForwardedFor::Remove;
  if (attribute(call, arn, "routing.http.xff_client_port.enabled") == "true") {
    load_balancer.client_port = balancer::ClientPort::Add;
  }
  if (attribute(call, arn, "routing.http.x_amzn_tls_version_and_cipher_suite.enabled") == "true") {
    load_balancer.tls_headers = balancer::TlsHeaders::Add;
  }
  if (attribute(call, arn, "routing.http.drop_invalid_header_fields.enabled") == "true") {
    load_balancer.invalid_headers = balancer::InvalidHeaders::Drop;
  }
  load_balancer.log_bucket = log_bucket_of(call, LogKind::Access, arn);
  load_balancer.connection_log_bucket = log_bucket_of(call, LogKind::Connection, arn);
  const std::string desync = attribute(call, arn, "routing.http.desync_mitigation_mode");
  if (desync == "monitor") load_balancer.desync_mitigation = balancer::DesyncMitigation::Monitor;
  if (desync == "strictest") load_balancer.desync_mitigation = balancer::DesyncMitigation::Strictest;
}

balancer::TargetVersion version_of(const TargetGroup& group) {
  if (group.protocol_version == "GRPC") return balancer::TargetVersion::Grpc;
  return group.protocol_version == "HTTP2" ? balancer::TargetVersion::Http2 : balancer::TargetVersion::Http1;
}

balancer::HealthCheck health_check_of(const TargetGroup& group) {
  balancer::HealthCheck check;
  if (group.health_check_protocol == "HTTPS") check.protocol = balancer::TargetProtocol::Https;
  if (group.health_check_protocol == "TCP") check.protocol = balancer::TargetProtocol::Tcp;
  if (!group.health_check_enabled.value_or(true)) check.checking = balancer::Checking::Off;
  check.path = group.health_check_path.value_or("/");
  check.port = static_cast<uint16_t>(parse_integer(group.health_check_port.value_or("")).value_or(0));
  check.interval = std::chrono::seconds(group.health_check_interval_seconds.value_or(30));
  check.timeout = std::chrono::seconds(group.health_check_timeout_seconds.value_or(5));
  check.healthy_threshold = group.healthy_threshold_count.value_or(5);
  check.unhealthy_threshold = group.unhealthy_threshold_count.value_or(2);
  check.version = version_of(group);
  const bool is_grpc = check.version == balancer::TargetVersion::Grpc;
  if (group.matcher && is_grpc) check.matcher = parse_call_matcher(group.matcher->grpc_code.value_or("12"));
  if (group.matcher && !is_grpc) check.matcher = parse_matcher(group.matcher->http_code.value_or("200"));
  return check;
}

void apply_connection_attributes(aws::Call& call, balancer::TargetGroup& group) {
  if (attribute(call, group.arn, "proxy_protocol_v2.enabled") == "true") {
    group.proxy_protocol = balancer::ProxyProtocol::V2;
  }
  if (attribute(call, group.arn, kTermination) == "true") {
    group.orphans = balancer::Orphans::End;
  }
  if (attribute(call, group.arn, kUnhealthyTermination) == "true") {
    group.of_unhealthy = balancer::Orphans::End;
  }
  if (attribute(call, group.arn, "stickiness.enabled") == "true") group.affinity = balancer::Affinity::Client;
}

void apply_attributes(aws::Call& call, balancer::TargetGroup& group) {
  const std::string& arn = group.arn;
  const std::string algorithm = attribute(call, arn, "load_balancing.algorithm.type");
  if (algorithm == "least_outstanding_requests") group.algorithm = balancer::Algorithm::LeastOutstandingRequests;
  if (algorithm == "weighted_random") group.algorithm = balancer::Algorithm::WeightedRandom;
  group.slow_start = std::chrono::seconds(number_attribute(call, arn, "slow_start.duration_seconds"));
  constexpr std::string_view kRouting = "target_group_health.unhealthy_state_routing.minimum_healthy_targets.";
  auto minimum = [&](std::string_view of) {
    return static_cast<size_t>(number_attribute(call, arn, fmt::format("{}{}", kRouting, of)));
  };
  group.healthy_min = minimum("count");
  group.healthy_percent_min = minimum("percentage");
  if (group.protocol == balancer::TargetProtocol::Tcp || group.protocol == balancer::TargetProtocol::Tls) {
    apply_connection_attributes(call, group);
    return;
  }
  if (attribute(call, arn, "stickiness.enabled") != "true") return;
  balancer::Stickiness stickiness;
  const bool is_application = attribute(call, arn, "stickiness.type") == "app_cookie";
  if (is_application) stickiness.application_cookie = attribute(call, arn, "stickiness.app_cookie.cookie_name");
  const std::string_view kind = is_application ? "app_cookie" : "lb_cookie";
  stickiness.duration =
      std::chrono::seconds(number_attribute(call, arn, fmt::format("stickiness.{}.duration_seconds", kind)));
  group.stickiness = std::move(stickiness);
}

// Those of the zones that are up, as AWS takes a failed zone's out of the name; all when no zone is.
std::vector<std::string> addresses_of(aws::Call& call, const LoadBalancer& load_balancer) {
  const auto down = call.client.call<ec2::DescribeAvailabilityZones>(
      call, aws::service_principal(kPrincipal, call.account),
      {.filters = {{.name = "state", .values = {"unavailable"}}}});
  std::set<std::string> dark;
  for (const AvailabilityZone& each : load_balancer.availability_zones) {
    const bool is_down =
        std::ranges::find(down.availability_zones, each.zone_name, &ec2::AvailabilityZone::zone_name) !=
        down.availability_zones.end();
    if (is_down) dark.insert(*each.subnet_id);
  }
  std::vector<std::string> all, up;
  for (const sql::Row& row : call.transaction.run(
           "SELECT address, subnet FROM elbv2_interface WHERE load_balancer = ?1 ORDER BY position",
           {*load_balancer.load_balancer_arn})) {
    all.push_back(row.text(0));
    if (!dark.contains(row.text(1))) up.push_back(row.text(0));
  }
  return up.empty() ? all : up;
}

void read_zones(aws::Call& call, balancer::LoadBalancer& load_balancer, const LoadBalancer& described) {
  for (const sql::Row& row : call.transaction.run(
           "SELECT address, subnet FROM elbv2_interface WHERE load_balancer = ?1", {load_balancer.arn})) {
    for (const AvailabilityZone& zone : described.availability_zones) {
      if (*zone.subnet_id == row.text(1)) load_balancer.zones.emplace(row.text(0), *zone.zone_name);
    }
  }
}

void apply_network_attributes(aws::Call& call, balancer::LoadBalancer& load_balancer) {
  if (attribute(call, load_balancer.arn, "load_balancing.cross_zone.enabled") != "true") {
    load_balancer.cross_zone = balancer::CrossZone::Off;
  }
}

// Of its first node; a load balancer that is gone has none.
std::string address_of_load_balancer(aws::Call& call, const std::string& arn) {
  auto row = call.transaction.find(
      "SELECT address FROM elbv2_interface WHERE load_balancer = ?1 ORDER BY position LIMIT 1", {arn});
  return row ? row->text(0) : std::string();
}

// What a listener with TLS offers to speak.
std::vector<std::string> protocols_of(aws::Call& call, const Listener& listener) {
  if (listener.protocol == "TLS") {
    const std::string policy = listener.alpn_policy.empty() ? "None" : listener.alpn_policy.front();
    return alpn_protocols(policy).value_or(std::vector<std::string>());
  }
  if (attribute(call, *listener.load_balancer_arn, "routing.http2.enabled") == "true") return {"h2", "http/1.1"};
  return {"http/1.1"};
}

balancer::ClientCertificates client_certificates_of(const Listener& listener) {
  const auto& mutual = listener.mutual_authentication;
  if (mutual && mutual->mode == "verify") return balancer::ClientCertificates::Verified;
  const bool passes = mutual && mutual->mode == "passthrough";
  return passes ? balancer::ClientCertificates::PassedOn : balancer::ClientCertificates::None;
}

}  // namespace

std::vector<Publication::Place> Publication::places() {
  std::vector<Place> found;
  use_.region.transact(use_.region.caller({}, {}, kPrincipal), sql::Access::Read, [&](aws::Call& call) {
    for (const sql::Row& row : call.transaction.run("SELECT DISTINCT account, region FROM elbv2_resource")) {
      found.push_back({row.text(0), row.text(1)});
    }
  });
  return found;
}

void Publication::read_load_balancer(aws::Call& call, const std::string& arn) {
  LoadBalancer described = require_load_balancer(call, arn);
  balancer::LoadBalancer made;
  made.arn = arn;
  made.host_names = {to_lower(*described.dns_name)};
  made.vpc_id = *described.vpc_id;
  made.where.fd = use_.network.namespace_of(made.vpc_id);
  made.addresses = addresses_of(call, described);
  use_.names.publish(made.vpc_id, *described.dns_name, {.addresses = made.addresses});
  use_.names.publish("", *described.dns_name, {.alias = "holm.internal"});
  // Without its network it would listen on the host's.
  if (made.where.fd < 0) {
    waiting_.push_back(arn);
    return;
  }
  read_zones(call, made, described);
  if (is_network(arn)) {
    apply_network_attributes(call, made);
  } else {
    apply_attributes(call, made);
  }
  for (const Listener& listener : all_where<Listener>(call, "parent = ?3", {arn})) {
    read_listener(call, made, listener);
  }
  config_->load_balancers.push_back(std::move(made));
}

// At the edge a load balancer is also found by the names that its rules and certificates speak of: whoever
// resolves them to this machine means it.
void Publication::read_listener(aws::Call& call, balancer::LoadBalancer& owner, const Listener& listener) {
  balancer::Listener made{.arn = *listener.listener_arn,
                          .port = static_cast<uint16_t>(*listener.port),
                          .tls = std::nullopt,
                          .rules = rules_of(call, *listener.listener_arn),
                          .response_headers = {}};
  if (carries_connections(*listener.protocol)) {
    made.carries = balancer::Carries::Connections;
    if (listener.protocol == "UDP") made.carries = balancer::Carries::Datagrams;
    if (listener.protocol == "TCP_UDP") made.carries = balancer::Carries::ConnectionsAndDatagrams;
    made.connection_idle = std::chrono::seconds(number_attribute(call, made.arn, "tcp.idle_timeout.seconds"));
  } else {
    made.response_headers = response_headers(call, made.arn);
    const bool adds = attribute(call, made.arn, "routing.http.response.server.enabled") == "true";
    made.server_header = adds ? balancer::ServerHeader::Add : balancer::ServerHeader::Omit;
  }
  if (needs_certificate(*listener.protocol)) {
    std::vector<std::string> protocols = protocols_of(call, listener);
    made.tls = balancer::ListenerTls{
        .policy = tls_policy(*listener.ssl_policy, std::move(protocols), trusts_.find(call, listener)),
        .certificates = certificates_of(call, listener),
        .client_certificates = client_certificates_of(listener),
        .header_names = std::nullopt};
    if (listener.protocol == "HTTPS") made.tls->header_names = tls_header_names(call, made.arn);
    for (const std::string& arn : made.tls->certificates) {
      certificate_users_[arn].push_back(owner.arn);
      auto served = use_.certificates.find(arn);
      if (!served) continue;
      owner.host_names.insert(owner.host_names.end(), served->names.begin(), served->names.end());
    }
  }
  for (const balancer::Rule& rule : made.rules) {
    for (const balancer::Condition& condition : rule.conditions) {
      if (condition.field != balancer::Condition::Field::Host) continue;
      for (const std::string& pattern : condition.patterns) owner.host_names.push_back(to_lower(pattern));
    }
  }
  owner.listeners.push_back(std::move(made));
}

void Publication::read_group(aws::Call& call, const std::string& arn) {
  TargetGroup described = require_target_group(call, arn);
  bool in_use = !load_balancers_of_group(call, arn).empty();
  balancer::TargetGroup made;
  made.arn = arn;
  made.health_check = health_check_of(described);
  made.version = version_of(described);
  if (described.protocol == "HTTPS") made.protocol = balancer::TargetProtocol::Https;
  if (carries_connections(described)) made.protocol = balancer::TargetProtocol::Tcp;
  if (described.protocol == "TLS") made.protocol = balancer::TargetProtocol::Tls;
  if (*described.target_type == kFunctionType) {
    const bool is_multiple = attribute(call, arn, "lambda.multi_value_headers.enabled") == "true";
    made.functions = is_multiple ? balancer::EventHeaders::Multiple : balancer::EventHeaders::Single;
  }
  apply_attributes(call, made);
  for (const TargetRow& row : targets_of(call.transaction, arn)) {
    if (row.draining_until) {
      draining_.push_back({arn, row.id, row.port, from_milliseconds(*row.draining_until)});
    }
    const std::string ip = described.target_type == "alb" ? address_of_load_balancer(call, row.id) : row.address;
    Result<net::Address> address = net::Address::parse(ip, static_cast<uint16_t>(row.port));
    if (!row.can_be_reached() || (!address && !made.functions)) continue;
    balancer::Target target{.id = row.id, .address = address.value_or(net::Address())};
    target.zone = row.zone;
    if (row.draining_until) target.registration = balancer::Registration::Draining;
    if (in_use) target.known_health = balancer::health_of(row.health);
    made.targets.push_back(std::move(target));
  }
  config_->groups.emplace(arn, std::move(made));
}

void Publication::read_place(const Place& place) {
  use_.region.transact(use_.region.caller(place.account, place.region, kPrincipal), sql::Access::Read,
                       [&](aws::Call& call) {
                         for (const LoadBalancer& each : all_where<LoadBalancer>(call, "1", {})) {
                           read_load_balancer(call, *each.load_balancer_arn);
                         }
                         for (const TargetGroup& each : all_where<TargetGroup>(call, "1", {})) {
                           read_group(call, *each.target_group_arn);
                         }
                       });
}

bool Publication::finish() {
  bool all_done = true;
  for (const Place& place : places()) {
    use_.region.transact(use_.region.caller(place.account, place.region, kPrincipal), sql::Access::Write,
                         [&](aws::Call& call) {
                           for (LoadBalancer& each : all_where<LoadBalancer>(call, "1", {})) {
                             bool waits =
                                 std::ranges::find(waiting_, *each.load_balancer_arn) != waiting_.end();
                             if (waits || each.state->code == "active") continue;
                             each.state->code = "active";
                             replace(call, *each.load_balancer_arn, each);
                           }
                         });
  }
  for (const Draining& each : draining_) {
    bool busy = use_.balancer.requests_in_flight(each.group, each.id, static_cast<uint16_t>(each.port)) > 0;
    if (busy && use_.clock.now() < each.until) {
      all_done = false;
      continue;
    }
    use_.region.transact(use_.region.caller({}, {}, kPrincipal), sql::Access::Write, [&](aws::Call& call) {
      // What goes on in spite of it ends with the next configuration.
      all_done = false;
      call.transaction.run(
          "DELETE FROM elbv2_target WHERE target_group = ?1 AND id = ?2 AND port = ?3"
          " AND draining_until IS NOT NULL",
          {each.group, each.id, each.port});
    });
  }
  return all_done;
}

jobs::Outcome Publication::run() {
  for (const Place& place : places()) read_place(place);
  for (auto& [certificate, users] : certificate_users_) {
    users.erase(std::unique(users.begin(), users.end()), users.end());
  }
  use_.certificates.set_users("elbv2", certificate_users_);
  for (const balancer::Unopened& each : use_.balancer.publish(config_)) {
    log::warning(fmt::format("{} waits: {}", each.load_balancer_arn, each.reason));
    waiting_.push_back(each.load_balancer_arn);
  }
  bool drained = finish();
  if (waiting_.empty() && drained) return jobs::done();
  return jobs::again_at(use_.clock.now() + kLookAgain);
}

}  // namespace holm::elbv2
