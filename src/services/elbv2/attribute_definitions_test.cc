// Every name on AWS's lists is known here, with its default, and does what it says or is not accepted.

#include "services/elbv2/attribute_definitions.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

namespace holm::elbv2 {
namespace {

constexpr std::string_view kApplication = "arn:aws:elasticloadbalancing:r:1:loadbalancer/app/a/0";
constexpr std::string_view kNetwork = "arn:aws:elasticloadbalancing:r:1:loadbalancer/net/a/0";
constexpr std::string_view kGroup = "arn:aws:elasticloadbalancing:r:1:targetgroup/a/0";
constexpr std::string_view kListener = "arn:aws:elasticloadbalancing:r:1:listener/app/a/0/1";
constexpr std::string_view kNetworkListener = "arn:aws:elasticloadbalancing:r:1:listener/net/a/0/1";

struct Named {
  std::string_view arn;
  std::string_view key;
  std::string_view value;  // AWS's default.
};

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
constexpr Named kLoadBalancers[] = {
    {kApplication, "access_logs.s3.bucket", ""},
    {kApplication, "access_logs.s3.enabled", "false"},
    {kApplication, "access_logs.s3.prefix", ""},
    {kApplication, "client_keep_alive.seconds", "3600"},
    {kApplication, "connection_logs.s3.bucket", ""},
    {kApplication, "connection_logs.s3.enabled", "false"},
    {kApplication, "connection_logs.s3.prefix", ""},
    {kApplication, "deletion_protection.enabled", "false"},
    {kApplication, "health_check_logs.s3.bucket", ""},
    {kApplication, "health_check_logs.s3.enabled", "false"},
    {kApplication, "health_check_logs.s3.prefix", ""},
    {kApplication, "idle_timeout.timeout_seconds", "60"},
    {kApplication, "ipv6.deny_all_igw_traffic", "false"},
    {kApplication, "load_balancing.cross_zone.enabled", "true"},
    {kApplication, "routing.http.desync_mitigation_mode", "defensive"},
    {kApplication, "routing.http.drop_invalid_header_fields.enabled", "false"},
    {kApplication, "routing.http.preserve_host_header.enabled", "false"},
    {kApplication, "routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false"},
    {kApplication, "routing.http.xff_client_port.enabled", "false"},
    {kApplication, "routing.http.xff_header_processing.mode", "append"},
    {kApplication, "routing.http2.enabled", "true"},
    {kApplication, "waf.fail_open.enabled", "false"},
    {kApplication, "zonal_shift.config.enabled", "false"},
    {kNetwork, "access_logs.s3.bucket", ""},
    {kNetwork, "access_logs.s3.enabled", "false"},
    {kNetwork, "access_logs.s3.prefix", ""},
    {kNetwork, "deletion_protection.enabled", "false"},
    {kNetwork, "dns_record.client_routing_policy", "any_availability_zone"},
    {kNetwork, "ipv6.deny_all_igw_traffic", "false"},
    {kNetwork, "load_balancing.cross_zone.enabled", "false"},
    {kNetwork, "secondary_ips.auto_assigned.per_subnet", "0"},
    {kNetwork, "zonal_shift.config.enabled", "false"},
};

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
// One is what is done here: clients' addresses are not kept.
constexpr Named kGroups[] = {
    {kGroup, "deregistration_delay.connection_termination.enabled", "false"},
    {kGroup, "deregistration_delay.timeout_seconds", "300"},
    {kGroup, "lambda.multi_value_headers.enabled", "false"},
    {kGroup, "load_balancing.algorithm.anomaly_mitigation", "off"},
    {kGroup, "load_balancing.algorithm.type", "round_robin"},
    {kGroup, "load_balancing.cross_zone.enabled", "use_load_balancer_configuration"},
    {kGroup, "preserve_client_ip.enabled", "false"},
    {kGroup, "proxy_protocol_v2.enabled", "false"},
    {kGroup, "slow_start.duration_seconds", "0"},
    {kGroup, "stickiness.app_cookie.cookie_name", ""},
    {kGroup, "stickiness.app_cookie.duration_seconds", "86400"},
    {kGroup, "stickiness.enabled", "false"},
    {kGroup, "stickiness.lb_cookie.duration_seconds", "86400"},
    {kGroup, "stickiness.type", "lb_cookie"},
    {kGroup, "target_failover.on_deregistration", "no_rebalance"},
    {kGroup, "target_failover.on_unhealthy", "no_rebalance"},
    {kGroup, "target_group_health.dns_failover.minimum_healthy_targets.count", "1"},
    {kGroup, "target_group_health.dns_failover.minimum_healthy_targets.percentage", "off"},
    {kGroup, "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1"},
    {kGroup, "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off"},
    {kGroup, "target_health_state.unhealthy.connection_termination.enabled", "true"},
    {kGroup, "target_health_state.unhealthy.draining_interval_seconds", "0"},
};

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ListenerAttribute.html
constexpr Named kListeners[] = {
    {kNetworkListener, "tcp.idle_timeout.seconds", "350"},
    {kListener, "routing.http.request.x_amzn_mtls_clientcert_serial_number.header_name",
     "X-Amzn-Mtls-Clientcert-Serial-Number"},
    {kListener, "routing.http.request.x_amzn_mtls_clientcert_issuer.header_name", "X-Amzn-Mtls-Clientcert-Issuer"},
    {kListener, "routing.http.request.x_amzn_mtls_clientcert_subject.header_name", "X-Amzn-Mtls-Clientcert-Subject"},
    {kListener, "routing.http.request.x_amzn_mtls_clientcert_validity.header_name",
     "X-Amzn-Mtls-Clientcert-Validity"},
    {kListener, "routing.http.request.x_amzn_mtls_clientcert_leaf.header_name", "X-Amzn-Mtls-Clientcert-Leaf"},
    {kListener, "routing.http.request.x_amzn_mtls_clientcert.header_name", "X-Amzn-Mtls-Clientcert"},
    {kListener, "routing.http.request.x_amzn_tls_version.header_name", "X-Amzn-Tls-Version"},
    {kListener, "routing.http.request.x_amzn_tls_cipher_suite.header_name", "X-Amzn-Tls-Cipher-Suite"},
    {kListener, "routing.http.response.server.enabled", "true"},
    {kListener, "routing.http.response.strict_transport_security.header_value", ""},
    {kListener, "routing.http.response.access_control_allow_origin.header_value", ""},
    {kListener, "routing.http.response.access_control_allow_methods.header_value", ""},
    {kListener, "routing.http.response.access_control_allow_headers.header_value", ""},
    {kListener, "routing.http.response.access_control_allow_credentials.header_value", ""},
    {kListener, "routing.http.response.access_control_expose_headers.header_value", ""},
    {kListener, "routing.http.response.access_control_max_age.header_value", ""},
    {kListener, "routing.http.response.content_security_policy.header_value", ""},
    {kListener, "routing.http.response.x_content_type_options.header_value", ""},
    {kListener, "routing.http.response.x_frame_options.header_value", ""},
};

class Lists : public testing::TestWithParam<std::span<const Named>> {};

TEST_P(Lists, AreKnownNameByNameWithTheirDefaults) {
  std::set<std::pair<std::string_view, std::string_view>> named;
  for (const Named& each : GetParam()) {
    named.emplace(each.arn, each.key);
    const AttributeDefinition* found = find_attribute_definition(each.arn, each.key);
    ASSERT_NE(found, nullptr) << each.key;
    EXPECT_EQ(found->value, each.value) << each.key;
  }
  for (const Named& each : GetParam()) {
    for (const AttributeDefinition& definition : attribute_definitions(each.arn)) {
      EXPECT_TRUE(named.contains({each.arn, definition.key})) << definition.key << " is not AWS's";
    }
  }
}

TEST_P(Lists, HaveDefaultsThatAreAllowed) {
  for (const Named& each : GetParam()) {
    const AttributeDefinition& found = *find_attribute_definition(each.arn, each.key);
    EXPECT_TRUE(found.value.empty() || fits(found.allowed, found.value)) << each.key;
  }
}

INSTANTIATE_TEST_SUITE_P(Attributes, Lists,
                         testing::Values(std::span<const Named>(kLoadBalancers), std::span<const Named>(kGroups),
                                         std::span<const Named>(kListeners)));

TEST(ValueForms, SayWhatFits) {
  EXPECT_TRUE(fits("off|1-100", "off"));
  EXPECT_TRUE(fits("off|1-100", "100"));
  EXPECT_FALSE(fits("off|1-100", "0"));
  EXPECT_FALSE(fits("off|1-100", "on"));
  EXPECT_TRUE(fits("0|30-900", "0"));
  EXPECT_FALSE(fits("0|30-900", "29"));
  EXPECT_FALSE(fits("0-7", "1-7"));
  EXPECT_FALSE(fits("", ""));
  EXPECT_TRUE(fits("#name", "X-Client_1"));
  EXPECT_FALSE(fits("#name", ""));
  EXPECT_FALSE(fits("#name", "X Client"));
  EXPECT_FALSE(fits("#name", std::string(129, 'a')));
}

TEST(Attributes, ApplyToWhatTheyAreAbout) {
  TargetGroup http{.target_type = "instance"}, tcp{.target_type = "ip"}, function{.target_type = "lambda"};
  http.protocol = "HTTP";
  tcp.protocol = "TCP";
  EXPECT_TRUE(applies(http, "slow_start.duration_seconds"));
  EXPECT_FALSE(applies(tcp, "slow_start.duration_seconds"));
  EXPECT_TRUE(applies(tcp, "target_health_state.unhealthy.draining_interval_seconds"));
  EXPECT_FALSE(applies(http, "target_health_state.unhealthy.draining_interval_seconds"));
  EXPECT_TRUE(applies(function, "lambda.multi_value_headers.enabled"));
  EXPECT_FALSE(applies(http, "lambda.multi_value_headers.enabled"));
  EXPECT_FALSE(applies(http, "target_failover.on_unhealthy"));
  EXPECT_EQ(own_default(tcp, "stickiness.type"), "source_ip");
  Listener plain, secure, datagrams;
  plain.protocol = "HTTP";
  secure.protocol = "HTTPS";
  datagrams.protocol = "UDP";
  EXPECT_TRUE(applies(secure, "routing.http.request.x_amzn_tls_version.header_name"));
  EXPECT_FALSE(applies(plain, "routing.http.request.x_amzn_tls_version.header_name"));
  EXPECT_TRUE(applies(plain, "routing.http.response.server.enabled"));
  EXPECT_FALSE(applies(datagrams, "tcp.idle_timeout.seconds"));
  LoadBalancer internal;
  internal.scheme = "internal";
  EXPECT_EQ(own_default(internal, "ipv6.deny_all_igw_traffic"), "true");
}

}  // namespace
}  // namespace holm::elbv2
