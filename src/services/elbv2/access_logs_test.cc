// Names of access logs, and when they are delivered.

#include "services/elbv2/access_logs.h"

#include <gtest/gtest.h>

#include "base/time_format.h"

namespace holm::elbv2 {
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
  EXPECT_EQ(key_of(other, "web"), "web/AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/11/21/conn_log_" +
                                      own.substr(own.rfind('/') + 1));
}

TEST(AccessLogs, AreDeliveredEveryFiveMinutes) {
  auto next = [](const char* now) { return iso8601_milliseconds(next_log_delivery(*parse_iso8601(now))); };
  EXPECT_EQ(next("2026-11-21T03:19:59.999Z"), "2026-11-21T03:20:00.000Z");
  EXPECT_EQ(next("2026-11-21T03:20:00Z"), "2026-11-21T03:25:00.000Z");
  EXPECT_EQ(next("2026-12-31T23:55:01Z"), "2027-01-01T00:00:00.000Z");
}

}  // namespace
}  // namespace holm::elbv2
