// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_ElasticLoadBalancingV2.html

#include "services/elbv2/resources.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/codec/json_codec.h"
#include "aws/service/error.h"
#include "elbv2/operations.h"
#include "elbv2/schema.h"
#include "formats/json.h"
#include "services/elbv2/listener_certificate_resource.h"
#include "services/elbv2/records.h"
#include "services/elbv2/trust_store_resource.h"
#include "stacks/numbers.h"

namespace holm::elbv2 {

namespace {

using stacks::Context;
using stacks::Created;
using stacks::Existing;
using stacks::Presence;
using stacks::Progress;
using stacks::Properties;
using stacks::PropertyKind;
using stacks::PropertySchema;
using stacks::Removal;
using stacks::Update;

constexpr PropertySchema list_of_texts(std::string_view name, Update update = Update::NoInterruption) {
  return {.name = name, .kind = PropertyKind::List, .update = update};
}
constexpr PropertySchema integer(std::string_view name, Update update = Update::NoInterruption) {
  return {.name = name, .kind = PropertyKind::Integer, .update = update};
}
constexpr PropertySchema objects(std::string_view name, std::span<const PropertySchema> members) {
  return {.name = name, .kind = PropertyKind::List, .element = PropertyKind::Object, .members = members};
}
constexpr PropertySchema object(std::string_view name, std::span<const PropertySchema> members) {
  return {.name = name, .kind = PropertyKind::Object, .members = members};
}

// Key and Value of an attribute.
constexpr PropertySchema kAttribute[] = {{.name = "Key"}, {.name = "Value"}};
constexpr PropertySchema kMatcher[] = {{.name = "HttpCode"}, {.name = "GrpcCode"}};
constexpr PropertySchema kTarget[] = {{.name = "Id", .presence = Presence::Required}, integer("Port")};
constexpr PropertySchema kTuple[] = {{.name = "TargetGroupArn"}, integer("Weight")};
constexpr PropertySchema kStickiness[] = {{.name = "Enabled", .kind = PropertyKind::Boolean},
                                          integer("DurationSeconds")};
constexpr PropertySchema kForward[] = {objects("TargetGroups", kTuple),
                                       object("TargetGroupStickinessConfig", kStickiness)};
constexpr PropertySchema kFixed[] = {
    {.name = "ContentType"}, {.name = "MessageBody"}, {.name = "StatusCode"}};
constexpr PropertySchema kRedirect[] = {{.name = "Host"},  {.name = "Path"},     {.name = "Port"},
                                        {.name = "Query"}, {.name = "Protocol"}, {.name = "StatusCode"}};
constexpr PropertySchema kAction[] = {{.name = "Type", .presence = Presence::Required},
                                      {.name = "TargetGroupArn"},
                                      integer("Order"),
                                      object("ForwardConfig", kForward),
                                      object("FixedResponseConfig", kFixed),
                                      object("RedirectConfig", kRedirect)};
constexpr PropertySchema kValues[] = {list_of_texts("Values")};
constexpr PropertySchema kPatterns[] = {list_of_texts("Values"), list_of_texts("RegexValues")};
constexpr PropertySchema kHeader[] = {
    {.name = "HttpHeaderName"}, list_of_texts("Values"), list_of_texts("RegexValues")};
constexpr PropertySchema kPair[] = {{.name = "Key"}, {.name = "Value"}};
constexpr PropertySchema kQuery[] = {objects("Values", kPair)};
constexpr PropertySchema kCondition[] = {{.name = "Field"},
                                         list_of_texts("Values"),
                                         list_of_texts("RegexValues"),
                                         object("HostHeaderConfig", kPatterns),
                                         object("PathPatternConfig", kPatterns),
                                         object("HttpHeaderConfig", kHeader),
                                         object("QueryStringConfig", kQuery),
                                         object("HttpRequestMethodConfig", kValues),
                                         object("SourceIpConfig", kValues)};
constexpr PropertySchema kRewrite[] = {{.name = "Regex", .presence = Presence::Required},
                                       {.name = "Replace", .presence = Presence::Required}};
constexpr PropertySchema kRewrites[] = {objects("Rewrites", kRewrite)};
constexpr PropertySchema kTransform[] = {{.name = "Type", .presence = Presence::Required},
                                         object("HostHeaderRewriteConfig", kRewrites),
                                         object("UrlRewriteConfig", kRewrites)};
constexpr PropertySchema kMutual[] = {{.name = "Mode"},
                                      {.name = "TrustStoreArn"},
                                      {.name = "IgnoreClientCertificateExpiry", .kind = PropertyKind::Boolean},
                                      {.name = "AdvertiseTrustStoreCaNames"}};

constexpr PropertySchema kSubnetMapping[] = {
    {.name = "SubnetId"}, {.name = "PrivateIPv4Address"}, {.name = "AllocationId"}};
constexpr PropertySchema kCertificate[] = {{.name = "CertificateArn"}};

constexpr PropertySchema kTags = {.name = "Tags",
                                  .kind = PropertyKind::List,
                                  .element = PropertyKind::Object,
                                  .members = stacks::kTagSchema};

// The template's names are those of the API, so its objects are read as the API's documents.
template <class T>
std::vector<T> read_all(const Properties& properties, std::string_view name) {
  std::vector<T> result;
  for (const Properties& each : properties.objects(name)) {
    T value;
    aws::start_reading(value);
    auto read = aws::read_json(formats::write_json(each.value()), shape_of(value), &value);
    CHECK(read.has_value());
    result.push_back(std::move(value));
  }
  return result;
}

// What is not said any more is off, as without the property.
std::optional<MutualAuthenticationAttributes> mutual_of(const Properties& wanted) {
  const auto given = wanted.find_object("MutualAuthentication");
  if (!given) return wanted.find_text("Protocol") == "HTTPS" ? MutualAuthenticationAttributes{.mode = "off"}
                                                             : std::optional<MutualAuthenticationAttributes>();
  return MutualAuthenticationAttributes{
      .mode = given->find_text("Mode"),
      .trust_store_arn = given->find_text("TrustStoreArn"),
      .ignore_client_certificate_expiry = given->find_boolean("IgnoreClientCertificateExpiry"),
      .advertise_trust_store_ca_names = given->find_text("AdvertiseTrustStoreCaNames")};
}

std::vector<Tag> tags_of(const Context& context, const Properties& wanted) {
  std::vector<Tag> tags;
  for (const stacks::Tag& tag : context.tags(wanted.tags())) {
    tags.push_back({.key = tag.key, .value = tag.value});
  }
  return tags;
}

void update_tags(Context& context, const Existing& was, const Properties& wanted) {
  const std::vector<Tag> now = tags_of(context, wanted);
  const auto gone = stacks::keys_gone(was, was.properties.tags(), context.tags(wanted.tags()));
  if (!gone.empty()) context.invoke<RemoveTags>({.resource_arns = {was.physical_id}, .tag_keys = gone});
  if (!now.empty()) context.invoke<AddTags>({.resource_arns = {was.physical_id}, .tags = now});
}

// The end of the ARN: "app/name/0123456789abcdef", "targetgroup/name/…".
std::string after_last_colon(const std::string& arn) { return arn.substr(arn.rfind(':') + 1); }

class LoadBalancerType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::ElasticLoadBalancingV2::LoadBalancer"; }
  std::span<const PropertySchema> properties() const override {
    static constexpr PropertySchema kAll[] = {{.name = "Name", .update = Update::Replacement},
                                              {.name = "Type", .update = Update::Replacement},
                                              {.name = "Scheme", .update = Update::Replacement},
                                              {.name = "IpAddressType", .update = Update::Replacement},
                                              list_of_texts("Subnets"),
                                              objects("SubnetMappings", kSubnetMapping),
                                              list_of_texts("SecurityGroups"),
                                              objects("LoadBalancerAttributes", kAttribute),
                                              kTags};
    return kAll;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view kAll[] = {"DNSName",          "CanonicalHostedZoneID",
                                                "LoadBalancerArn",  "LoadBalancerFullName",
                                                "LoadBalancerName", "SecurityGroups"};
    return kAll;
  }
  Created create(Context& context, const Properties& wanted) const override {
    auto made =
        context.invoke<CreateLoadBalancer>({.name = wanted.find_text("Name").value_or(context.name(32)),
                                            .subnets = wanted.texts("Subnets"),
                                            .subnet_mappings = read_all<SubnetMapping>(wanted, "SubnetMappings"),
                                            .security_groups = wanted.texts("SecurityGroups"),
                                            .scheme = wanted.find_text("Scheme"),
                                            .tags = tags_of(context, wanted),
                                            .type = wanted.find_text("Type"),
                                            .ip_address_type = wanted.find_text("IpAddressType")});
    const LoadBalancer& described = made.load_balancers.front();
    std::string arn = *described.load_balancer_arn;
    set_attributes(context, arn, wanted);
    return {arn, attributes_of(described)};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    set_attributes(context, was.physical_id, wanted);
    if (stacks::differs(was.properties, wanted, "Subnets") ||
        stacks::differs(was.properties, wanted, "SubnetMappings")) {
      context.invoke<SetSubnets>({.load_balancer_arn = was.physical_id,
                                  .subnets = wanted.texts("Subnets"),
                                  .subnet_mappings = read_all<SubnetMapping>(wanted, "SubnetMappings")});
    }
    if (stacks::differs(was.properties, wanted, "SecurityGroups")) {
      context.invoke<SetSecurityGroups>(
          {.load_balancer_arn = was.physical_id, .security_groups = wanted.texts("SecurityGroups")});
    }
    update_tags(context, was, wanted);
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    context.invoke<DeleteLoadBalancer>({.load_balancer_arn = resource.physical_id});
  }
  Progress check(Context& context, const Existing& resource) const override {
    auto found = context.invoke<DescribeLoadBalancers>({.load_balancer_arns = {resource.physical_id}});
    const LoadBalancer& described = found.load_balancers.front();
    if (described.state->code != "active") return stacks::in_progress();
    return stacks::ready(attributes_of(described));
  }

 private:
  static formats::Object attributes_of(const LoadBalancer& described) {
    formats::Object attributes;
    attributes.set("LoadBalancerArn", *described.load_balancer_arn);
    attributes.set("DNSName", *described.dns_name);
    attributes.set("CanonicalHostedZoneID", *described.canonical_hosted_zone_id);
    attributes.set("LoadBalancerFullName", path_of(*described.load_balancer_arn));
    attributes.set("LoadBalancerName", *described.load_balancer_name);
    formats::Array groups;
    for (const std::string& each : described.security_groups) groups.push_back(each);
    attributes.set("SecurityGroups", std::move(groups));
    return attributes;
  }
  static void set_attributes(Context& context, const std::string& arn, const Properties& wanted) {
    auto given = read_all<LoadBalancerAttribute>(wanted, "LoadBalancerAttributes");
    if (given.empty()) return;
    context.invoke<ModifyLoadBalancerAttributes>({.load_balancer_arn = arn, .attributes = std::move(given)});
  }
};

class TargetGroupType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::ElasticLoadBalancingV2::TargetGroup"; }
  std::span<const PropertySchema> properties() const override {
    static constexpr PropertySchema kAll[] = {{.name = "Name", .update = Update::Replacement},
                                              {.name = "Protocol", .update = Update::Replacement},
                                              {.name = "ProtocolVersion", .update = Update::Replacement},
                                              integer("Port", Update::Replacement),
                                              {.name = "VpcId", .update = Update::Replacement},
                                              {.name = "TargetType", .update = Update::Replacement},
                                              {.name = "HealthCheckProtocol"},
                                              {.name = "HealthCheckPort"},
                                              {.name = "HealthCheckPath"},
                                              {.name = "HealthCheckEnabled", .kind = PropertyKind::Boolean},
                                              integer("HealthCheckIntervalSeconds"),
                                              integer("HealthCheckTimeoutSeconds"),
                                              integer("HealthyThresholdCount"),
                                              integer("UnhealthyThresholdCount"),
                                              object("Matcher", kMatcher),
                                              objects("Targets", kTarget),
                                              objects("TargetGroupAttributes", kAttribute),
                                              kTags};
    return kAll;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view kAll[] = {"TargetGroupArn", "TargetGroupFullName", "TargetGroupName",
                                                "LoadBalancerArns"};
    return kAll;
  }
  Created create(Context& context, const Properties& wanted) const override {
    CreateTargetGroupInput request{.name = wanted.find_text("Name").value_or(context.name(32)),
                                   .protocol = wanted.find_text("Protocol"),
                                   .protocol_version = wanted.find_text("ProtocolVersion"),
                                   .port = stacks::number(wanted, "Port"),
                                   .vpc_id = wanted.find_text("VpcId"),
                                   .target_type = wanted.find_text("TargetType"),
                                   .tags = tags_of(context, wanted)};
    fill_health_check(request, wanted);
    auto made = context.invoke<CreateTargetGroup>(request);
    std::string arn = *made.target_groups.front().target_group_arn;
    set_attributes(context, arn, wanted);
    register_new(context, arn, nullptr, wanted);
    return {arn, attributes_of(made.target_groups.front())};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    ModifyTargetGroupInput request{.target_group_arn = was.physical_id};
    fill_health_check(request, wanted);
    context.invoke<ModifyTargetGroup>(request);
    set_attributes(context, was.physical_id, wanted);
    register_new(context, was.physical_id, &was.properties, wanted);
    update_tags(context, was, wanted);
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    context.invoke<DeleteTargetGroup>({.target_group_arn = resource.physical_id});
  }
  // The load balancers are those of now, so they are asked for when the group is complete.
  Progress check(Context& context, const Existing& resource) const override {
    auto found = context.invoke<DescribeTargetGroups>({.target_group_arns = {resource.physical_id}});
    return stacks::ready(attributes_of(found.target_groups.front()));
  }

 private:  template <class Request>
  static void fill_health_check(Request& request, const Properties& wanted) {
    request.health_check_protocol = wanted.find_text("HealthCheckProtocol");
    request.health_check_port = wanted.find_text("HealthCheckPort");
    request.health_check_path = wanted.find_text("HealthCheckPath");
    request.health_check_enabled = wanted.find_boolean("HealthCheckEnabled");
    request.health_check_interval_seconds = stacks::number(wanted, "HealthCheckIntervalSeconds");
    request.health_check_timeout_seconds = stacks::number(wanted, "HealthCheckTimeoutSeconds");
    request.healthy_threshold_count = stacks::number(wanted, "HealthyThresholdCount");
    request.unhealthy_threshold_count = stacks::number(wanted, "UnhealthyThresholdCount");
    if (auto matcher = wanted.find_object("Matcher")) {
      request.matcher = Matcher{.http_code = matcher->find_text("HttpCode"),
                                .grpc_code = matcher->find_text("GrpcCode")};
    }
  }
  static formats::Object attributes_of(const TargetGroup& group) {
    formats::Object attributes;
    attributes.set("TargetGroupArn", *group.target_group_arn);
    attributes.set("TargetGroupFullName", after_last_colon(*group.target_group_arn));
    attributes.set("TargetGroupName", *group.target_group_name);
    formats::Array load_balancers;
    for (const std::string& each : group.load_balancer_arns) load_balancers.push_back(each);
    attributes.set("LoadBalancerArns", std::move(load_balancers));
    return attributes;
  }
  static void set_attributes(Context& context, const std::string& arn, const Properties& wanted) {
    auto given = read_all<TargetGroupAttribute>(wanted, "TargetGroupAttributes");
    if (given.empty()) return;
    context.invoke<ModifyTargetGroupAttributes>({.target_group_arn = arn, .attributes = std::move(given)});
  }
  static void register_new(Context& context, const std::string& arn, const Properties* was,
                           const Properties& wanted) {
    auto now = read_all<TargetDescription>(wanted, "Targets");
    std::vector<TargetDescription> gone;
    if (was) gone = read_all<TargetDescription>(*was, "Targets");
    std::erase_if(gone, [&](const TargetDescription& old) {
      return std::ranges::any_of(
          now, [&](const TargetDescription& each) { return each.id == old.id && each.port == old.port; });
    });
    if (!gone.empty()) context.invoke<DeregisterTargets>({.target_group_arn = arn, .targets = gone});
    if (!now.empty()) context.invoke<RegisterTargets>({.target_group_arn = arn, .targets = now});
  }
};

class ListenerType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::ElasticLoadBalancingV2::Listener"; }
  std::span<const PropertySchema> properties() const override {
    static constexpr PropertySchema kAll[] = {
        {.name = "LoadBalancerArn", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "Protocol"},
        integer("Port"),
        {.name = "SslPolicy"},
        list_of_texts("AlpnPolicy"),
        objects("Certificates", kCertificate),
        objects("ListenerAttributes", kAttribute),
        object("MutualAuthentication", kMutual),
        objects("DefaultActions", kAction)};
    return kAll;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view kAll[] = {"ListenerArn"};
    return kAll;
  }
  Created create(Context& context, const Properties& wanted) const override {
    const std::string load_balancer = wanted.text("LoadBalancerArn");
    const auto port = static_cast<int32_t>(wanted.integer("Port", 0));
    // The operation gives a listener back that is there with the same settings; two resources are not one.
    if (find_listener_on(context.call, load_balancer, port)) {
      throw DuplicateListenerException(fmt::format(
          "A listener already exists on this port for this load balancer '{}'", load_balancer));
    }
    auto made =
        context.invoke<CreateListener>({.load_balancer_arn = load_balancer,
                                        .protocol = wanted.find_text("Protocol"),
                                        .port = port,
                                        .ssl_policy = wanted.find_text("SslPolicy"),
                                        .certificates = read_all<Certificate>(wanted, "Certificates"),
                                        .default_actions = read_all<Action>(wanted, "DefaultActions"),
                                        .alpn_policy = wanted.texts("AlpnPolicy"),
                                        .mutual_authentication = mutual_of(wanted)});
    std::string arn = *made.listeners.front().listener_arn;
    set_attributes(context, arn, wanted);
    formats::Object attributes;
    attributes.set("ListenerArn", arn);
    return {arn, std::move(attributes)};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    context.invoke<ModifyListener>({.listener_arn = was.physical_id,
                                    .port = static_cast<int32_t>(wanted.integer("Port", 0)),
                                    .protocol = wanted.find_text("Protocol"),
                                    .ssl_policy = wanted.find_text("SslPolicy"),
                                    .certificates = read_all<Certificate>(wanted, "Certificates"),
                                    .default_actions = read_all<Action>(wanted, "DefaultActions"),
                                    .alpn_policy = wanted.texts("AlpnPolicy"),
                                    .mutual_authentication = mutual_of(wanted)});
    set_attributes(context, was.physical_id, wanted);
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    if (!find<Listener>(context.call, resource.physical_id)) return;
    context.invoke<DeleteListener>({.listener_arn = resource.physical_id});
  }

 private:
  static void set_attributes(Context& context, const std::string& arn, const Properties& wanted) {
    auto given = read_all<ListenerAttribute>(wanted, "ListenerAttributes");
    if (given.empty()) return;
    context.invoke<ModifyListenerAttributes>({.listener_arn = arn, .attributes = std::move(given)});
  }
};

class ListenerRuleType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::ElasticLoadBalancingV2::ListenerRule"; }
  std::span<const PropertySchema> properties() const override {
    static constexpr PropertySchema kAll[] = {
        {.name = "ListenerArn", .presence = Presence::Required, .update = Update::Replacement},
        integer("Priority"),
        objects("Conditions", kCondition),
        objects("Actions", kAction),
        objects("Transforms", kTransform)};
    return kAll;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view kAll[] = {"RuleArn", "IsDefault"};
    return kAll;
  }
  Created create(Context& context, const Properties& wanted) const override {
    auto made = context.invoke<CreateRule>({.listener_arn = wanted.text("ListenerArn"),
                                            .conditions = read_all<RuleCondition>(wanted, "Conditions"),
                                            .priority = static_cast<int32_t>(wanted.integer("Priority", 0)),
                                            .actions = read_all<Action>(wanted, "Actions"),
                                            .transforms = read_all<RuleTransform>(wanted, "Transforms")});
    std::string arn = *made.rules.front().rule_arn;
    formats::Object attributes;
    attributes.set("RuleArn", arn);
    attributes.set("IsDefault", false);
    return {arn, std::move(attributes)};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    ModifyRuleInput request{.rule_arn = was.physical_id,
                            .conditions = read_all<RuleCondition>(wanted, "Conditions"),
                            .actions = read_all<Action>(wanted, "Actions"),
                            .transforms = read_all<RuleTransform>(wanted, "Transforms")};
    if (request.transforms.empty()) request.reset_transforms = true;
    context.invoke<ModifyRule>(request);
    if (!stacks::differs(was.properties, wanted, "Priority")) return;
    RulePriorityPair pair{.rule_arn = was.physical_id,
                          .priority = static_cast<int32_t>(wanted.integer("Priority", 0))};
    context.invoke<SetRulePriorities>({.rule_priorities = {pair}});
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    if (!find<Rule>(context.call, resource.physical_id)) return;
    context.invoke<DeleteRule>({.rule_arn = resource.physical_id});
  }
};

}  // namespace

std::vector<std::unique_ptr<stacks::ResourceType>> resource_types(Service& service) {
  std::vector<std::unique_ptr<stacks::ResourceType>> types;
  types.push_back(std::make_unique<LoadBalancerType>());
  types.push_back(std::make_unique<TargetGroupType>());
  types.push_back(std::make_unique<ListenerType>());
  types.push_back(std::make_unique<ListenerRuleType>());
  types.push_back(make_listener_certificate_type());
  types.push_back(make_trust_store_type(service));
  return types;
}

}  // namespace holm::elbv2
