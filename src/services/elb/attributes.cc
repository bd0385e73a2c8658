// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_ModifyLoadBalancerAttributes.html

#include <fmt/format.h>

#include "elb/handlers.h"
#include "services/elb/access_logs.h"
#include "services/elb/records.h"
#include "services/elb/service.h"

namespace holm::elb {

namespace {

constexpr int32_t kDrainingMax = 3600;
constexpr char kDesync[] = "elb.http.desyncmitigationmode";

void set_additional(LoadBalancerAttributes& attributes, const AdditionalAttribute& wanted) {
  const std::string key = wanted.key.value_or("");
  const std::string value = wanted.value.value_or("");
  if (key != kDesync) {
    throw LoadBalancerAttributeNotFoundException(fmt::format("Load balancer attribute '{}' not found", key));
  }
  if (value != "monitor" && value != "defensive" && value != "strictest") {
    throw InvalidConfigurationRequestException(
        fmt::format("The attribute '{}' is monitor, defensive or strictest, and not '{}'", key, value));
  }
  attributes.additional_attributes = {wanted};
}

void set_draining(LoadBalancerAttributes& attributes, const ConnectionDraining& wanted) {
  ConnectionDraining& draining = *attributes.connection_draining;
  const int32_t timeout = wanted.timeout.value_or(draining.timeout.value_or(300));
  if (timeout < 1 || timeout > kDrainingMax) {
    refuse(fmt::format("ConnectionDraining Timeout must be from 1 to {} seconds", kDrainingMax));
  }
  draining = {.enabled = wanted.enabled, .timeout = timeout};
}

}  // namespace

// What is not said stays as it is.
ModifyLoadBalancerAttributesOutput modify_load_balancer_attributes(
    Service& service, Call& call, const ModifyLoadBalancerAttributesInput& request) {
  Record record = require_record(call, request.load_balancer_name);
  LoadBalancerAttributes& attributes = record.attributes;
  const LoadBalancerAttributes& wanted = request.load_balancer_attributes;
  if (wanted.cross_zone_load_balancing)
    attributes.cross_zone_load_balancing = wanted.cross_zone_load_balancing;
  if (wanted.connection_settings) attributes.connection_settings = wanted.connection_settings;
  if (wanted.connection_draining) set_draining(attributes, *wanted.connection_draining);
  if (wanted.access_log) set_access_log(service, call, record, *wanted.access_log);
  for (const AdditionalAttribute& each : wanted.additional_attributes) set_additional(attributes, each);
  replace_record(service, call, record);
  ModifyLoadBalancerAttributesOutput result{.load_balancer_name = request.load_balancer_name,
                                            .load_balancer_attributes = wanted};
  if (wanted.connection_draining)
    result.load_balancer_attributes->connection_draining = attributes.connection_draining;
  return result;
}

DescribeLoadBalancerAttributesOutput describe_load_balancer_attributes(
    Service&, Call& call, const DescribeLoadBalancerAttributesInput& request) {
  return {.load_balancer_attributes = require_record(call, request.load_balancer_name).attributes};
}

}  // namespace holm::elb
