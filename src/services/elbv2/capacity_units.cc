// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html has those of flows.

#include "services/elbv2/capacity_units.h"

#include <algorithm>

namespace holm::elbv2 {

namespace {

constexpr double kSeconds = 60, kMinutes = 60;
constexpr double kGigabyte = 1024.0 * 1024 * 1024;

// A unit has so many; bytes are an hour's.
struct Unit {
  double new_a_second;
  double active;
};
constexpr Unit kRequests{25, 3000}, kTcp{800, 100000}, kTls{50, 3000}, kUdp{400, 50000};
constexpr double kRulesASecond = 1000;
constexpr double kFunctionGigabytes = 0.4;

double units_of(const Unit& unit, uint64_t begun, double active, double gigabytes) {
  const double by_new = static_cast<double>(begun) / kSeconds / unit.new_a_second;
  return std::max({by_new, active / unit.active, gigabytes * kMinutes});
}

}  // namespace

double capacity_units(const MinuteOfRequests& minute) {
  const double gigabytes = static_cast<double>(minute.bytes) / kGigabyte +
                           static_cast<double>(minute.function_bytes) / kGigabyte / kFunctionGigabytes;
  const double by_rules = static_cast<double>(minute.rule_evaluations) / kSeconds / kRulesASecond;
  const double others = units_of(kRequests, minute.new_connections, minute.active_connections, gigabytes);
  return std::max(others, by_rules) / kMinutes;
}

double capacity_units(FlowProtocol protocol, const MinuteOfFlows& minute) {
  const Unit& unit = protocol == FlowProtocol::Tcp ? kTcp : protocol == FlowProtocol::Tls ? kTls : kUdp;
  const double gigabytes = static_cast<double>(minute.bytes) / kGigabyte;
  return units_of(unit, minute.new_flows, minute.active_flows, gigabytes) / kMinutes;
}

}  // namespace holm::elbv2
