// Ways between VPCs, as rules and as addresses of their links. Private to this folder.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "sandbox/netlink.h"
#include "sandbox/network.h"

namespace holm::sandbox {

// Wrong ids and networks are refused before anything is changed.
Result<void> check_peerings(const std::vector<Peering>& peerings);
// The commands after which exactly these ways are open, whatever was before; one transaction. `resolver` is
// VPC+2.
std::string peering_rules(const std::vector<Peering>& peerings, const std::string& resolver);

// The link's name, the same in both VPCs.
std::string peering_link(const std::string& id);
// The address of the link's end in `vpc_id`; the other end's is that of `peer_id`.
Ipv4 peering_address(const std::string& id, const std::string& vpc_id, const std::string& peer_id);

}  // namespace holm::sandbox
