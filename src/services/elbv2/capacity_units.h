// Load balancer capacity units: what load balancers are charged by.
// https://aws.amazon.com/elasticloadbalancing/pricing/
#pragma once

#include <cstdint>

namespace holm::elbv2 {

// What a minute has brought; `active` as it was at its end.
struct MinuteOfRequests {
  uint64_t new_connections = 0;
  double active_connections = 0;
  uint64_t bytes = 0;           // But for those to and from functions.
  uint64_t function_bytes = 0;
  uint64_t rule_evaluations = 0;  // Beyond those that are free.
};
struct MinuteOfFlows {
  uint64_t new_flows = 0;
  double active_flows = 0;
  uint64_t bytes = 0;
};
enum class FlowProtocol : uint8_t { Tcp, Tls, Udp };

// The part of an hour's units that the minute takes: an hour's sum is what the hour is charged. What is used most
// of counts alone.
double capacity_units(const MinuteOfRequests& minute);
double capacity_units(FlowProtocol protocol, const MinuteOfFlows& minute);

}  // namespace holm::elbv2
