// VPCs: finding them, and the default one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/ec2/cidr.h"
#include "services/ec2/resource.h"

namespace holm::ec2 {

class Service;

struct VpcRow {
  std::string id;
  Cidr cidr;
  bool is_default = false;
  bool dns_support = true;
  bool dns_hostnames = false;
  std::string main_route_table;
  std::string default_group;
  std::string network_acl;
  std::optional<std::string> dhcp_options;  // Nothing: the region's own set.
  std::string tenancy = "default";  // Or dedicated: kept and told, one machine is all there is.
};

VpcRow require_vpc(Call& call, std::string_view id);
// The account's default VPC in this region; nothing when it was deleted. Made at the first use of the region,
// as AWS has made it before an account is first used. Needs a writing transaction for that.
std::optional<VpcRow> find_default_vpc(Service& service, Call& call);
VpcRow require_default_vpc(Service& service, Call& call);

}  // namespace holm::ec2
