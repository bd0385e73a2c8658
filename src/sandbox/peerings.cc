// What leaves a VPC by a peering needs a way; nothing passes through a VPC from one peering to another, or to the
// world.

#include "sandbox/peerings.h"

#include <fmt/format.h>

#include "sandbox/firewall.h"
#include "sandbox/names.h"

namespace holm::sandbox {

namespace {

// /30 networks that no guest can have, away from the metadata service and the resolver.
constexpr Ipv4 kLinkNetwork = (169U << 24) | (254U << 16);
constexpr uint64_t kLinks = 1 << 13;

std::string text_of(const std::string& cidr) {
  const Ipv4Network network = *parse_ipv4_network(cidr);
  return fmt::format("{}/{}", to_string(network.first()), network.prefix);
}

}  // namespace

Result<void> check_peerings(const std::vector<Peering>& peerings) {
  for (const Peering& each : peerings) {
    if (!is_valid_id(each.id) || !is_valid_id(each.peer_vpc)) return failure("not a peering: " + each.id);
    if (!parse_ipv4_network(each.peer_cidr)) return failure(each.peer_cidr + " is no IPv4 network");
    for (const Peering::Way& way : each.ways) {
      if (!parse_ipv4_network(way.from)) return failure(way.from + " is no IPv4 network");
      if (!parse_ipv4_network(way.to)) return failure(way.to + " is no IPv4 network");
    }
  }
  return {};
}

// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html
std::string peering_rules(const std::vector<Peering>& peerings, const std::string& resolver) {
  std::string out = "add table inet peerings\ndelete table inet peerings\n";
  if (peerings.empty()) return out;
  out +=
      "add table inet peerings\n"
      "add chain inet peerings forward { type filter hook forward priority -4; policy accept; }\n"
      "add chain inet peerings input { type filter hook input priority -4; policy accept; }\n";
  for (const Peering& from : peerings) {
    const std::string link = peering_link(from.id);
    out += fmt::format("add rule inet peerings input iifname \"{}\" ip daddr {} drop\n", link, resolver);
    for (const char* hook : {"forward", "input"}) {
      out += fmt::format("add rule inet peerings {} iifname \"{}\" ip saddr != {} drop\n", hook, link,
                         text_of(from.peer_cidr));
    }
    out += fmt::format("add rule inet peerings forward iifname \"{}\" oifname \"{}\" drop\n", link, kUplinkInVpc);
    for (const Peering& to : peerings) {
      out += fmt::format("add rule inet peerings forward iifname \"{}\" oifname \"{}\" drop\n", link,
                         peering_link(to.id));
    }
  }
  for (const Peering& each : peerings) {
    const std::string link = peering_link(each.id);
    for (const Peering::Way& way : each.ways) {
      out += fmt::format("add rule inet peerings forward oifname \"{}\" ip saddr {} ip daddr {} accept\n", link,
                         text_of(way.from), text_of(way.to));
    }
    out += fmt::format("add rule inet peerings forward oifname \"{}\" drop\n", link);
  }
  return out;
}

std::string peering_link(const std::string& id) { return interface_name('p', id); }

Ipv4 peering_address(const std::string& id, const std::string& vpc_id, const std::string& peer_id) {
  const auto slot = static_cast<uint32_t>(stable_hash(id) % kLinks);
  return kLinkNetwork + 4 * slot + (vpc_id < peer_id ? 1 : 2);
}

}  // namespace holm::sandbox
