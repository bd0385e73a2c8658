// Target groups.

#include <fmt/format.h>

#include "aws/service/region.h"
#include "base/strings.h"
#include "services/elbv2/function_targets.h"
#include "services/elbv2/kinds.h"
#include "services/elbv2/limits.h"
#include "services/elbv2/records.h"
#include "services/elbv2/service.h"
#include "services/elbv2/targets.h"

namespace holm::elbv2 {

namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw aws::ServiceError("ValidationError", 400, message);
}

// "200", "200-299", "200,202"; every code from 200 to 499, or of calls from 0 to 99.
void check_matcher(const TargetGroup& group, const Matcher& matcher) {
  const bool is_grpc = group.protocol_version == "GRPC";
  if (is_grpc ? matcher.http_code.has_value() : matcher.grpc_code.has_value()) {
    refuse(fmt::format("A {} code cannot be specified in the matcher of this target group",
                       is_grpc ? "HTTP" : "gRPC"));
  }
  if (is_grpc) {
    const std::string code = matcher.grpc_code.value_or("");
    if (!parse_call_matcher(code).empty()) return;
    refuse(fmt::format("Health check matcher GRPC code '{}' must be within '0-99' inclusive", code));
  }
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
  const bool is_function = *group.target_type == kFunctionType;
  if (is_function && (request.health_check_protocol || request.health_check_port)) {
    refuse("A health check protocol or port cannot be specified for target groups with target type 'lambda'");
  }
  const std::string before = group.health_check_protocol.value_or("HTTP");
  const std::string protocol = request.health_check_protocol.value_or(before);
  const bool is_known = protocol == "HTTP" || protocol == "HTTPS" ||
                        (protocol == "TCP" && carries_connections(group) && group.target_type != "alb");
  if (!is_known) {
    refuse(fmt::format("Health check protocol '{}' is not supported for this target group", protocol));
  }
  if (!request.health_check_enabled.value_or(true) && !is_function) {
    refuse("Health check enabled must be true for target groups with target type 'instance', 'ip' or 'alb'");
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
  take(group.health_check_enabled, request.health_check_enabled);
  take(group.health_check_protocol, request.health_check_protocol);
  take(group.health_check_port, request.health_check_port);
  take(group.health_check_path, request.health_check_path);
  take(group.health_check_interval_seconds, request.health_check_interval_seconds);
  take(group.health_check_timeout_seconds, request.health_check_timeout_seconds);
  take(group.healthy_threshold_count, request.healthy_threshold_count);
  take(group.unhealthy_threshold_count, request.unhealthy_threshold_count);
  if (request.matcher) {
    check_matcher(group, *request.matcher);
    group.matcher = request.matcher;
  }
  if (protocol == "TCP") {
    if (request.matcher || request.health_check_path) {
      refuse("A path or a matcher cannot be specified for health checks of the protocol 'TCP'");
    }
    group.matcher.reset();
    group.health_check_path.reset();
  } else if (!is_function) {
    if (!group.health_check_path) group.health_check_path = "/";
    if (!group.matcher) group.matcher = Matcher{.http_code = carries_connections(group) ? "200-399" : "200"};
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

void check_function_kind(const CreateTargetGroupInput& request) {
  if (request.protocol || request.port || request.vpc_id || !request.protocol_version.value_or("").empty()) {
    refuse("A protocol, a port or a VPC ID cannot be specified for target groups with target type 'lambda'");
  }
}

void check_kind(const CreateTargetGroupInput& request) {
  std::string type = request.target_type.value_or("instance");
  if (request.name.empty() || request.name.size() > 32) {
    refuse(fmt::format("Target group name '{}' cannot be longer than '32' characters", request.name));
  }
  if (request.ip_address_type.value_or("ipv4") != "ipv4") {
    throw aws::NotImplemented("CreateTargetGroup: IpAddressType " + *request.ip_address_type);
  }
  if (type == kFunctionType) {
    check_function_kind(request);
    return;
  }
  if (type != "instance" && type != "ip" && type != "alb") {
    throw aws::NotImplemented("CreateTargetGroup: TargetType " + type);
  }
  if (!request.protocol) refuse("A protocol must be specified");
  if (!request.port) refuse("A port must be specified");
  if (!request.vpc_id) refuse("A VPC ID must be specified");
  const std::string& protocol = *request.protocol;
  if (type == "alb" && protocol != "TCP") {
    refuse(fmt::format("Protocol '{}' is not supported for target groups with target type 'alb'", protocol));
  }
  if (protocol != "HTTP" && protocol != "HTTPS" && !carries_connections(protocol)) {
    throw aws::NotImplemented("CreateTargetGroup: Protocol " + *request.protocol);
  }
  // Terraform names an empty one where it was given none.
  const std::string version = request.protocol_version.value_or("");
  if (!version.empty() && carries_connections(protocol)) {
    refuse(fmt::format("A protocol version cannot be specified for target groups with the protocol '{}'",
                       protocol));
  }
  if (!version.empty() && version != "HTTP1" && version != "HTTP2" && version != "GRPC") {
    refuse(fmt::format("Protocol version '{}' must be one of 'HTTP1', 'HTTP2', 'GRPC'", version));
  }
}

TargetGroup with_defaults(const CreateTargetGroupInput& request) {
  TargetGroup made;
  made.target_group_name = request.name;
  made.target_type = request.target_type.value_or("instance");
  made.ip_address_type = "ipv4";
  made.health_check_path = "/";
  made.healthy_threshold_count = 5;
  made.unhealthy_threshold_count = 2;
  made.matcher = Matcher{.http_code = "200"};
  if (*made.target_type == kFunctionType) {
    made.health_check_enabled = false;
    made.health_check_interval_seconds = 35;
    made.health_check_timeout_seconds = 30;
    return made;
  }
  made.protocol = request.protocol;
  made.port = request.port;
  made.vpc_id = request.vpc_id;
  made.health_check_enabled = true;
  made.health_check_port = "traffic-port";
  made.health_check_interval_seconds = 30;
  if (!carries_connections(made)) {
    const std::string version = request.protocol_version.value_or("");
    made.protocol_version = version.empty() ? "HTTP1" : version;
    if (version == "GRPC") {
      made.health_check_path = "/AWS.ALB/healthcheck";
      made.matcher = Matcher{.grpc_code = "12"};
    }
    made.health_check_protocol = "HTTP";
    made.health_check_timeout_seconds = 5;
    return made;
  }
  constexpr int32_t kHttpTimeout = 6, kOtherTimeout = 10;
  made.health_check_protocol = request.health_check_protocol.value_or(made.target_type == "alb" ? "HTTP" : "TCP");
  made.health_check_timeout_seconds = made.health_check_protocol == "HTTP" ? kHttpTimeout : kOtherTimeout;
  made.matcher = Matcher{.http_code = "200-399"};
  return made;
}

bool is_same(const TargetGroup& a, const TargetGroup& b) {
  return a.protocol == b.protocol && a.port == b.port && a.vpc_id == b.vpc_id &&
         a.target_type == b.target_type && a.protocol_version == b.protocol_version;
}

}  // namespace

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
CreateTargetGroupOutput create_target_group(Service& service, Call& call,
                                            const CreateTargetGroupInput& request) {
  check_kind(request);
  TargetGroup made = with_defaults(request);
  apply_health_check(made, request);
  auto known = all_where<TargetGroup>(call, "name = ?3", {request.name});
  if (!known.empty()) {
    if (is_same(known[0], made)) return {.target_groups = {with_load_balancers(call, known[0])}};
    throw DuplicateTargetGroupNameException(fmt::format(
        "A target group with the same name '{}' exists, but with different settings", request.name));
  }
  require_room_for_target_group(call);
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
