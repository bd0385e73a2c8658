// A VPC's way to the world: a virtual pair to the host, which masquerades. Private to this folder.
#pragma once

#include <string>

#include "base/result.h"
#include "sandbox/netlink.h"

namespace holm::sandbox {

struct UplinkSpec {
  std::string data_directory;
  std::string vpc_id;
  int vpc_namespace = -1;
};

// Makes the pair, its addresses, the VPC's default route, the host's table and the host's
// forwarding (between the uplink and the interface of its default route only).
Result<void> ensure_uplink(const UplinkSpec& spec);
Result<void> remove_uplink(const UplinkSpec& spec);
// The host sends what is for a public address to the VPC; one that another daemon's VPC has is refused.
Result<void> route_to_vpc(const UplinkSpec& spec, Ipv4 public_address);
Result<void> unroute(const UplinkSpec& spec, Ipv4 public_address);
// The host's table, and forwarding as it was found.
Result<void> remove_host_rules(const std::string& data_directory);

}  // namespace holm::sandbox
