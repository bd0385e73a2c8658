// A zone that fails and comes back, as a group lives through it.

#include <chrono>

#include "services/autoscaling/test_place.h"

namespace holm::autoscaling {

namespace {

using std::chrono::seconds;

TEST_F(GroupTest, AZoneThatFailsIsRefilledElsewhereAndBalancedAfterItsReturn) {
  create({.min_size = 3, .max_size = 3});
  settle();
  EXPECT_EQ(zones(), "a1 b1 c1");
  set_zone("a", "unavailable");
  settle();
  EXPECT_EQ(zones(), "b2 c1") << "at once: nobody has to look again";
  EXPECT_EQ(
      activities().at(1).cause,
      "At 2026-01-01T00:00:00Z an instance was taken out of service in response to an EC2 instance status "
      "checks failure.");
  EXPECT_EQ(activities().at(0).status_code, "Successful") << "no launch is tried where none can be";
  pass(seconds(60));
  EXPECT_EQ(zones(), "b2 c1") << "the zone that failed is no empty one to be filled";
  EXPECT_EQ(activities().size(), 5u);
  set_zone("a", "available");
  settle();
  EXPECT_EQ(zones(), "a1 b1 c1");
  EXPECT_EQ(activities().at(1).description, "Launching a new EC2 instance: i-5") << "the new one comes first";
  EXPECT_TRUE(activities().at(0).description->starts_with("Terminating EC2 instance: "));
}

TEST_F(GroupTest, ALargeGroupIsEvenOverTheZonesThatAreLeft) {
  create({.min_size = 6, .max_size = 6});
  settle();
  set_zone("b", "unavailable");
  settle();
  EXPECT_EQ(zones(), "a3 c3");
  set_zone("b", "available");
  pass(seconds(120));
  EXPECT_EQ(zones(), "a2 b2 c2");
}

TEST_F(GroupTest, WithEveryZoneDownEc2SaysWhyNothingIsLaunched) {
  create({.min_size = 1, .max_size = 1, .vpc_zone_identifier = "subnet-a"});
  settle();
  set_zone("a", "unavailable");
  settle();
  EXPECT_EQ(zones(), "");
  EXPECT_EQ(activities().at(0).status_message.value_or(""),
            "There is no room in eu-west-1a. Launching EC2 instance failed.");
  set_zone("a", "available");
  pass(seconds(30));
  EXPECT_EQ(zones(), "a1");
}

TEST_F(GroupTest, InstancesInAFailedZoneHaveTheirGraceToo) {
  create({.min_size = 1,
          .max_size = 1,
          .health_check_grace_period = 60,
          .vpc_zone_identifier = "subnet-a,subnet-b"});
  settle();
  set_zone("a", "unavailable");
  pass(seconds(59));
  EXPECT_EQ(zones(), "a1");
  pass(seconds(1));
  EXPECT_EQ(zones(), "b1");
}

}  // namespace

}  // namespace holm::autoscaling
