// Connections that are carried as they are: to whom, with what before them, and what their end is.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "base/strings.h"
#include "dataplane/balancer/proxy_header.h"
#include "dataplane/balancer/routing.h"

namespace holm::balancer {
namespace {

TEST(ProxyHeader, SaysWhoIsAtTheOtherEnd) {
  const net::Address client = *net::Address::parse("192.0.2.7", 0x1234);
  const net::Address server = *net::Address::parse("10.0.0.5", 443);
  EXPECT_EQ(hex_encode(proxy_header(client, server)),
            "0d0a0d0a000d0a515549540a2111000cc00002070a000005123401bb");
  const net::Address far = *net::Address::parse("2001:db8::1", 80);
  EXPECT_EQ(hex_encode(proxy_header(far, far)).substr(24, 8), "21210024");
  EXPECT_EQ(hex_encode(own_proxy_header()), "0d0a0d0a000d0a515549540a20000000");
  EXPECT_EQ(proxy_header(far, server), own_proxy_header()) << "of two families";
  EXPECT_EQ(proxy_line(client, server), fmt::format("PROXY TCP4 {} {} {} {}\r\n", client.ip(), server.ip(),
                                                    client.port(), server.port()));
  EXPECT_TRUE(proxy_line(far, far).starts_with("PROXY TCP6 "));
  EXPECT_EQ(proxy_line(far, server), "PROXY UNKNOWN\r\n");
}

struct Flows {
  std::shared_ptr<Config> config = std::make_shared<Config>();
  std::optional<Routing> routing;

  explicit Flows(std::vector<Target> targets) {
    TargetGroup group;
    group.arn = "group";
    group.targets = std::move(targets);
    config->groups.emplace("group", std::move(group));
    routing.emplace(config, nullptr);
  }
  const RoutedGroup& group() const { return *routing->find_group("group"); }
  std::string chosen(uint64_t flow, std::string_view zone = {}) const {
    const RoutedTarget* found = choose_target_of_flow(group(), {}, flow, zone);
    return found ? found->settings->id : "none";
  }
};

Target target_of(const std::string& id, const std::string& zone = {}) {
  Target target{.id = id, .address = net::Address::loopback(80)};
  target.zone = zone;
  target.known_health = Health::Healthy;
  return target;
}

TEST(Flows, StayWithTheirTargetsWhenOthersComeAndGo) {
  const Flows three({target_of("a"), target_of("b"), target_of("c")});
  const Flows two({target_of("a"), target_of("c")});
  std::map<std::string, int> counts;
  for (uint64_t flow = 0; flow < 3000; ++flow) {
    const std::string before = three.chosen(flow);
    ++counts[before];
    if (before != "b") EXPECT_EQ(two.chosen(flow), before);
  }
  for (const auto& [id, count] : counts) EXPECT_NEAR(count, 1000, 150) << id;
  EXPECT_EQ(Flows({}).chosen(1), "none");
}

TEST(Flows, StayInTheirZoneIfAnybodyIsThere) {
  const Flows flows({target_of("a", "zone-a"), target_of("b", "zone-b"), target_of("b2", "zone-b")});
  for (uint64_t flow = 0; flow < 50; ++flow) {
    EXPECT_EQ(flows.chosen(flow, "zone-a"), "a");
    EXPECT_NE(flows.chosen(flow, "zone-b"), "a");
    EXPECT_NE(flows.chosen(flow, "zone-c"), "none");
  }
}

}  // namespace
}  // namespace holm::balancer
