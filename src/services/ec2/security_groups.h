// Security groups: finding them, and what they mean to the network.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/ec2/resource.h"

namespace holm::sandbox {
struct SecurityGroup;
}

namespace holm::ec2 {

class Service;

struct GroupRow {
  std::string id;
  std::string vpc;
  std::string name;
  std::string description;
};

GroupRow require_group(Call& call, std::string_view id);
// By the name it has in a VPC.
GroupRow require_group_named(Call& call, std::string_view vpc, std::string_view name);
// The group every VPC has: its members reach each other and everything outside.
void make_default_group(Service& service, Call& call, const std::string& vpc, const std::string& id);
// All groups of a VPC as sandbox::Network enforces them.
std::vector<sandbox::SecurityGroup> groups_of_vpc(sql::Transaction& transaction, const std::string& vpc);

}  // namespace holm::ec2
