// Network ACLs, as commands. That they have their effect is in network_test.cc.

#include "sandbox/border_rules.h"

#include <gtest/gtest.h>

namespace holm::sandbox {
namespace {

TEST(Borders, WithoutRulesThereIsNoTable) {
  EXPECT_EQ(border_rules({}, "10.0.0.2"), "add table inet borders\ndelete table inet borders\n");
}

TEST(Borders, RulesStandInTheOrderOfTheirNumbersAndTheRestIsDropped) {
  const SubnetBorder border{
      .cidr = "10.0.1.0/24",
      .entering = {
          {.number = 200, .action = BorderRule::Action::Allow, .match = {.cidrs = {"0.0.0.0/0"}}},
          {.number = 100,
           .match = {.protocol = 6, .from_port = 22, .to_port = 22, .cidrs = {"10.0.2.0/24", "::/0"}}}}};
  const std::string rules = border_rules({border}, "10.0.0.2");
  EXPECT_NE(rules.find("add chain inet borders in_0\n"
                       "add rule inet borders in_0 ip saddr 10.0.2.0/24 tcp dport 22-22 drop\n"
                       "add rule inet borders in_0 return\n"
                       "add rule inet borders in_0 drop\n"),
            std::string::npos)
      << rules;
  EXPECT_NE(rules.find("add chain inet borders out_0\nadd rule inet borders out_0 drop\n"), std::string::npos)
      << rules;
}

TEST(Borders, WrongOnesAreRefused) {
  EXPECT_FALSE(check_borders({{.cidr = "10.0.1.0"}}));
  EXPECT_FALSE(
      check_borders({{.cidr = "10.0.1.0/24", .leaving = {{.number = 1, .match = {.cidrs = {"x"}}}}}}));
  EXPECT_FALSE(
      check_borders({{.cidr = "10.0.1.0/24",
                      .leaving = {{.number = 1, .match = {.protocol = 6, .from_port = 9, .to_port = 1}}}}}));
}

}  // namespace
}  // namespace holm::sandbox
