// What is cut off, as commands. That they have their effect is in network_test.cc.

#include "sandbox/cuts.h"

#include <gtest/gtest.h>

namespace holm::sandbox {
namespace {

TEST(Cuts, NothingCutOffNeedsNoTable) {
  EXPECT_EQ(cut_rules({}), "add table inet cuts\ndelete table inet cuts\n");
}

TEST(Cuts, ReplaceWhatWasCutBefore) {
  const std::string rules = cut_rules({.isolated = {"10.0.1.7/24"}, .stranded = {"10.0.2.0/24"}});
  EXPECT_TRUE(rules.starts_with("add table inet cuts\ndelete table inet cuts\nadd table inet cuts\n"));
  EXPECT_NE(rules.find("add element inet cuts isolated { 10.0.1.0/24 }\n"), std::string::npos) << rules;
  EXPECT_NE(rules.find("add element inet cuts stranded { 10.0.2.0/24 }\n"), std::string::npos) << rules;
}

TEST(Cuts, AreNetworks) {
  EXPECT_TRUE(check_cuts({.isolated = {"10.0.1.0/24"}}));
  EXPECT_FALSE(check_cuts({.isolated = {"10.0.1.0/24 } drop"}}));
  EXPECT_FALSE(check_cuts({.stranded = {"everywhere"}}));
}

}  // namespace
}  // namespace holm::sandbox
