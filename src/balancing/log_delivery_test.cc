// Names of access logs, and when they are delivered.

#include "balancing/log_delivery.h"

#include <gtest/gtest.h>

#include "base/time_format.h"

namespace holm::balancing {
namespace {

TEST(AccessLogs, AreNamedAsAwsNamesThem) {
  const LogFileName name{
      .load_balancer_arn =
          "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/50dc6c495c0c9188",
      .node = "10.0.0.7",
      .end = *parse_iso8601("2026-11-21T03:20:00Z"),
      .random = "20sg8hgm"};
  const std::string own =
      "AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/11/21/"
      "123456789012_elasticloadbalancing_eu-west-1_app.shop.50dc6c495c0c9188_20261121T0320Z_10.0.0.7_20sg8hgm"
      ".log.gz";
  EXPECT_EQ(key_of(name, ""), own);
  EXPECT_EQ(key_of(name, "web/shop"), "web/shop/" + own);
  LogFileName other = name;
  other.kind = LogKind::Connection;
  EXPECT_EQ(key_of(other, "web"),
            "web/AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/11/21/conn_log_" +
                own.substr(own.rfind('/') + 1));
}

TEST(AccessLogs, OfClassicLoadBalancersAreNotCompressed) {
  const LogFileName name{
      .load_balancer_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/shop",
      .node = "10.0.0.7",
      .end = *parse_iso8601("2026-11-21T03:00:00Z"),
      .random = "20sg8hgm"};
  EXPECT_EQ(key_of(name, ""),
            "AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/11/21/"
            "123456789012_elasticloadbalancing_eu-west-1_shop_20261121T0300Z_10.0.0.7_20sg8hgm.log");
}

TEST(AccessLogs, AreDeliveredWhenTheirPeriodIsOver) {
  auto due = [](const char* begun, const char* now, std::chrono::minutes period) {
    return is_due(*parse_iso8601(begun), *parse_iso8601(now), period);
  };
  constexpr std::chrono::minutes kHour(60);
  EXPECT_FALSE(due("2026-11-21T03:01:00Z", "2026-11-21T03:55:00Z", kHour));
  EXPECT_TRUE(due("2026-11-21T03:01:00Z", "2026-11-21T04:00:00Z", kHour));
  EXPECT_TRUE(due("2026-11-21T03:01:00Z", "2026-11-21T04:05:00Z", kHour));
  EXPECT_FALSE(due("2026-11-21T04:00:01Z", "2026-11-21T04:05:00Z", kHour));
  // Whoever comes back after a while does not wait for the end of the next five minutes.
  EXPECT_TRUE(due("2026-11-21T03:01:00Z", "2026-11-21T03:02:00Z", std::chrono::minutes(5)));
}

TEST(AccessLogs, AreDeliveredEveryFiveMinutes) {
  auto next = [](const char* now) { return iso8601_milliseconds(next_log_delivery(*parse_iso8601(now))); };
  EXPECT_EQ(next("2026-11-21T03:19:59.999Z"), "2026-11-21T03:20:00.000Z");
  EXPECT_EQ(next("2026-11-21T03:20:00Z"), "2026-11-21T03:25:00.000Z");
  EXPECT_EQ(next("2026-12-31T23:55:01Z"), "2027-01-01T00:00:00.000Z");
}

}  // namespace
}  // namespace holm::balancing
