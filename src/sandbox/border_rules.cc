// A chain for each direction of each subnet that has rules. Nothing is remembered of connections: that is what
// makes these rules different from security groups.

#include "sandbox/border_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "sandbox/firewall.h"
#include "sandbox/netlink.h"

namespace holm::sandbox {

namespace {

std::string text_of(const std::string& cidr) {
  const Ipv4Network network = *parse_ipv4_network(cidr);
  return fmt::format("{}/{}", to_string(network.first()), network.prefix);
}

// In the order of their numbers; what no rule speaks of does not pass.
std::string chain(const std::string& name, const char* peer, std::vector<BorderRule> rules) {
  std::ranges::sort(rules, {}, &BorderRule::number);
  std::string out = fmt::format("add chain inet borders {}\n", name);
  for (const BorderRule& rule : rules) {
    const char* verdict = rule.action == BorderRule::Action::Allow ? "return" : "drop";
    for (const std::string& cidr : rule.match.cidrs) {
      auto network = parse_ipv4_network(cidr);
      if (!network) continue;  // IPv6, which guests do not have.
      const std::string other = network->prefix > 0 ? fmt::format("{} {} ", peer, text_of(cidr)) : "";
      out +=
          fmt::format("add rule inet borders {} {}{}{}\n", name, other, protocol_match(rule.match), verdict);
    }
  }
  return out + fmt::format("add rule inet borders {} drop\n", name);
}

}  // namespace

Result<void> check_borders(const std::vector<SubnetBorder>& borders) {
  for (const SubnetBorder& border : borders) {
    if (!parse_ipv4_network(border.cidr)) return failure(border.cidr + " is no IPv4 network");
    for (const auto* rules : {&border.entering, &border.leaving}) {
      for (const BorderRule& rule : *rules) {
        if (auto checked = check_rule(rule.match); !checked) return checked;
      }
    }
  }
  return {};
}

// AWS's own addresses in a VPC are beyond every network ACL.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
std::string border_rules(const std::vector<SubnetBorder>& borders, const std::string& resolver) {
  std::string out = "add table inet borders\ndelete table inet borders\n";
  if (borders.empty()) return out;
  out += "add table inet borders\nadd chain inet borders cross\n";
  for (size_t i = 0; i < borders.size(); ++i) {
    const std::string network = text_of(borders[i].cidr);
    out += chain(fmt::format("out_{}", i), "ip daddr", borders[i].leaving);
    out += chain(fmt::format("in_{}", i), "ip saddr", borders[i].entering);
    out += fmt::format(
        "add rule inet borders cross ip saddr {0} ip daddr != {0} jump out_{1}\n"
        "add rule inet borders cross ip daddr {0} ip saddr != {0} jump in_{1}\n",
        network, i);
  }
  const std::string own = fmt::format("{{ {}, {}, {} }}", kMetadataAddress, kResolverAddress, resolver);
  for (const char* hook : {"forward", "input", "output"}) {
    out += fmt::format(
        "add chain inet borders {0} {{ type filter hook {0} priority -5; policy accept; }}\n"
        "add rule inet borders {0} ip saddr {1} accept\nadd rule inet borders {0} ip daddr {1} accept\n"
        "add rule inet borders {0} jump cross\n",
        hook, own);
  }
  return out;
}

}  // namespace holm::sandbox
