// What public addresses become, and how one state leads to another.

#include "sandbox/public_addresses.h"

#include <gtest/gtest.h>

namespace holm::sandbox {
namespace {

TEST(PublicAddresses, OnlyThoseOfThePoolAreTaken) {
  struct Case {
    const char* what;
    std::vector<PublicAddress> addresses;
    bool is_good;
  };
  const Case cases[] = {
      {"one of an interface", {{"198.19.0.1", "10.0.0.5"}}, true},
      {"one of two subnets", {{"198.19.0.1", "10.0.0.0/24"}, {"198.19.0.1", "10.0.1.0/24"}}, true},
      {"another network's", {{"198.18.0.1", "10.0.0.5"}}, false},
      {"no address", {{"198.19.0.1 }; flush ruleset", "10.0.0.5"}}, false},
      {"nothing inside", {{"198.19.0.1", "x"}}, false},
      {"one of two interfaces", {{"198.19.0.1", "10.0.0.5"}, {"198.19.0.1", "10.0.0.6"}}, false},
      {"two of an interface", {{"198.19.0.1", "10.0.0.5"}, {"198.19.0.2", "10.0.0.5"}}, false},
      {"two of a subnet", {{"198.19.0.1", "10.0.0.0/24"}, {"198.19.0.2", "10.0.0.0/24"}}, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(read_public_addresses(c.addresses).has_value(), c.is_good);
  }
}

TEST(PublicAddresses, OneThatMovesIsDeletedBeforeItIsAdded) {
  const auto before = *read_public_addresses({{"198.19.0.1", "10.0.0.5"}, {"198.19.0.9", "10.0.1.0/24"}});
  const auto after = *read_public_addresses({{"198.19.0.1", "10.0.0.6"}, {"198.19.0.9", "10.0.1.0/24"}});
  EXPECT_EQ(public_address_changes(before, after),
            "delete element inet public private_of { 198.19.0.1 : 10.0.0.5 }\n"
            "delete element inet public public_of { 10.0.0.5 : 198.19.0.1 }\n"
            "add element inet public private_of { 198.19.0.1 : 10.0.0.6 }\n"
            "add element inet public public_of { 10.0.0.6 : 198.19.0.1 }\n");
  EXPECT_EQ(public_address_changes(after, after), "");
  EXPECT_EQ(after.all(), (std::set<Ipv4>{0xc6130001, 0xc6130009}));
}

}  // namespace
}  // namespace holm::sandbox
