// DB subnet groups: the subnets of one VPC in which databases get their addresses.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/rds/rows.h"

namespace holm::rds {

struct GroupSubnet {
  std::string id;
  std::string zone;
};

struct SubnetGroupRow {
  std::string name;
  std::string description;
  std::string vpc;
  std::vector<GroupSubnet> subnets;
};

SubnetGroupRow require_subnet_group(Call& call, const std::string& name);
// The group named, or else the one called "default", which is made of the default VPC's subnets when first
// needed.
SubnetGroupRow subnet_group_for(Call& call, const std::optional<std::string>& name);
DBSubnetGroup describe_subnet_group(Call& call, const SubnetGroupRow& row);

// Those named, or the VPC's default one; each has to be of `vpc`.
std::vector<std::string> security_groups_for(Call& call, const std::vector<std::string>& named,
                                             const std::string& vpc);

}  // namespace holm::rds
