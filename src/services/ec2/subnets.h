// Subnets: finding them and their free addresses.
#pragma once

#include <string>
#include <string_view>

#include "services/ec2/cidr.h"
#include "services/ec2/vpcs.h"

namespace holm::ec2 {

struct SubnetRow {
  std::string id;
  std::string vpc;
  Cidr cidr;
  std::string zone;
  bool is_default = false;
  bool maps_public_ip = false;
};

SubnetRow require_subnet(Call& call, std::string_view id);
// The default subnet of a zone, or of the first zone when `zone` is empty.
SubnetRow require_default_subnet(Service& service, Call& call, std::string_view zone);
void make_default_subnet(Service& service, Call& call, const VpcRow& vpc, const std::string& zone,
                         const Cidr& cidr);
// An address nobody has. Throws InsufficientFreeAddressesInSubnet.
std::string free_address(Service& service, Call& call, const SubnetRow& subnet);
// Throws unless `address` lies in the subnet, is not reserved and not taken.
void require_free_address(Call& call, const SubnetRow& subnet, const std::string& address);

}  // namespace holm::ec2
