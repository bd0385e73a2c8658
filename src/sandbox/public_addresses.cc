// The table of public addresses.

#include "sandbox/public_addresses.h"

#include <fmt/format.h>

#include "sandbox/firewall.h"

namespace holm::sandbox {

namespace {

// Pairs of `from` that `to` has not, for a verb.
std::string pairs(std::string_view verb, std::string_view map, const std::map<std::string, std::string>& from,
                  const std::map<std::string, std::string>& to) {
  std::string out;
  for (const auto& [key, value] : from) {
    auto other = to.find(key);
    if (other != to.end() && other->second == value) continue;
    out += fmt::format("{} element inet public {} {{ {} : {} }}\n", verb, map, key, value);
  }
  return out;
}

std::map<std::string, std::string> turned(const std::map<std::string, std::string>& map) {
  std::map<std::string, std::string> result;
  for (const auto& [key, value] : map) result[value] = key;
  return result;
}

}  // namespace

std::set<Ipv4> PublicAddresses::all() const {
  std::set<Ipv4> result;
  for (const auto& [address, inside] : private_of) result.insert(*parse_ipv4(address));
  for (const auto& [subnet, address] : nat_of) result.insert(*parse_ipv4(address));
  return result;
}

Result<PublicAddresses> read_public_addresses(const std::vector<PublicAddress>& addresses) {
  PublicAddresses result;
  const Ipv4Network pool = *parse_ipv4_network(kPublicNetwork);
  for (const PublicAddress& each : addresses) {
    auto address = parse_ipv4(each.address);
    if (!address || Ipv4Network{*address, pool.prefix}.first() != pool.first()) {
      return failure(each.address + " is no public address");
    }
    const auto own = parse_ipv4(each.inside);
    const auto subnet = parse_ipv4_network(each.inside);
    if (!own && !subnet) return failure(each.inside + " is neither an IPv4 address nor a network");
    const bool is_new = own ? result.private_of.emplace(each.address, to_string(*own)).second
                            : result.nat_of.emplace(to_string(*subnet), each.address).second;
    if (!is_new) return failure(each.address + " is told twice");
  }
  if (turned(result.private_of).size() != result.private_of.size()) {
    return failure("an interface has two public addresses");
  }
  return result;
}

// Both come before the masquerade, which is for the rest.
std::string public_address_rules(const PublicAddresses& addresses) {
  const std::string rules = fmt::format(R"(
add table inet public
delete table inet public
add table inet public
add map inet public private_of {{ type ipv4_addr : ipv4_addr; }}
add map inet public public_of {{ type ipv4_addr : ipv4_addr; }}
add map inet public nat_of {{ type ipv4_addr : ipv4_addr; flags interval; }}
add chain inet public prerouting {{ type nat hook prerouting priority -100; policy accept; }}
add rule inet public prerouting iifname "{0}" dnat ip to ip daddr map @private_of
add chain inet public postrouting {{ type nat hook postrouting priority 99; policy accept; }}
add rule inet public postrouting oifname "{0}" snat ip to ip saddr map @public_of
add rule inet public postrouting oifname "{0}" snat ip to ip saddr map @nat_of
)",
                                        kUplinkInVpc);
  return rules + public_address_changes({}, addresses);
}

std::string public_address_changes(const PublicAddresses& before, const PublicAddresses& after) {
  const auto old_own = turned(before.private_of);
  const auto new_own = turned(after.private_of);
  return pairs("delete", "private_of", before.private_of, after.private_of) +
         pairs("delete", "public_of", old_own, new_own) +
         pairs("delete", "nat_of", before.nat_of, after.nat_of) +
         pairs("add", "private_of", after.private_of, before.private_of) +
         pairs("add", "public_of", new_own, old_own) + pairs("add", "nat_of", after.nat_of, before.nat_of);
}

}  // namespace holm::sandbox
