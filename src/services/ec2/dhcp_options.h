// DHCP options: which name servers and which domain the instances of a VPC are told at their start.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/ec2/resource.h"

namespace holm::ec2 {

// What stands for the VPC's own resolver among name servers.
inline constexpr char kAmazonProvidedDns[] = "AmazonProvidedDNS";
// In place of an id: none at all.
inline constexpr char kNoDhcpOptions[] = "default";

// The id of the set that VPCs of the account and region have by default.
std::string default_dhcp_options(const std::string& account, const std::string& region);

// What an instance is told.
struct NameServing {
  std::vector<std::string> servers;  // Addresses, or kAmazonProvidedDns.
  std::optional<std::string> domain;
};
NameServing name_serving_of(sql::Transaction& transaction, const std::string& vpc);

}  // namespace holm::ec2
