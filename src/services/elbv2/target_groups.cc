// Target groups.

#include <fmt/format.h>

#include "aws/service/region.h"
#include "base/strings.h"
#include "services/elbv2/records.h"
#include "services/elbv2/service.h"
#include "services/elbv2/targets.h"

namespace holm::elbv2 {

namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw aws::ServiceError("ValidationError", 400, message);
}

// "200", "200-299", "200,202"; every code from 200 to 499.
void check_matcher(const Matcher& matcher) {
  if (matcher.grpc_code) throw aws::NotImplemented("Matcher: GrpcCode");
  if (parse_matcher(matcher.http_code.value_or("")).empty()) {
    refuse(fmt::format("Health check matcher HTTP code '{}' must be within '200-499' inclusive",
                       matcher.http_code.value_or("")));
  }
}

void check_range(std::string_view what, std::optional<int32_t> value, int32_t least, int32_t most) {
  if (value && (*value < least || *value > most)) {
    refuse(fmt::format("{} must be between {} and {} inclusive", what, least, most));
  }
}

// What both CreateTargetGroup and ModifyTargetGroup say of health checks.
template <class Request>
void apply_health_check(TargetGroup& group, const Request& request) {
  const std::string protocol = request.health_check_protocol.value_or("HTTP");
  if (protocol != "HTTP" && protocol != "HTTPS") {
    refuse(fmt::format("Health check protocol '{}' must be HTTP or HTTPS", protocol));
  }
  if (!request.health_check_enabled.value_or(true)) {
    refuse("Health check enabled must be true for target groups with target type 'instance' or 'ip'");
  }
  check_range("Health check interval", request.health_check_interval_seconds, 5, 300);
  check_range("Health check timeout", request.health_check_timeout_seconds, 2, 120);
  check_range("Healthy threshold count", request.healthy_threshold_count, 2, 10);
  check_range("Unhealthy threshold count", request.unhealthy_threshold_count, 2, 10);
  auto take = [](auto& into, const auto& from) {
    if (from) into = from;
  };
  if (request.health_check_port && *request.health_check_port != "traffic-port") {
    auto port = parse_integer(*request.health_check_port);
    if (!port || *port < 1 || *port > 65535) {
      refuse(fmt::format("Health check port '{}' is not valid", *request.health_check_port));
    }
  }
  if (request.health_check_path && !request.health_check_path->starts_with('/')) {
    refuse(fmt::format("Health check path '{}' must begin with a '/' character", *request.health_check_path));
  }
  take(group.health_check_protocol, request.health_check_protocol);
  take(group.health_check_port, request.health_check_port);
  take(group.health_check_path, request.health_check_path);
  take(group.health_check_interval_seconds, request.health_check_interval_seconds);
  take(group.health_check_timeout_seconds, request.health_check_timeout_seconds);
  take(group.healthy_threshold_count, request.healthy_threshold_count);
  take(group.unhealthy_threshold_count, request.unhealthy_threshold_count);
  if (request.matcher) {
    check_matcher(*request.matcher);
    group.matcher = request.matcher;
  }
  if (*group.health_check_timeout_seconds >= *group.health_check_interval_seconds) {
    refuse(fmt::format("Health check timeout '{}' must be smaller than the interval '{}'",
                       *group.health_check_timeout_seconds, *group.health_check_interval_seconds));
  }
}

TargetGroup with_load_balancers(Call& call, TargetGroup group) {
  group.load_balancer_arns = load_balancers_of_group(call, *group.target_group_arn);
  return group;
}

void check_kind(const CreateTargetGroupInput& request) {
  std::string type = request.target_type.value_or("instance");
  if (type != "instance" && type != "ip") throw aws::NotImplemented("CreateTargetGroup: TargetType " + type);
  if (!request.protocol || !request.port || !request.vpc_id) {
    refuse("A protocol, a port and a VPC ID must be specified");
  }
  if (*request.protocol != "HTTP" && *request.protocol != "HTTPS") {
    throw aws::NotImplemented("CreateTargetGroup: Protocol " + *request.protocol);
  }
  // Terraform names an empty one where it was given none.
  const std::string version = request.protocol_version.value_or("");
  if (!version.empty() && version != "HTTP1") {
    throw aws::NotImplemented("CreateTargetGroup: ProtocolVersion " + version);
  }
  if (request.ip_address_type.value_or("ipv4") != "ipv4") {
    throw aws::NotImplemented("CreateTargetGroup: IpAddressType " + *request.ip_address_type);
  }
  if (request.name.empty() || request.name.size() > 32) {
    refuse(fmt::format("Target group name '{}' cannot be longer than '32' characters", request.name));
  }
}

bool is_same(const TargetGroup& a, const TargetGroup& b) {
  return a.protocol == b.protocol && a.port == b.port && a.vpc_id == b.vpc_id &&
         a.target_type == b.target_type;
}

}  // namespace

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
CreateTargetGroupOutput create_target_group(Service& service, Call& call,
                                            const CreateTargetGroupInput& request) {
  check_kind(request);
  TargetGroup made;
  made.target_group_name = request.name;
  made.protocol = request.protocol;
  made.protocol_version = "HTTP1";
  made.port = request.port;
  made.vpc_id = request.vpc_id;
  made.target_type = request.target_type.value_or("instance");
  made.ip_address_type = "ipv4";
  made.health_check_enabled = true;
  made.health_check_protocol = "HTTP";
  made.health_check_port = "traffic-port";
  made.health_check_path = "/";
  made.health_check_interval_seconds = 30;
  made.health_check_timeout_seconds = 5;
  made.healthy_threshold_count = 5;
  made.unhealthy_threshold_count = 2;
  made.matcher = Matcher{.http_code = "200"};
  apply_health_check(made, request);
  auto known = all_where<TargetGroup>(call, "name = ?3", {request.name});
  if (!known.empty()) {
    if (is_same(known[0], made)) return {.target_groups = {with_load_balancers(call, known[0])}};
    throw DuplicateTargetGroupNameException(fmt::format(
        "A target group with the same name '{}' exists, but with different settings", request.name));
  }
  made.target_group_arn =
      aws::arn("elasticloadbalancing", call,
               fmt::format("targetgroup/{}/{}", request.name, service.use().random.hex(16)));
  insert(call, made, {.arn = *made.target_group_arn, .name = request.name});
  write_tags(call, *made.target_group_arn, request.tags);
  return {.target_groups = {made}};
}

DeleteTargetGroupOutput delete_target_group(Service& service, Call& call,
                                            const DeleteTargetGroupInput& request) {
  const std::string& arn = request.target_group_arn;
  if (!find<TargetGroup>(call, arn)) return {};
  if (!load_balancers_of_group(call, arn).empty()) {
    throw ResourceInUseException(
        fmt::format("Target group '{}' is currently in use by a listener or a rule", arn));
  }
  call.transaction.run("DELETE FROM elbv2_target WHERE target_group = ?1", {arn});
  delete_record(call, arn);
  service.changed(call.transaction);
  return {};
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetGroups.html
DescribeTargetGroupsOutput describe_target_groups(Service&, Call& call,
                                                  const DescribeTargetGroupsInput& request) {
  DescribeTargetGroupsOutput result;
  if (request.load_balancer_arn) require_load_balancer(call, *request.load_balancer_arn);
  bool by_name = !request.target_group_arns.empty() || !request.names.empty();
  std::vector<TargetGroup> found;
  if (!by_name) found = all_where<TargetGroup>(call, "1", {});
  for (const std::string& arn : request.target_group_arns) found.push_back(require_target_group(call, arn));
  for (const std::string& name : request.names) {
    auto named = all_where<TargetGroup>(call, "name = ?3", {name});
    if (named.empty()) throw TargetGroupNotFoundException("One or more target groups not found");
    found.push_back(named.front());
  }
  for (TargetGroup& each : found) {
    TargetGroup group = with_load_balancers(call, std::move(each));
    const auto& balancers = group.load_balancer_arns;
    bool wanted = !request.load_balancer_arn ||
                  std::ranges::find(balancers, *request.load_balancer_arn) != balancers.end();
    if (wanted) result.target_groups.push_back(std::move(group));
  }
  result.next_marker = take_page(result.target_groups, request.page_size, request.marker);
  return result;
}

ModifyTargetGroupOutput modify_target_group(Service& service, Call& call,
                                            const ModifyTargetGroupInput& request) {
  TargetGroup group = require_target_group(call, request.target_group_arn);
  apply_health_check(group, request);
  replace(call, request.target_group_arn, group);
  service.changed(call.transaction);
  return {.target_groups = {with_load_balancers(call, group)}};
}

}  // namespace holm::elbv2
