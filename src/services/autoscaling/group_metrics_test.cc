// Metrics of groups: enabled, measured, disabled.

#include "services/autoscaling/group_metrics.h"

#include "services/autoscaling/test_place.h"

namespace holm::autoscaling {

namespace {

using std::chrono::seconds;

class GroupMetricsTest : public GroupTest {
 protected:
  std::string measure() {
    measured.last.clear();
    meters.read_all(clock.now());
    return join(measured.last, ", ");
  }
};

TEST_F(GroupMetricsTest, AreMeasuredOnceSomebodyAskedForThem) {
  create({.min_size = 2, .max_size = 6});
  pass(seconds(70));
  EXPECT_EQ(measure(), "");
  call<EnableMetricsCollection>({.auto_scaling_group_name = "web",
                                 .metrics = {"GroupMaxSize", "GroupInServiceInstances"},
                                 .granularity = "1Minute"});
  EXPECT_EQ(measure(), "GroupInServiceInstances 2, GroupMaxSize 6");
  set_desired(3);
  pass(seconds(70));
  EXPECT_EQ(measure(), "GroupInServiceInstances 3, GroupMaxSize 6");
  EXPECT_EQ(group().enabled_metrics.size(), 2u);
  call<DisableMetricsCollection>({.auto_scaling_group_name = "web", .metrics = {"GroupMaxSize"}});
  EXPECT_EQ(measure(), "GroupInServiceInstances 3");
  call<DisableMetricsCollection>({.auto_scaling_group_name = "web"});
  EXPECT_EQ(measure(), "");
}

TEST_F(GroupMetricsTest, AreAllThereAreUnlessNamed) {
  create({.min_size = 1, .max_size = 2});
  pass(seconds(70));
  call<EnableMetricsCollection>({.auto_scaling_group_name = "web", .granularity = "1Minute"});
  EXPECT_EQ(group().enabled_metrics.size(), 20u);
  EXPECT_EQ(measured.last.size(), 0u);
  const std::string all = measure();
  EXPECT_NE(all.find("GroupTotalCapacity 1"), std::string::npos) << all;
  EXPECT_EQ(all.find("WarmPool"), std::string::npos) << "there is none";
  EXPECT_THROW(call<EnableMetricsCollection>(
                   {.auto_scaling_group_name = "web", .metrics = {"GroupColour"}, .granularity = "1Minute"}),
               aws::ServiceError);
  EXPECT_THROW(call<EnableMetricsCollection>({.auto_scaling_group_name = "web", .granularity = "5Minute"}),
               aws::ServiceError);
}

}  // namespace
}  // namespace holm::autoscaling
