// Who leaves first.

#include "services/autoscaling/termination_order.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace holm::autoscaling {

namespace {

InstanceRow instance(const std::string& id, const std::string& zone, int64_t launched,
                     const std::string& version = "2") {
  return {.id = id, .zone = zone, .template_id = "lt-1", .template_version = version, .launched = launched};
}

InstanceRow is_protected(InstanceRow row) {
  row.is_protected = true;
  return row;
}

std::string chosen(const std::vector<std::string>& policies, const std::vector<InstanceRow>& serving,
                   size_t count) {
  GroupRow group;
  group.policies = policies;
  std::vector<std::string> ids;
  const Staff staff{.serving = serving,
                    .zones = {"a", "b", "c"},
                    .present = {.id = "lt-1", .name = "web", .version = "2", .instance_type = "t3.micro"}};
  for (const InstanceRow& each : choose_for_termination(group, staff, count)) ids.push_back(each.id);
  return join(ids, " ");
}

TEST(TerminationOrder, TakesTheCrowdedZoneFirst) {
  const std::vector<InstanceRow> serving = {instance("b1", "b", 1), instance("a1", "a", 2),
                                            instance("a2", "a", 3), instance("a3", "a", 4)};
  EXPECT_EQ(chosen({"Default"}, serving, 3), "a1 a2 b1");
  EXPECT_EQ(chosen({"NewestInstance"}, serving, 2), "a3 a2") << "balance comes before any policy";
}

TEST(TerminationOrder, CountsTheProtectedInACrowd) {
  EXPECT_EQ(chosen({"Default"},
                   {instance("b1", "b", 1), instance("b2", "b", 2), is_protected(instance("a1", "a", 3)),
                    is_protected(instance("a2", "a", 4)), instance("a3", "a", 5)},
                   1),
            "a3");
  EXPECT_EQ(chosen({"Default"}, {is_protected(instance("a1", "a", 1)), instance("b1", "b", 2)}, 2), "b1");
}

TEST(TerminationOrder, LeavesZonesThatAreNotTheGroups) {
  EXPECT_EQ(chosen({"Default"}, {instance("a1", "a", 1), instance("a2", "a", 2), instance("x", "x", 3)}, 1),
            "x");
}

TEST(TerminationOrder, TakesTheOldestTemplateThenTheOldestInstance) {
  InstanceRow other = instance("other", "a", 9, "7");
  other.template_id = "lt-0";
  const std::vector<InstanceRow> serving = {instance("new", "a", 1, "10"), instance("old", "a", 3, "9"),
                                            instance("older", "a", 2, "9"), other};
  EXPECT_EQ(chosen({"Default"}, serving, 4), "other older old new");
  EXPECT_EQ(chosen({"OldestLaunchTemplate"}, serving, 2), "other older");
  EXPECT_EQ(chosen({"OldestLaunchTemplate", "NewestInstance"}, serving, 3), "other old older");
  EXPECT_EQ(chosen({"OldestInstance"}, serving, 2), "new older");
  EXPECT_EQ(chosen({"NewestInstance"}, serving, 2), "other old");
}

}  // namespace

}  // namespace holm::autoscaling
