// Filters answered from descriptions.

#include "services/ec2/filters.h"

#include <gtest/gtest.h>

namespace holm::ec2 {
namespace {

using Values = std::vector<std::string>;

TEST(Filters, NamesLeadThroughDescriptions) {
  Instance instance{.ebs_optimized = false,
                    .state_reason = StateReason{.code = "Client.X", .message = "gone"}};
  instance.network_interfaces.push_back({.status = "in-use"});
  instance.network_interfaces.push_back(
      {.attachment = InstanceNetworkInterfaceAttachment{.device_index = 1, .status = "attached"},
       .status = "available"});
  instance.network_interfaces.back().private_ip_addresses.push_back({.primary = true});
  const Described described = described_as(instance);
  EXPECT_EQ(described_values(described, "ebs-optimized"), Values{"false"});
  EXPECT_EQ(described_values(described, "state-reason-code"), Values{"Client.X"});
  EXPECT_EQ(described_values(described, "network-interface.status"), (Values{"in-use", "available"}));
  EXPECT_EQ(described_values(described, "network-interface.attachment.device-index"), Values{"1"});
  EXPECT_EQ(described_values(described, "kernel-id"), Values{});
  EXPECT_EQ(described_values(described, ""), Values{});
  EXPECT_EQ(described_values(described, "network-interface"), Values{});
}

TEST(Filters, UnknownOnesAreRefusedWithoutAnyResource) {
  check_filters("DescribeInstances", {{.name = "network-interface.attachment.status", .values = {"attached"}},
                                      {.name = "tag:Name", .values = {"x"}},
                                      {.name = "tag-key", .values = {"x"}}});
  EXPECT_THROW(check_filters("DescribeInstances", {{.name = "colour", .values = {"red"}}}),
               aws::ServiceError);
  EXPECT_THROW(check_filters("DescribeVpcs", {{.name = "tag:", .values = {"x"}}}), aws::ServiceError);
  EXPECT_THROW(check_filters("DescribeVpcs", {{.values = {"x"}}}), aws::ServiceError);
  EXPECT_THROW(check_filters("DescribeVpcs", {{.name = "vpc-id", .values = Values(201, "vpc-1")}}),
               aws::ServiceError);
}

TEST(Filters, HaveWildcardsThatCanBeEscaped) {
  auto finds = [](const std::string& pattern, const std::string& value) {
    return passes({{.name = "x", .values = {pattern}}}, {}, [&](std::string_view) { return Values{value}; });
  };
  EXPECT_TRUE(finds("a*c", "abbc"));
  EXPECT_TRUE(finds("a?c", "abc"));
  EXPECT_FALSE(finds("a?c", "ac"));
  EXPECT_TRUE(finds("a\\*c", "a*c"));
  EXPECT_FALSE(finds("a\\*c", "abc"));
  EXPECT_TRUE(finds("*\\?*", "why? so"));
  EXPECT_FALSE(finds("*\\?*", "why so"));
  EXPECT_TRUE(finds("\\\\", "\\"));
  EXPECT_TRUE(finds("end\\", "end\\"));
  EXPECT_FALSE(finds("A", "a"));
}

TEST(Filters, PagesHaveFiveToAThousandItems) {
  check_page(std::nullopt, true, "instancesSet");
  check_page(5, false, "instancesSet");
  EXPECT_THROW(check_page(4, false, "instancesSet"), aws::ServiceError);
  EXPECT_THROW(check_page(1001, false, "instancesSet"), aws::ServiceError);
  EXPECT_THROW(check_page(5, true, "instancesSet"), aws::ServiceError);
}

}  // namespace
}  // namespace holm::ec2
