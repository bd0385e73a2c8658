// Who gets a request: health, minimum numbers of it, slow starts.

#include "dataplane/balancer/routing.h"

#include <gtest/gtest.h>

#include <map>

namespace holm::balancer {
namespace {

class RoutingTest : public testing::Test {
 protected:
  void add(const std::string& id, Health health) {
    group_.targets.push_back({.id = id, .address = *net::Address::parse("10.0.0.1:80"), .known_health = health});
  }
  const RoutedGroup& make() {
    group_.arn = "group";
    auto config = std::make_shared<Config>();
    config->groups.emplace("group", group_);
    routing_ = std::make_unique<Routing>(config, routing_.get());
    return *routing_->find_group("group");
  }
  TargetState& state(const std::string& id) {
    for (const RoutedTarget& each : routing_->find_group("group")->targets) {
      if (each.settings->id == id) return *each.state;
    }
    throw std::out_of_range(id);
  }
  // How often each is chosen, by evenly spread chances.
  std::map<std::string, int> choices(int count) {
    std::map<std::string, int> result;
    for (int i = 0; i < count; ++i) {
      Draw draw{now_, static_cast<uint64_t>(i)};
      const RoutedTarget* chosen = choose_target(*routing_->find_group("group"), {}, draw);
      ++result[chosen ? chosen->settings->id : "nobody"];
    }
    return result;
  }

  TargetGroup group_;
  std::unique_ptr<Routing> routing_;
  SteadyTime now_{std::chrono::hours(1)};
};

TEST_F(RoutingTest, WhereOnlyTheHealthyAreEverAskedNobodyIsWhenThereAreNone) {
  add("a", Health::Unhealthy);
  add("b", Health::Initial);
  group_.too_few_healthy = TooFewHealthy::AskHealthy;
  make();
  EXPECT_EQ(choices(3), (std::map<std::string, int>{{"nobody", 3}}));
  state("b").health = Health::Healthy;
  EXPECT_EQ(choices(3), (std::map<std::string, int>{{"b", 3}}));
}

TEST_F(RoutingTest, EachZoneCountsForItselfAndNothingIsForgotten) {
  add("a", Health::Healthy);
  add("b", Health::Healthy);
  group_.targets[0].zone = "east";
  const RoutedGroup& first = make();
  count(first.targets[0].counters->requests);
  count(first.targets[1].counters->requests);
  count(first.targets[1].counters->requests);
  group_.targets.erase(group_.targets.begin());
  const RoutedGroup& second = make();
  ASSERT_EQ(second.zones.size(), 1u);
  EXPECT_EQ(second.zones[0].zone, "east");
  EXPECT_EQ(second.zones[0].counters->requests, 1u);
  EXPECT_EQ(second.state->counters.requests, 2u) << "of targets whose zone nobody knows";
}

TEST(Routing, ALoadBalancerCountsByTheZonesOfItsNodes) {
  LoadBalancer own{.arn = "own", .addresses = {"10.0.0.1", "10.0.1.1", "10.0.0.2"}};
  own.zones = {{"10.0.0.1", "east"}, {"10.0.1.1", "west"}, {"10.0.0.2", "east"}};
  auto config = std::make_shared<Config>();
  config->load_balancers = {own};
  const Routing before(config, nullptr);
  const LoadBalancer& known = before.config().load_balancers[0];
  EXPECT_EQ(before.states_of(known).size(), 2u);
  EXPECT_EQ(before.state_of(known)->zone, "east") << "the first node's";
  EXPECT_EQ(before.state_of(known, "10.0.1.1")->zone, "west");
  EXPECT_EQ(before.state_of(known, "10.0.0.2"), before.state_of(known, "10.0.0.1"));
  own.addresses = {"10.0.2.1"};
  own.zones = {{"10.0.2.1", "north"}};
  auto changed = std::make_shared<Config>();
  changed->load_balancers = {own};
  const Routing after(changed, &before);
  const LoadBalancer& left = after.config().load_balancers[0];
  EXPECT_EQ(after.state_of(left)->zone, "north");
  EXPECT_EQ(after.states_of(left).size(), 3u) << "what was counted elsewhere still counts";
  EXPECT_EQ(after.states_of(left)[1], before.state_of(known));
}

TEST_F(RoutingTest, WhatIsKnownOfATargetIsKnownAtItsOtherPorts) {
  add("a", Health::Unhealthy);
  add("b", Health::Healthy);
  TargetGroup other = group_;
  other.arn = "a group before the one it is like";
  other.same_as = "group";
  for (Target& each : other.targets) each.address = *net::Address::parse("10.0.0.1:8080");
  group_.arn = "group";
  auto config = std::make_shared<Config>();
  config->groups = {{"group", group_}, {other.arn, other}};
  const Routing routing(config, nullptr);
  const RoutedGroup& first = *routing.find_group("group");
  const RoutedGroup& second = *routing.find_group(other.arn);
  EXPECT_EQ(first.targets[0].state, second.targets[0].state);
  EXPECT_EQ(first.targets[1].state, second.targets[1].state);
  EXPECT_EQ(choose_target(second, {}, {now_, 0})->settings->id, "b");
  EXPECT_EQ(choose_target(second, {}, {now_, 0})->settings->address.port(), 8080);
  // They keep it when the configuration changes.
  const Routing next(config, &routing);
  EXPECT_EQ(next.find_group(other.arn)->targets[0].state, first.targets[0].state);
}

TEST_F(RoutingTest, TargetsOfTheNodesOwnZoneArePreferred) {
  add("a", Health::Healthy);
  add("b", Health::Healthy);
  add("c", Health::Healthy);
  group_.targets[0].zone = group_.targets[2].zone = "east";
  group_.targets[1].zone = "west";
  const RoutedGroup& group = make();
  auto chosen_in = [&](std::string_view zone) {
    std::map<std::string, int> result;
    for (int i = 0; i < 6; ++i) ++result[choose_target(group, {}, {now_, 0, zone})->settings->id];
    return result;
  };
  EXPECT_EQ(chosen_in("east"), (std::map<std::string, int>{{"a", 3}, {"c", 3}}));
  EXPECT_EQ(chosen_in("west"), (std::map<std::string, int>{{"b", 6}}));
  EXPECT_EQ(chosen_in("north").size(), 3u) << "nobody is there";
  EXPECT_EQ(chosen_in("").size(), 3u);
  LoadBalancer own{.zones = {{"10.0.0.9", "east"}}};
  EXPECT_EQ(zone_of_node(own, *net::Address::parse("10.0.0.9:80")), "");
  own.cross_zone = CrossZone::Off;
  EXPECT_EQ(zone_of_node(own, *net::Address::parse("10.0.0.9:80")), "east");
  EXPECT_EQ(zone_of_node(own, *net::Address::parse("127.0.0.1:80")), "");
}

TEST_F(RoutingTest, OnlyTheHealthyAreAskedUnlessThereAreTooFew) {
  add("a", Health::Healthy);
  add("b", Health::Unhealthy);
  add("c", Health::Initial);
  add("d", Health::Healthy);
  make();
  EXPECT_EQ(choices(10), (std::map<std::string, int>{{"a", 5}, {"d", 5}}));
  group_.healthy_min = 3;
  make();
  EXPECT_EQ(choices(12).size(), 4u);
  group_.healthy_min = 1;
  group_.healthy_percent_min = 51;
  make();
  EXPECT_EQ(choices(12).size(), 4u);
  group_.healthy_percent_min = 50;
  make();
  EXPECT_EQ(choices(12).size(), 2u);
}

TEST_F(RoutingTest, ATargetThatBecameWellGetsMoreAndMore) {
  add("old", Health::Healthy);
  add("new", Health::Healthy);
  group_.slow_start = std::chrono::seconds(100);
  make();
  auto since = std::chrono::duration_cast<async::Duration>(now_.time_since_epoch()).count();
  state("new").well_since_ms = since;
  now_ += std::chrono::seconds(10);
  std::map<std::string, int> early = choices(11000);
  EXPECT_EQ(early["new"], 1000) << "a tenth of what the other gets";
  now_ += std::chrono::seconds(40);
  std::map<std::string, int> later = choices(15000);
  EXPECT_EQ(later["new"], 5000);
  now_ += std::chrono::seconds(50);
  EXPECT_EQ(choices(100)["new"], 50);
}

TEST_F(RoutingTest, WhereAllAreNewNobodyStartsSlowly) {
  add("a", Health::Healthy);
  add("b", Health::Healthy);
  group_.slow_start = std::chrono::seconds(100);
  make();
  auto since = std::chrono::duration_cast<async::Duration>(now_.time_since_epoch()).count();
  state("a").well_since_ms = since;
  state("b").well_since_ms = since - 50'000;
  EXPECT_EQ(choices(100)["a"], 50);
}

TEST_F(RoutingTest, AClientStaysOnlyWithATargetThatMayBeAsked) {
  add("a", Health::Healthy);
  add("b", Health::Unhealthy);
  const RoutedGroup& group = make();
  ASSERT_NE(find_usable_target(group, "a|80"), nullptr);
  EXPECT_EQ(id_and_port(*find_usable_target(group, "a|80")), "a|80");
  EXPECT_EQ(find_usable_target(group, "b|80"), nullptr);
  EXPECT_EQ(find_usable_target(group, "a|81"), nullptr);
  group_.targets[0].registration = Registration::Draining;
  EXPECT_EQ(find_usable_target(make(), "a|80"), nullptr);
}

}  // namespace
}  // namespace holm::balancer
