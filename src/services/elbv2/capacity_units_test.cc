// What a minute is charged, by the examples of AWS's price list.

#include "services/elbv2/capacity_units.h"

#include <gtest/gtest.h>

namespace holm::elbv2 {
namespace {

constexpr uint64_t kKilobyte = 1024;
constexpr double kHour = 60;

TEST(CapacityUnits, OfRequestsAreWhatIsUsedMostOf) {
  // A connection a second that lives two minutes, and five requests a second with 300 KB in all.
  MinuteOfRequests minute{.new_connections = 60, .active_connections = 120, .bytes = 60 * 300 * kKilobyte};
  EXPECT_NEAR(capacity_units(minute) * kHour, 1.03, 0.001) << "bytes count most";
  minute.bytes = 0;
  EXPECT_NEAR(capacity_units(minute) * kHour, 0.04, 1e-9) << "connections";
  // A hundred connections a second of three minutes, four requests on each, and rules beyond the free ones.
  minute = {.new_connections = 6000, .active_connections = 18000, .rule_evaluations = 60u * 400 * 50};
  EXPECT_NEAR(capacity_units(minute) * kHour, 20, 1e-9) << "rules";
  minute.rule_evaluations = 0;
  EXPECT_NEAR(capacity_units(minute) * kHour, 6, 1e-9) << "active ones";
}

TEST(CapacityUnits, BytesOfFunctionsCountMore) {
  const uint64_t bytes = 1024 * 1024 * kKilobyte / 60;
  EXPECT_NEAR(capacity_units({.bytes = bytes}) * kHour, 1, 1e-6);
  EXPECT_NEAR(capacity_units({.function_bytes = bytes}) * kHour, 2.5, 1e-6);
}

TEST(CapacityUnits, OfFlowsDependOnTheirProtocol) {
  const MinuteOfFlows minute{.new_flows = 60 * 800, .active_flows = 100};
  EXPECT_NEAR(capacity_units(FlowProtocol::Tcp, minute) * kHour, 1, 1e-9);
  EXPECT_NEAR(capacity_units(FlowProtocol::Tls, minute) * kHour, 16, 1e-9);
  EXPECT_NEAR(capacity_units(FlowProtocol::Udp, minute) * kHour, 2, 1e-9);
}

}  // namespace
}  // namespace holm::elbv2
