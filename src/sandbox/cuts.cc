// The table of what is cut off. It drops before any other table accepts, connections already open too.

#include "sandbox/cuts.h"

#include <fmt/format.h>

#include "sandbox/firewall.h"
#include "sandbox/netlink.h"

namespace holm::sandbox {

namespace {

std::string set_of(std::string_view name, const std::vector<std::string>& networks) {
  std::string out = fmt::format("add set inet cuts {} {{ type ipv4_addr; flags interval; }}\n", name);
  for (const std::string& each : networks) {
    const Ipv4Network network = *parse_ipv4_network(each);
    out += fmt::format("add element inet cuts {} {{ {}/{} }}\n", name, to_string(network.first()),
                       network.prefix);
  }
  return out;
}

}  // namespace

Result<void> check_cuts(const Cuts& cuts) {
  for (const auto* networks : {&cuts.isolated, &cuts.stranded}) {
    for (const std::string& each : *networks) {
      if (!parse_ipv4_network(each)) return failure(each + " is no IPv4 network");
    }
  }
  return {};
}

std::string cut_rules(const Cuts& cuts) {
  std::string out = "add table inet cuts\ndelete table inet cuts\n";
  if (cuts == Cuts()) return out;
  out += "add table inet cuts\n" + set_of("isolated", cuts.isolated) + set_of("stranded", cuts.stranded);
  for (const char* hook : {"forward", "input", "output"}) {
    out += fmt::format(
        "add chain inet cuts {0} {{ type filter hook {0} priority -10; policy accept; }}\n"
        "add rule inet cuts {0} ip saddr @isolated drop\n"
        "add rule inet cuts {0} ip daddr @isolated drop\n",
        hook);
  }
  return out + fmt::format(
                   "add rule inet cuts forward oifname \"{0}\" ip saddr @stranded drop\n"
                   "add rule inet cuts forward iifname \"{0}\" ip daddr @stranded drop\n",
                   kUplinkInVpc);
}

}  // namespace holm::sandbox
