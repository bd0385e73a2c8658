// The entries of network ACLs.
#pragma once

#include <string>
#include <vector>

#include "sandbox/network.h"
#include "services/ec2/resource.h"

namespace holm::ec2 {

struct AclRow {
  std::string id, vpc;
  bool is_default = false;
};

AclRow require_acl(Call& call, const std::string& id);
// As told: by number, with the last one that denies what no other speaks of.
std::vector<NetworkAclEntry> entries_of(sql::Transaction& transaction, const std::string& acl);
// As carried out; the network is left empty.
sandbox::SubnetBorder border_of(sql::Transaction& transaction, const std::string& acl);
bool lets_everything_through(const sandbox::SubnetBorder& border);

}  // namespace holm::ec2
