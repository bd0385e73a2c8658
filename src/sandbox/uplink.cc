// The host's side of the network: the only thing outside holm's own namespaces.

#include "sandbox/uplink.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <unistd.h>

#include <memory>
#include <set>

#include "base/files.h"
#include "base/strings.h"
#include "sandbox/firewall.h"
#include "sandbox/names.h"
#include "sandbox/namespaces.h"
#include "sandbox/netlink.h"

namespace holm::sandbox {

namespace {

// /30 networks in kUplinkNetwork.
constexpr uint32_t kLinks = 1 << 14;

struct LinkAddress {
  std::string name;
  Ipv4 address = 0;
};

std::vector<LinkAddress> addresses_of_host() {
  std::vector<LinkAddress> result;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return result;
  std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, &::freeifaddrs);
  for (ifaddrs* each = first; each; each = each->ifa_next) {
    if (!each->ifa_addr || each->ifa_addr->sa_family != AF_INET) continue;
    const auto* address = reinterpret_cast<const sockaddr_in*>(each->ifa_addr);
    result.push_back({each->ifa_name, ntohl(address->sin_addr.s_addr)});
  }
  return result;
}

// The host's end: the one it has, or the first of a /30 that nobody uses.
Result<Ipv4> choose_address(const std::string& name, const std::string& vpc_id) {
  Ipv4 base = parse_ipv4_network(kUplinkNetwork)->first();
  std::set<uint32_t> used;
  for (const LinkAddress& each : addresses_of_host()) {
    if (each.name == name) return each.address;
    if (each.address >= base && each.address < base + 4 * kLinks) {
      used.insert((each.address - base) / 4);
    }
  }
  uint32_t start = static_cast<uint32_t>(stable_hash(vpc_id) % kLinks);
  for (uint32_t i = 0; i < kLinks; ++i) {
    uint32_t slot = (start + i) % kLinks;
    if (!used.contains(slot)) return base + 4 * slot + 1;
  }
  return failure("no address is free for another uplink");
}

// The interface by which the host reaches the address as a route of its own says; empty without one.
std::string route_of(Ipv4 address) {
  auto text = read_file("/proc/net/route");
  if (!text) return "";
  const std::string wanted = fmt::format("{:08X}", htonl(address));
  for (std::string_view line : split(*text, '\n')) {
    auto fields = split(line, '\t');
    if (fields.size() > 7 && fields[1] == wanted && fields[7] == "FFFFFFFF") return std::string(fields[0]);
  }
  return "";
}

std::string uplink_name(const UplinkSpec& spec) {
  return uplink_prefix(spec.data_directory) + fmt::format("{:08x}", stable_hash(spec.vpc_id) & ~0U);
}

// The interface of the host's default route; empty when it has none.
std::string default_interface() {
  auto text = read_file("/proc/net/route");
  if (!text) return "";
  for (std::string_view line : split(*text, '\n')) {
    auto fields = split(line, '\t');
    if (fields.size() > 7 && fields[1] == "00000000" && fields[7] == "00000000") {
      return std::string(fields[0]);
    }
  }
  return "";
}

std::string forwarding_path(const std::string& interface) {
  return "/proc/sys/net/ipv4/conf/" + interface + "/forwarding";
}

std::string note_path(const std::string& data_directory) {
  return data_directory + "/run/forwarding";
}

// Packets that come back arrive at the interface of the default route and have to be forwarded as
// well.
Result<void> forward_from(const std::string& data_directory, const std::string& uplink) {
  if (auto set = set_network_option("ipv4/conf/" + uplink + "/forwarding", "1"); !set) return set;
  std::string outer = default_interface();
  if (outer.empty()) return {};
  auto present = read_file(forwarding_path(outer));
  if (!present || trim(*present) == "1") return {};
  // Noted first, so that it is put back in any case.
  if (auto noted = write_file_durably(note_path(data_directory), outer); !noted) return noted;
  return set_network_option("ipv4/conf/" + outer + "/forwarding", "1");
}

Result<void> ensure_host_rules(const std::string& data_directory) {
  if (host_table_exists(data_directory)) return {};
  auto firewall = Firewall::make();
  if (!firewall) return std::unexpected(firewall.error());
  return (*firewall)->run(host_rules(data_directory));
}

}  // namespace

Result<void> ensure_uplink(const UplinkSpec& spec) {
  std::string name = uplink_name(spec);
  // The rules come first: never is there an uplink that reaches the host.
  if (auto ruled = ensure_host_rules(spec.data_directory); !ruled) return ruled;
  auto address = choose_address(name, spec.vpc_id);
  if (!address) return std::unexpected(address.error());
  auto made =
      add_veth({.name = name, .peer_name = kUplinkInVpc, .peer_namespace = spec.vpc_namespace});
  if (!made) return made;
  if (auto added = add_address(name, {*address, 30}); !added) return added;
  if (auto forwarded = forward_from(spec.data_directory, name); !forwarded) return forwarded;
  return in_network(spec.vpc_namespace, [&]() -> Result<void> {
    if (auto up = set_up(kUplinkInVpc); !up) return up;
    if (auto added = add_address(kUplinkInVpc, {*address + 1, 30}); !added) return added;
    return add_default_route(kUplinkInVpc, *address);
  });
}

Result<void> remove_uplink(const UplinkSpec& spec) { return delete_link(uplink_name(spec)); }

Result<void> route_to_vpc(const UplinkSpec& spec, Ipv4 public_address) {
  const std::string name = uplink_name(spec);
  const std::string known = route_of(public_address);
  if (!known.empty() && !known.starts_with(uplink_prefix(spec.data_directory))) {
    return failure(fmt::format("{} leads to {}: another region of this machine has the address",
                               to_string(public_address), known));
  }
  auto address = choose_address(name, spec.vpc_id);
  if (!address) return std::unexpected(address.error());
  return add_host_route(name, public_address, *address + 1);
}

Result<void> unroute(const UplinkSpec& spec, Ipv4 public_address) {
  return delete_host_route(uplink_name(spec), public_address);
}

Result<void> remove_host_rules(const std::string& data_directory) {
  if (auto outer = read_file(note_path(data_directory)); outer && !outer->empty()) {
    auto restored = set_network_option("ipv4/conf/" + *outer + "/forwarding", "0");
    if (!restored) return restored;
    ::unlink(note_path(data_directory).c_str());
  }
  if (!host_table_exists(data_directory)) return {};
  auto firewall = Firewall::make();
  if (!firewall) return std::unexpected(firewall.error());
  return (*firewall)->run("delete table inet " + host_table_name(data_directory));
}

}  // namespace holm::sandbox
