// Security groups as nftables: a set of members and two chains a group, two chains an interface,
// and two maps from addresses to them, so that a packet's cost does not grow with their number.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "sandbox/firewall.h"
#include "sandbox/names.h"
#include "sandbox/netlink.h"

namespace holm::sandbox {

namespace {

constexpr int kPortMax = 65535;
constexpr int kTcp = 6;
constexpr int kUdp = 17;
constexpr int kIcmp = 1;
constexpr int kAnyProtocol = -1;

enum class Direction { Ingress, Egress };

// nftables' names have no hyphens.
std::string identifier(std::string_view id) { return replace_all(id, "-", "_"); }

std::string members(std::string_view group) { return "members_" + identifier(group); }
std::string chain_of_group(Direction direction, std::string_view group) {
  return (direction == Direction::Ingress ? "in_" : "out_") + identifier(group);
}
std::string chain_of_interface(Direction direction, std::string_view interface) {
  return (direction == Direction::Ingress ? "to_" : "from_") + identifier(interface);
}

// nftables takes a range of one for a range, and overlapping ones in one rule as separate rules.
std::vector<std::string> rule_lines(const SecurityRule& rule, Direction direction) {
  std::string verdict = direction == Direction::Ingress ? "accept" : "goto to_interface";
  std::string peer = direction == Direction::Ingress ? "ip saddr" : "ip daddr";
  std::string protocol = protocol_match(rule);
  std::vector<std::string> lines;
  for (const std::string& cidr : rule.cidrs) {
    auto network = parse_ipv4_network(cidr);
    if (!network) continue;
    std::string match;
    if (network->prefix > 0) {
      match = fmt::format("{} {}/{} ", peer, to_string(network->first()), network->prefix);
    }
    lines.push_back(match + protocol + verdict);
  }
  if (!rule.group_id.empty()) {
    lines.push_back(fmt::format("{} @{} {}{}", peer, members(rule.group_id), protocol, verdict));
  }
  return lines;
}

void fill_group_chain(std::string& out, const std::string& chain,
                      const std::vector<SecurityRule>& rules, Direction direction) {
  for (const SecurityRule& rule : rules) {
    for (const std::string& line : rule_lines(rule, direction)) {
      out += fmt::format("add rule inet security {} {}\n", chain, line);
    }
  }
}

void fill_interface_chains(std::string& out, const InterfaceSecurity& interface) {
  for (Direction direction : {Direction::Ingress, Direction::Egress}) {
    std::string chain = chain_of_interface(direction, interface.interface_id);
    for (const std::string& group : interface.group_ids) {
      out += fmt::format("add rule inet security {} jump {}\n", chain,
                         chain_of_group(direction, group));
    }
    out += fmt::format("add rule inet security {} drop\n", chain);
  }
}

// Elements of one kind that come or go.
struct Elements {
  std::set<std::string> members;  // "set address"
  std::set<std::string> maps;     // "map address : verdict"
};

Elements elements_of(const Security& security) {
  Elements elements;
  for (const auto& [id, interface] : security.interfaces) {
    for (const std::string& address : interface.addresses) {
      for (const std::string& group : interface.group_ids) {
        elements.members.insert(fmt::format("{} {{ {} }}", members(group), address));
      }
      elements.maps.insert(fmt::format("ingress_of {{ {} : goto {} }}", address,
                                       chain_of_interface(Direction::Ingress, id)));
      elements.maps.insert(fmt::format("egress_of {{ {} : goto {} }}", address,
                                       chain_of_interface(Direction::Egress, id)));
    }
  }
  return elements;
}

void add_difference(std::string& out, const char* verb, const std::set<std::string>& from,
                    const std::set<std::string>& to) {
  for (const std::string& element : from) {
    if (!to.contains(element)) out += fmt::format("{} element inet security {}\n", verb, element);
  }
}

// Groups that rules name but nobody is in, too: a rule needs their set.
std::set<std::string> sets_of(const Security& security) {
  std::set<std::string> ids;
  for (const auto& [id, group] : security.groups) {
    ids.insert(id);
    for (const auto* rules : {&group.ingress, &group.egress}) {
      for (const SecurityRule& rule : *rules) {
        if (!rule.group_id.empty()) ids.insert(rule.group_id);
      }
    }
  }
  return ids;
}

std::string added(const Security& before, const Security& after) {
  std::string out;
  std::set<std::string> old_sets = sets_of(before);
  for (const std::string& id : sets_of(after)) {
    if (old_sets.contains(id)) continue;
    out += fmt::format("add set inet security {} {{ type ipv4_addr; }}\n", members(id));
  }
  for (const auto& [id, group] : after.groups) {
    if (before.groups.contains(id)) continue;
    for (Direction direction : {Direction::Ingress, Direction::Egress}) {
      out += fmt::format("add chain inet security {}\n", chain_of_group(direction, id));
    }
  }
  for (const auto& [id, interface] : after.interfaces) {
    if (before.interfaces.contains(id)) continue;
    for (Direction direction : {Direction::Ingress, Direction::Egress}) {
      out += fmt::format("add chain inet security {}\n", chain_of_interface(direction, id));
    }
  }
  return out;
}

std::string refilled(const Security& before, const Security& after) {
  std::string out;
  for (const auto& [id, group] : after.groups) {
    auto old = before.groups.find(id);
    if (old != before.groups.end() && old->second == group) continue;
    for (Direction direction : {Direction::Ingress, Direction::Egress}) {
      std::string chain = chain_of_group(direction, id);
      if (old != before.groups.end()) out += "flush chain inet security " + chain + "\n";
      const auto& rules = direction == Direction::Ingress ? group.ingress : group.egress;
      fill_group_chain(out, chain, rules, direction);
    }
  }
  for (const auto& [id, interface] : after.interfaces) {
    auto old = before.interfaces.find(id);
    if (old != before.interfaces.end() && old->second.group_ids == interface.group_ids) continue;
    if (old != before.interfaces.end()) {
      for (Direction direction : {Direction::Ingress, Direction::Egress}) {
        out += "flush chain inet security " + chain_of_interface(direction, id) + "\n";
      }
    }
    fill_interface_chains(out, interface);
  }
  return out;
}

std::string removed(const Security& before, const Security& after) {
  std::string out;
  std::string chains;
  for (const auto& [id, interface] : before.interfaces) {
    if (after.interfaces.contains(id)) continue;
    for (Direction direction : {Direction::Ingress, Direction::Egress}) {
      std::string chain = chain_of_interface(direction, id);
      out += "flush chain inet security " + chain + "\n";
      chains += "delete chain inet security " + chain + "\n";
    }
  }
  for (const auto& [id, group] : before.groups) {
    if (after.groups.contains(id)) continue;
    for (Direction direction : {Direction::Ingress, Direction::Egress}) {
      std::string chain = chain_of_group(direction, id);
      out += "flush chain inet security " + chain + "\n";
      chains += "delete chain inet security " + chain + "\n";
    }
  }
  out += chains;
  std::set<std::string> still = sets_of(after);
  for (const std::string& id : sets_of(before)) {
    if (!still.contains(id)) out += "delete set inet security " + members(id) + "\n";
  }
  return out;
}

}  // namespace

Result<void> check_rule(const SecurityRule& rule) {
  if (rule.protocol < kAnyProtocol || rule.protocol > 255) {
    return failure(fmt::format("{} is no IP protocol", rule.protocol));
  }
  bool has_ports = rule.protocol == kTcp || rule.protocol == kUdp;
  if (has_ports && (rule.from_port > rule.to_port || rule.to_port > kPortMax)) {
    return failure(fmt::format("{}-{} are no ports", rule.from_port, rule.to_port));
  }
  if (rule.protocol == kIcmp && (rule.from_port > 255 || rule.to_port > 255)) {
    return failure(fmt::format("{}/{} is no ICMP type and code", rule.from_port, rule.to_port));
  }
  for (const std::string& cidr : rule.cidrs) {
    // A rule for IPv6 is in order and lets nothing through: guests have no IPv6.
    if (cidr.find(':') != std::string::npos) continue;
    if (!parse_ipv4_network(cidr)) return failure(cidr + " is no IPv4 network");
  }
  if (!rule.group_id.empty() && !is_valid_id(rule.group_id)) {
    return failure("not a security group's id: " + rule.group_id);
  }
  return {};
}

// The part of a rule that says what is carried.
std::string protocol_match(const SecurityRule& rule) {
  if (rule.protocol == kAnyProtocol) return "";
  if (rule.protocol == kIcmp && rule.from_port >= 0) {
    std::string match = fmt::format("icmp type {} ", rule.from_port);
    if (rule.to_port >= 0) match += fmt::format("icmp code {} ", rule.to_port);
    return match;
  }
  bool has_ports = rule.protocol == kTcp || rule.protocol == kUdp;
  bool all_ports = rule.from_port <= 0 && (rule.to_port < 0 || rule.to_port == kPortMax);
  if (!has_ports || all_ports) return fmt::format("meta l4proto {} ", rule.protocol);
  return fmt::format("{} dport {}-{} ", rule.protocol == kTcp ? "tcp" : "udp", std::max(rule.from_port, 0),
                     rule.to_port);
}

Result<Security> read_security(const std::vector<SecurityGroup>& groups,
                               const std::vector<InterfaceSecurity>& interfaces) {
  Security security;
  for (const SecurityGroup& group : groups) {
    if (!is_valid_id(group.id)) return failure("not a security group's id: " + group.id);
    for (const auto* rules : {&group.ingress, &group.egress}) {
      for (const SecurityRule& rule : *rules) {
        if (auto checked = check_rule(rule); !checked) return std::unexpected(checked.error());
      }
    }
    security.groups[group.id] = group;
  }
  for (const InterfaceSecurity& interface : interfaces) {
    if (!is_valid_id(interface.interface_id)) {
      return failure("not an interface's id: " + interface.interface_id);
    }
    for (const std::string& address : interface.addresses) {
      if (!parse_ipv4(address)) return failure(address + " is no IPv4 address");
    }
    for (const std::string& group : interface.group_ids) {
      if (!security.groups.contains(group)) return failure("there is no security group " + group);
    }
    security.interfaces[interface.interface_id] = interface;
  }
  return security;
}

std::string security_rules(const Security& security, const std::string& resolver) {
  std::string out = fmt::format(
      R"(add table inet security
delete table inet security
add table inet security
add map inet security ingress_of {{ type ipv4_addr : verdict; }}
add map inet security egress_of {{ type ipv4_addr : verdict; }}
add chain inet security to_interface
add rule inet security to_interface ip daddr vmap @ingress_of
add rule inet security to_interface oifname "{0}" accept
add rule inet security to_interface oifname "{8}" accept
add rule inet security to_interface drop
add chain inet security forward {{ type filter hook forward priority 0; policy drop; }}
add rule inet security forward ct state established,related accept
add rule inet security forward ct state invalid drop
add rule inet security forward ip saddr vmap @egress_of
add rule inet security forward iifname "{0}" goto to_interface
add rule inet security forward iifname "{8}" goto to_interface
add chain inet security input {{ type filter hook input priority 0; policy drop; }}
add rule inet security input ct state established,related accept
add rule inet security input iifname "lo" accept
add rule inet security input ip daddr {1} tcp dport {4} accept
add rule inet security input ip daddr {{ {1}, {2}, {3} }} tcp dport {6} accept
add rule inet security input ip daddr {{ {2}, {3} }} meta l4proto {{ tcp, udp }} th dport {5} accept
add rule inet security input ip saddr vmap @egress_of
add rule inet security input iifname "{8}" goto to_interface
add chain inet security output {{ type filter hook output priority 0; policy drop; }}
add rule inet security output ct state established,related accept
add rule inet security output meta mark {7} accept
add rule inet security output ip saddr vmap @egress_of
add rule inet security output oifname "lo" accept
)",
      kUplinkInVpc, kMetadataAddress, kResolverAddress, resolver, kMetadataPort, kResolverPort,
      kApiPort, kControlMark, kPeeringLinks);
  return out + security_changes({}, security);
}

std::string security_changes(const Security& before, const Security& after) {
  Elements old_elements = elements_of(before);
  Elements new_elements = elements_of(after);
  std::string out = added(before, after) + refilled(before, after);
  add_difference(out, "delete", old_elements.maps, new_elements.maps);
  add_difference(out, "delete", old_elements.members, new_elements.members);
  add_difference(out, "add", new_elements.members, old_elements.members);
  add_difference(out, "add", new_elements.maps, old_elements.maps);
  return out + removed(before, after);
}

}  // namespace holm::sandbox
