// Public addresses as nftables: what comes in for one goes on to a private address, what leaves has one.
// Private to this folder.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "sandbox/netlink.h"
#include "sandbox/network.h"

namespace holm::sandbox {

// What `publish_public_addresses` was last given.
struct PublicAddresses {
  std::map<std::string, std::string> private_of;  // Of interfaces, by public address.
  std::map<std::string, std::string> nat_of;      // Of NAT gateways, by subnet.

  std::set<Ipv4> all() const;
};

// Addresses outside kPublicNetwork, ones of two interfaces, and subnets with two are refused.
Result<PublicAddresses> read_public_addresses(const std::vector<PublicAddress>& addresses);

// The whole table, replacing what was there.
std::string public_address_rules(const PublicAddresses& addresses);
// The commands that lead from one state to the other; empty when they are equal.
std::string public_address_changes(const PublicAddresses& before, const PublicAddresses& after);

}  // namespace holm::sandbox
