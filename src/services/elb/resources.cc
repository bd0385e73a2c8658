// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-elasticloadbalancing-loadbalancer.html

#include "services/elb/resources.h"

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "elb/operations.h"
#include "services/elb/listeners.h"
#include "services/elb/records.h"
#include "services/elb/security_policies.h"
#include "stacks/numbers.h"

namespace holm::elb {

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

constexpr size_t kNameMax = 32;

constexpr PropertySchema required(std::string_view name, PropertyKind kind = PropertyKind::String) {
  return {.name = name, .kind = kind, .presence = Presence::Required};
}
constexpr PropertySchema texts(std::string_view name, Update update = Update::NoInterruption) {
  return {.name = name, .kind = PropertyKind::List, .update = update};
}
constexpr PropertySchema objects(std::string_view name, std::span<const PropertySchema> members,
                                 Presence presence = Presence::Optional) {
  return {.name = name,
          .kind = PropertyKind::List,
          .presence = presence,
          .element = PropertyKind::Object,
          .members = members};
}
constexpr PropertySchema object(std::string_view name, std::span<const PropertySchema> members,
                                Update update = Update::NoInterruption) {
  return {.name = name, .kind = PropertyKind::Object, .update = update, .members = members};
}

constexpr PropertySchema kAccessLog[] = {required("Enabled", PropertyKind::Boolean),
                                         required("S3BucketName"),
                                         {.name = "S3BucketPrefix"},
                                         {.name = "EmitInterval", .kind = PropertyKind::Integer}};
constexpr PropertySchema kDraining[] = {required("Enabled", PropertyKind::Boolean),
                                        {.name = "Timeout", .kind = PropertyKind::Integer}};
constexpr PropertySchema kSettings[] = {required("IdleTimeout", PropertyKind::Integer)};
constexpr PropertySchema kHealthCheck[] = {required("Target"), required("Interval", PropertyKind::Integer),
                                           required("Timeout", PropertyKind::Integer),
                                           required("UnhealthyThreshold", PropertyKind::Integer),
                                           required("HealthyThreshold", PropertyKind::Integer)};
constexpr PropertySchema kListener[] = {required("Protocol"),
                                        required("LoadBalancerPort", PropertyKind::Integer),
                                        required("InstancePort", PropertyKind::Integer),
                                        {.name = "InstanceProtocol"},
                                        {.name = "SSLCertificateId"},
                                        texts("PolicyNames")};
constexpr PropertySchema kApplicationCookie[] = {required("CookieName"), required("PolicyName")};
constexpr PropertySchema kBalancerCookie[] = {{.name = "CookieExpirationPeriod"}, {.name = "PolicyName"}};
constexpr PropertySchema kAttribute[] = {required("Name"), required("Value")};
constexpr PropertySchema kPolicy[] = {required("PolicyName"), required("PolicyType"),
                                      objects("Attributes", kAttribute, Presence::Required),
                                      texts("InstancePorts"), texts("LoadBalancerPorts")};

std::vector<std::string> without(std::vector<std::string> from, const std::vector<std::string>& these) {
  std::erase_if(from, [&](const std::string& each) { return std::ranges::find(these, each) != these.end(); });
  return from;
}

int32_t port_of(const std::string& text) {
  const auto port = parse_integer(text);
  if (!port || *port < 1 || *port > 65535) refuse("A policy cannot be given to a port that is none: " + text);
  return static_cast<int32_t>(*port);
}

int32_t port_in(const Properties& listener, std::string_view name) {
  return static_cast<int32_t>(listener.integer(name, 0));
}

std::vector<Listener> listeners_in(const Properties& wanted) {
  std::vector<Listener> listeners;
  for (const Properties& each : wanted.objects("Listeners")) {
    Listener made;
    made.protocol = each.text("Protocol");
    made.load_balancer_port = port_in(each, "LoadBalancerPort");
    made.instance_protocol = each.find_text("InstanceProtocol");
    made.instance_port = port_in(each, "InstancePort");
    made.ssl_certificate_id = each.find_text("SSLCertificateId");
    listeners.push_back(std::move(made));
  }
  return listeners;
}

std::vector<Instance> instances_of(const std::vector<std::string>& ids) {
  std::vector<Instance> instances;
  for (const std::string& each : ids) instances.push_back({.instance_id = each});
  return instances;
}

std::vector<Tag> tags_of(const Context& context, const Properties& wanted) {
  std::vector<Tag> tags;
  for (const stacks::Tag& tag : context.tags(wanted.tags()))
    tags.push_back({.key = tag.key, .value = tag.value});
  return tags;
}

LoadBalancerDescription described(Context& context, const std::string& name) {
  return context.invoke<DescribeLoadBalancers>({.load_balancer_names = {name}})
      .load_balancer_descriptions.at(0);
}

// What is not said is as it is without a word; `was` says what has to be taken back.
void set_attributes(Context& context, const std::string& name, const Properties* was,
                    const Properties& wanted) {
  LoadBalancerAttributes attributes;
  const bool is_update = was != nullptr;
  if (is_update || wanted.has("CrossZone")) {
    attributes.cross_zone_load_balancing =
        CrossZoneLoadBalancing{.enabled = wanted.boolean("CrossZone", false)};
  }
  const auto settings = wanted.find_object("ConnectionSettings");
  if (is_update || settings) {
    const int64_t idle = settings ? settings->integer("IdleTimeout", 60) : 60;
    attributes.connection_settings = ConnectionSettings{.idle_timeout = static_cast<int32_t>(idle)};
  }
  const auto draining = wanted.find_object("ConnectionDrainingPolicy");
  if (is_update || draining) {
    attributes.connection_draining =
        ConnectionDraining{.enabled = draining && draining->boolean("Enabled", false)};
    attributes.connection_draining->timeout = 300;
    if (draining)
      attributes.connection_draining->timeout = stacks::number(*draining, "Timeout").value_or(300);
  }
  const auto log = wanted.find_object("AccessLoggingPolicy");
  if (log || (was && was->has("AccessLoggingPolicy"))) {
    attributes.access_log = AccessLog{.enabled = log && log->boolean("Enabled", false)};
    if (log) {
      attributes.access_log->s3_bucket_name = log->find_text("S3BucketName");
      attributes.access_log->s3_bucket_prefix = log->find_text("S3BucketPrefix");
      attributes.access_log->emit_interval = stacks::number(*log, "EmitInterval");
    }
  }
  context.invoke<ModifyLoadBalancerAttributes>(
      {.load_balancer_name = name, .load_balancer_attributes = attributes});
}

void set_health_check(Context& context, const std::string& name, const Properties& wanted) {
  const auto given = wanted.find_object("HealthCheck");
  if (!given) return;
  auto number = [&](std::string_view member) { return static_cast<int32_t>(given->integer(member, 0)); };
  HealthCheck check;
  check.target = given->text("Target");
  check.interval = number("Interval");
  check.timeout = number("Timeout");
  check.unhealthy_threshold = number("UnhealthyThreshold");
  check.healthy_threshold = number("HealthyThreshold");
  context.invoke<ConfigureHealthCheck>({.load_balancer_name = name, .health_check = check});
}

void create_policies(Context& context, const std::string& name, const Properties& wanted) {
  for (const Properties& each : wanted.objects("AppCookieStickinessPolicy")) {
    context.invoke<CreateAppCookieStickinessPolicy>({.load_balancer_name = name,
                                                     .policy_name = each.text("PolicyName"),
                                                     .cookie_name = each.text("CookieName")});
  }
  for (const Properties& each : wanted.objects("LBCookieStickinessPolicy")) {
    std::vector<PolicyAttribute> given;
    if (const auto period = each.find_text("CookieExpirationPeriod")) {
      given.push_back({.attribute_name = "CookieExpirationPeriod", .attribute_value = *period});
    }
    context.invoke<CreateLoadBalancerPolicy>({.load_balancer_name = name,
                                              .policy_name = each.text("PolicyName"),
                                              .policy_type_name = "LBCookieStickinessPolicyType",
                                              .policy_attributes = given});
  }
  for (const Properties& each : wanted.objects("Policies")) {
    std::vector<PolicyAttribute> given;
    for (const Properties& attribute : each.objects("Attributes")) {
      given.push_back({.attribute_name = attribute.text("Name"), .attribute_value = attribute.text("Value")});
    }
    context.invoke<CreateLoadBalancerPolicy>({.load_balancer_name = name,
                                              .policy_name = each.text("PolicyName"),
                                              .policy_type_name = each.text("PolicyType"),
                                              .policy_attributes = given});
  }
}

// Gives listeners and ports of instances the policies that the template names there.
void enable_policies(Context& context, const std::string& name, const Properties& wanted) {
  std::map<std::string, std::vector<std::string>> of_listeners, of_instances;
  for (const Properties& each : wanted.objects("Listeners")) {
    of_listeners[std::to_string(port_in(each, "LoadBalancerPort"))] = each.texts("PolicyNames");
  }
  for (const Properties& each : wanted.objects("Policies")) {
    for (const std::string& port : each.texts("LoadBalancerPorts")) {
      of_listeners[port].push_back(each.text("PolicyName"));
    }
    for (const std::string& port : each.texts("InstancePorts"))
      of_instances[port].push_back(each.text("PolicyName"));
  }
  for (const auto& [port, names] : of_listeners) {
    if (names.empty()) continue;
    context.invoke<SetLoadBalancerPoliciesOfListener>(
        {.load_balancer_name = name, .load_balancer_port = port_of(port), .policy_names = names});
  }
  for (const auto& [port, names] : of_instances) {
    context.invoke<SetLoadBalancerPoliciesForBackendServer>(
        {.load_balancer_name = name, .instance_port = port_of(port), .policy_names = names});
  }
}

// Takes all policies away, and those that listeners have by themselves back to where they were.
void remove_policies(Context& context, const std::string& name) {
  for (const ListenerDescription& each : described(context, name).listener_descriptions) {
    std::vector<std::string> usual;
    if (is_secure(each.listener->protocol)) usual.emplace_back(kDefaultSecurityPolicy);
    context.invoke<SetLoadBalancerPoliciesOfListener>(
        {.load_balancer_name = name,
         .load_balancer_port = each.listener->load_balancer_port,
         .policy_names = usual});
  }
  for (const BackendServerDescription& each : described(context, name).backend_server_descriptions) {
    context.invoke<SetLoadBalancerPoliciesForBackendServer>(
        {.load_balancer_name = name, .instance_port = *each.instance_port, .policy_names = {}});
  }
  const auto policies = context.invoke<DescribeLoadBalancerPolicies>({.load_balancer_name = name});
  for (const PolicyDescription& each : policies.policy_descriptions) {
    if (predefined_policy(*each.policy_name)) continue;
    context.invoke<DeleteLoadBalancerPolicy>({.load_balancer_name = name, .policy_name = *each.policy_name});
  }
}

// Only a certificate can be changed where it is.
void update_listeners(Context& context, const std::string& name, const Properties& was,
                      const Properties& wanted) {
  const std::vector<Listener> before = listeners_in(was), now = listeners_in(wanted);
  auto is_kept = [](const Listener& listener, const std::vector<Listener>& among) {
    return std::ranges::any_of(among, [&](Listener each) {
      each.ssl_certificate_id = listener.ssl_certificate_id;
      return is_same_listener(each, listener);
    });
  };
  std::vector<int32_t> gone;
  for (const Listener& each : before) {
    if (!is_kept(each, now)) gone.push_back(each.load_balancer_port);
  }
  if (!gone.empty()) {
    context.invoke<DeleteLoadBalancerListeners>({.load_balancer_name = name, .load_balancer_ports = gone});
  }
  for (const Listener& each : now) {
    if (!is_kept(each, before)) {
      context.invoke<CreateLoadBalancerListeners>({.load_balancer_name = name, .listeners = {each}});
    } else if (each.ssl_certificate_id) {
      context.invoke<SetLoadBalancerListenerSSLCertificate>({.load_balancer_name = name,
                                                             .load_balancer_port = each.load_balancer_port,
                                                             .ssl_certificate_id = *each.ssl_certificate_id});
    }
  }
}

void update_subnets(Context& context, const std::string& name, const Properties& wanted) {
  const std::vector<std::string> have = described(context, name).subnets, now = wanted.texts("Subnets");
  const std::vector<std::string> more = without(now, have), gone = without(have, now);
  auto attach = [&] {
    if (!more.empty())
      context.invoke<AttachLoadBalancerToSubnets>({.load_balancer_name = name, .subnets = more});
  };
  // A zone has one subnet, and there is always one.
  const bool stays_somewhere = gone.size() < have.size();
  if (!stays_somewhere) attach();
  if (!gone.empty())
    context.invoke<DetachLoadBalancerFromSubnets>({.load_balancer_name = name, .subnets = gone});
  if (stays_somewhere) attach();
}

void update_zones(Context& context, const std::string& name, const Properties& wanted) {
  const std::vector<std::string> have = described(context, name).availability_zones;
  const std::vector<std::string> now = wanted.texts("AvailabilityZones");
  const std::vector<std::string> more = without(now, have), gone = without(have, now);
  if (!more.empty()) {
    context.invoke<EnableAvailabilityZonesForLoadBalancer>(
        {.load_balancer_name = name, .availability_zones = more});
  }
  if (!gone.empty()) {
    context.invoke<DisableAvailabilityZonesForLoadBalancer>(
        {.load_balancer_name = name, .availability_zones = gone});
  }
}

void update_instances(Context& context, const std::string& name, const Properties& was,
                      const Properties& wanted) {
  const std::vector<std::string> before = was.texts("Instances"), now = wanted.texts("Instances");
  const std::vector<std::string> more = without(now, before), gone = without(before, now);
  if (!more.empty()) {
    context.invoke<RegisterInstancesWithLoadBalancer>(
        {.load_balancer_name = name, .instances = instances_of(more)});
  }
  if (!gone.empty()) {
    context.invoke<DeregisterInstancesFromLoadBalancer>(
        {.load_balancer_name = name, .instances = instances_of(gone)});
  }
}

void update_tags(Context& context, const Existing& was, const Properties& wanted) {
  std::vector<TagKeyOnly> gone;
  for (const std::string& key : stacks::keys_gone(was, was.properties.tags(), context.tags(wanted.tags()))) {
    gone.push_back({.key = key});
  }
  if (!gone.empty()) context.invoke<RemoveTags>({.load_balancer_names = {was.physical_id}, .tags = gone});
  const std::vector<Tag> now = tags_of(context, wanted);
  if (!now.empty()) context.invoke<AddTags>({.load_balancer_names = {was.physical_id}, .tags = now});
}

class LoadBalancerType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::ElasticLoadBalancing::LoadBalancer"; }
  std::span<const PropertySchema> properties() const override {
    static constexpr PropertySchema kAll[] = {{.name = "LoadBalancerName", .update = Update::Replacement},
                                              {.name = "Scheme", .update = Update::Replacement},
                                              objects("Listeners", kListener, Presence::Required),
                                              texts("AvailabilityZones", Update::Conditional),
                                              texts("Subnets", Update::Conditional),
                                              texts("SecurityGroups"),
                                              texts("Instances"),
                                              object("HealthCheck", kHealthCheck, Update::Conditional),
                                              objects("AppCookieStickinessPolicy", kApplicationCookie),
                                              objects("LBCookieStickinessPolicy", kBalancerCookie),
                                              objects("Policies", kPolicy),
                                              {.name = "CrossZone", .kind = PropertyKind::Boolean},
                                              object("ConnectionDrainingPolicy", kDraining),
                                              object("ConnectionSettings", kSettings),
                                              object("AccessLoggingPolicy", kAccessLog),
                                              objects("Tags", stacks::kTagSchema)};
    return kAll;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view kAll[] = {"DNSName", "CanonicalHostedZoneName",
                                                "CanonicalHostedZoneNameID", "SourceSecurityGroup.GroupName",
                                                "SourceSecurityGroup.OwnerAlias"};
    return kAll;
  }
  // Where there was nothing of it or is nothing left.
  bool replaces(const Properties& was, const Properties& wanted, std::string_view property) const override {
    return was.has(property) != wanted.has(property);
  }
  Created create(Context& context, const Properties& wanted) const override {
    const std::string name = wanted.find_text("LoadBalancerName").value_or(context.name(kNameMax));
    context.invoke<CreateLoadBalancer>({.load_balancer_name = name,
                                        .listeners = listeners_in(wanted),
                                        .availability_zones = wanted.texts("AvailabilityZones"),
                                        .subnets = wanted.texts("Subnets"),
                                        .security_groups = wanted.texts("SecurityGroups"),
                                        .scheme = wanted.find_text("Scheme"),
                                        .tags = tags_of(context, wanted)});
    set_attributes(context, name, nullptr, wanted);
    set_health_check(context, name, wanted);
    create_policies(context, name, wanted);
    enable_policies(context, name, wanted);
    const std::vector<std::string> instances = wanted.texts("Instances");
    if (!instances.empty()) {
      context.invoke<RegisterInstancesWithLoadBalancer>(
          {.load_balancer_name = name, .instances = instances_of(instances)});
    }
    return {name, attributes_of(described(context, name))};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    const std::string& name = was.physical_id;
    auto differs = [&](std::string_view property) {
      return stacks::differs(was.properties, wanted, property);
    };
    if (wanted.has("Subnets") && differs("Subnets")) update_subnets(context, name, wanted);
    if (wanted.has("AvailabilityZones") && differs("AvailabilityZones")) update_zones(context, name, wanted);
    if (wanted.has("SecurityGroups") && differs("SecurityGroups")) {
      context.invoke<ApplySecurityGroupsToLoadBalancer>(
          {.load_balancer_name = name, .security_groups = wanted.texts("SecurityGroups")});
    }
    set_attributes(context, name, &was.properties, wanted);
    set_health_check(context, name, wanted);
    constexpr std::string_view kOfPolicies[] = {"Listeners", "Policies", "AppCookieStickinessPolicy",
                                                "LBCookieStickinessPolicy"};
    if (std::ranges::any_of(kOfPolicies, differs)) {
      remove_policies(context, name);
      update_listeners(context, name, was.properties, wanted);
      create_policies(context, name, wanted);
      enable_policies(context, name, wanted);
    }
    update_instances(context, name, was.properties, wanted);
    update_tags(context, was, wanted);
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    context.invoke<DeleteLoadBalancer>({.load_balancer_name = resource.physical_id});
  }
  Progress check(Context& context, const Existing& resource) const override {
    return stacks::ready(attributes_of(described(context, resource.physical_id)));
  }

 private:
  static formats::Object attributes_of(const LoadBalancerDescription& told) {
    formats::Object attributes;
    attributes.set("DNSName", *told.dns_name);
    attributes.set("CanonicalHostedZoneName", told.canonical_hosted_zone_name.value_or(*told.dns_name));
    attributes.set("CanonicalHostedZoneNameID", *told.canonical_hosted_zone_name_id);
    attributes.set("SourceSecurityGroup.GroupName", told.source_security_group->group_name.value_or(""));
    attributes.set("SourceSecurityGroup.OwnerAlias", told.source_security_group->owner_alias.value_or(""));
    return attributes;
  }
};

}  // namespace

std::vector<std::unique_ptr<stacks::ResourceType>> resource_types() {
  std::vector<std::unique_ptr<stacks::ResourceType>> types;
  types.push_back(std::make_unique<LoadBalancerType>());
  return types;
}

}  // namespace holm::elb
