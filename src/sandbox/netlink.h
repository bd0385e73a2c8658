// Links, addresses and routes by raw rtnetlink. Every function acts in the network namespace of the
// calling thread (see in_network) and takes what exists already for success. Private to this
// folder.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace holm::sandbox {

// In host byte order.
using Ipv4 = uint32_t;

struct Ipv4Network {
  Ipv4 address = 0;
  unsigned prefix = 32;

  Ipv4 first() const { return prefix == 0 ? 0 : address & ~uint32_t{0} << (32 - prefix); }
  bool operator==(const Ipv4Network&) const = default;
};

using MacAddress = std::array<uint8_t, 6>;

// Nothing unless the whole text is a dotted address, an address with a prefix, or six octets.
std::optional<Ipv4> parse_ipv4(std::string_view text);
std::optional<Ipv4Network> parse_ipv4_network(std::string_view text);
std::optional<MacAddress> parse_mac(std::string_view text);
std::string to_string(Ipv4 address);
std::string to_string(const Ipv4Network& network);
std::string to_string(const MacAddress& mac);

// 0 when there is none.
unsigned link_index(const std::string& name);
// Its hardware address is its own: else it would be that of one of its ports, and another one whenever ports
// come and go, while the neighbours go on sending to the old one.
Result<void> add_bridge(const std::string& name, const MacAddress& mac);

struct VethSpec {
  std::string name;
  std::string peer_name;
  int peer_namespace = -1;
  // 0: the kernel chooses one.
  MacAddress peer_mac{};
  // The bridge the near end is a port of, or 0. Such a port is isolated: ports do not reach each
  // other.
  unsigned bridge_index = 0;
};

// The near end is up afterwards.
Result<void> add_veth(const VethSpec& spec);
Result<void> set_up(const std::string& name);
Result<void> delete_link(const std::string& name);
Result<void> add_address(const std::string& link, const Ipv4Network& address);
Result<void> delete_address(const std::string& link, const Ipv4Network& address);
Result<void> add_default_route(const std::string& link, Ipv4 gateway);
// Replaces what led there; the route goes with the link.
Result<void> add_route(const std::string& link, const Ipv4Network& to, Ipv4 gateway);
Result<void> add_host_route(const std::string& link, Ipv4 address, Ipv4 gateway);
// Only the one by this link; none is no error.
Result<void> delete_host_route(const std::string& link, Ipv4 address);

// Writes /proc/sys/net/<path>, of the calling thread's network namespace.
Result<void> set_network_option(const std::string& path, std::string_view value);

// The loopback device of a guest's new namespace, and ping for everybody in it.
Result<void> prepare_guest_network(int network_namespace);

}  // namespace holm::sandbox
