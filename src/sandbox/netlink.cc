// rtnetlink messages, built by hand: no library, two milliseconds an interface.

#include "sandbox/netlink.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "sandbox/names.h"
#include "sandbox/namespaces.h"

namespace holm::sandbox {

namespace {

// One request. Attributes are appended in order; nested ones are opened and closed.
class Request {
 public:
  template <class Body>
  Request(uint16_t type, uint16_t flags, const Body& body) {
    header()->nlmsg_type = type;
    header()->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    size_ = NLMSG_HDRLEN;
    append(&body, sizeof(body));
  }

  void add(uint16_t type, const void* data, size_t size) {
    rtattr attribute{static_cast<uint16_t>(RTA_LENGTH(size)), type};
    append(&attribute, sizeof(attribute));
    append(data, size);
  }
  template <class Value>
  void add(uint16_t type, const Value& value) {
    add(type, &value, sizeof(value));
  }
  void add_text(uint16_t type, const std::string& text) { add(type, text.c_str(), text.size() + 1); }

  size_t open(uint16_t type) {
    size_t start = size_;
    add(type, nullptr, 0);
    return start;
  }
  void close(size_t start) {
    auto length = static_cast<uint16_t>(size_ - start);
    std::memcpy(buffer_.data() + start, &length, sizeof(length));
  }
  void append(const void* data, size_t size) {
    size_t padded = NLMSG_ALIGN(size);
    CHECK(size_ + padded <= buffer_.size());
    if (size > 0) std::memcpy(buffer_.data() + size_, data, size);
    size_ += padded;
  }

  // 0 or the kernel's errno.
  Result<int> send();

 private:
  nlmsghdr* header() { return reinterpret_cast<nlmsghdr*>(buffer_.data()); }

  alignas(nlmsghdr) std::array<char, 1024> buffer_{};
  size_t size_ = 0;
};

Result<int> Request::send() {
  header()->nlmsg_len = static_cast<uint32_t>(size_);
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket || ::send(socket.get(), buffer_.data(), size_, 0) < 0) {
    return failure(system_error("rtnetlink"));
  }
  alignas(nlmsghdr) std::array<char, 4096> answer{};
  ssize_t size = ::recv(socket.get(), answer.data(), answer.size(), 0);
  if (size < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(nlmsgerr)))) {
    return failure(system_error("rtnetlink's answer"));
  }
  nlmsgerr error{};
  std::memcpy(&error, answer.data() + NLMSG_HDRLEN, sizeof(error));
  return -error.error;
}

Result<void> perform(Request& request, const std::string& what, int tolerated = 0) {
  auto error = request.send();
  if (!error) return std::unexpected(error.error());
  if (*error == 0 || *error == tolerated) return {};
  return failure(fmt::format("{}: {}", what, std::strerror(*error)));
}

Result<unsigned> require_link(const std::string& name) {
  unsigned index = link_index(name);
  if (index == 0) return failure("there is no interface " + name);
  return index;
}

ifaddrmsg address_body(unsigned index, const Ipv4Network& address) {
  ifaddrmsg body{};
  body.ifa_family = AF_INET;
  body.ifa_prefixlen = static_cast<uint8_t>(address.prefix);
  body.ifa_index = index;
  return body;
}

Result<void> change_address(uint16_t type, uint16_t flags, const std::string& link,
                            const Ipv4Network& address, int tolerated) {
  auto index = require_link(link);
  if (!index) return std::unexpected(index.error());
  Request request(type, flags, address_body(*index, address));
  uint32_t wire = htonl(address.address);
  request.add(IFA_LOCAL, wire);
  request.add(IFA_ADDRESS, wire);
  return perform(request, fmt::format("address {} of {}", to_string(address), link), tolerated);
}

Result<void> isolate_port(unsigned index) {
  ifinfomsg body{};
  body.ifi_index = static_cast<int>(index);
  Request request(RTM_NEWLINK, 0, body);
  size_t info = request.open(IFLA_LINKINFO);
  request.add_text(IFLA_INFO_SLAVE_KIND, "bridge");
  size_t data = request.open(IFLA_INFO_SLAVE_DATA);
  request.add(IFLA_BRPORT_ISOLATED, uint8_t{1});
  request.close(data);
  request.close(info);
  return perform(request, "isolating a bridge's port");
}

}  // namespace

std::optional<Ipv4> parse_ipv4(std::string_view text) {
  in_addr address{};
  if (text.size() > 15 || ::inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) {
    return std::nullopt;
  }
  return ntohl(address.s_addr);
}

std::optional<Ipv4Network> parse_ipv4_network(std::string_view text) {
  size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto address = parse_ipv4(text.substr(0, slash));
  auto prefix = parse_integer(text.substr(slash + 1));
  if (!address || !prefix || *prefix < 0 || *prefix > 32) return std::nullopt;
  return Ipv4Network{*address, static_cast<unsigned>(*prefix)};
}

std::optional<MacAddress> parse_mac(std::string_view text) {
  auto parts = split(text, ':');
  MacAddress mac{};
  if (parts.size() != mac.size()) return std::nullopt;
  for (size_t i = 0; i < mac.size(); ++i) {
    auto octet = hex_decode(parts[i]);
    if (!octet || octet->size() != 1) return std::nullopt;
    mac[i] = static_cast<uint8_t>((*octet)[0]);
  }
  return mac;
}

std::string to_string(Ipv4 address) {
  return fmt::format("{}.{}.{}.{}", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
}

std::string to_string(const Ipv4Network& network) {
  return fmt::format("{}/{}", to_string(network.address), network.prefix);
}

std::string to_string(const MacAddress& mac) {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1], mac[2], mac[3], mac[4],
                     mac[5]);
}

unsigned link_index(const std::string& name) { return ::if_nametoindex(name.c_str()); }

Result<void> add_bridge(const std::string& name, const MacAddress& mac) {
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  request.add_text(IFLA_IFNAME, name);
  request.add(IFLA_ADDRESS, mac);
  size_t info = request.open(IFLA_LINKINFO);
  request.add_text(IFLA_INFO_KIND, "bridge");
  request.close(info);
  if (auto made = perform(request, "bridge " + name, EEXIST); !made) return made;
  auto index = require_link(name);
  if (!index) return std::unexpected(index.error());
  ifinfomsg body{};
  body.ifi_index = static_cast<int>(*index);
  body.ifi_flags = IFF_UP;
  body.ifi_change = IFF_UP;
  Request change(RTM_NEWLINK, 0, body);
  change.add(IFLA_ADDRESS, mac);  // One that exists may be of a daemon that gave none.
  return perform(change, "setting up " + name);
}

Result<void> add_veth(const VethSpec& spec) {
  ifinfomsg body{};
  body.ifi_flags = IFF_UP;
  body.ifi_change = IFF_UP;
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body);
  request.add_text(IFLA_IFNAME, spec.name);
  if (spec.bridge_index) request.add(IFLA_MASTER, spec.bridge_index);
  size_t info = request.open(IFLA_LINKINFO);
  request.add_text(IFLA_INFO_KIND, "veth");
  size_t data = request.open(IFLA_INFO_DATA);
  size_t peer = request.open(VETH_INFO_PEER);
  ifinfomsg peer_body{};
  request.append(&peer_body, sizeof(peer_body));
  request.add_text(IFLA_IFNAME, spec.peer_name);
  request.add(IFLA_NET_NS_FD, static_cast<uint32_t>(spec.peer_namespace));
  if (spec.peer_mac != MacAddress{}) request.add(IFLA_ADDRESS, spec.peer_mac);
  request.close(peer);
  request.close(data);
  request.close(info);
  if (auto made = perform(request, "interface " + spec.name, EEXIST); !made) return made;
  if (spec.bridge_index) return isolate_port(link_index(spec.name));
  return {};
}

Result<void> set_up(const std::string& name) {
  auto index = require_link(name);
  if (!index) return std::unexpected(index.error());
  ifinfomsg body{};
  body.ifi_index = static_cast<int>(*index);
  body.ifi_flags = IFF_UP;
  body.ifi_change = IFF_UP;
  Request request(RTM_NEWLINK, 0, body);
  return perform(request, "setting up " + name);
}

Result<void> delete_link(const std::string& name) {
  unsigned index = link_index(name);
  if (index == 0) return {};
  ifinfomsg body{};
  body.ifi_index = static_cast<int>(index);
  Request request(RTM_DELLINK, 0, body);
  return perform(request, "deleting " + name, ENODEV);
}

Result<void> add_address(const std::string& link, const Ipv4Network& address) {
  return change_address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, link, address, EEXIST);
}

Result<void> delete_address(const std::string& link, const Ipv4Network& address) {
  if (link_index(link) == 0) return {};
  return change_address(RTM_DELADDR, 0, link, address, EADDRNOTAVAIL);
}

namespace {

rtmsg route_body() {
  rtmsg body{};
  body.rtm_family = AF_INET;
  body.rtm_table = RT_TABLE_MAIN;
  body.rtm_protocol = RTPROT_BOOT;
  body.rtm_scope = RT_SCOPE_UNIVERSE;
  body.rtm_type = RTN_UNICAST;
  return body;
}

}  // namespace

Result<void> add_route(const std::string& link, const Ipv4Network& to, Ipv4 gateway) {
  auto index = require_link(link);
  if (!index) return std::unexpected(index.error());
  rtmsg body = route_body();
  body.rtm_dst_len = static_cast<uint8_t>(to.prefix);
  Request request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, body);
  request.add(RTA_DST, static_cast<uint32_t>(htonl(to.first())));
  request.add(RTA_GATEWAY, static_cast<uint32_t>(htonl(gateway)));
  request.add(RTA_OIF, *index);
  return perform(request, "route to " + to_string(to));
}

Result<void> add_host_route(const std::string& link, Ipv4 address, Ipv4 gateway) {
  return add_route(link, {address, 32}, gateway);
}

Result<void> delete_host_route(const std::string& link, Ipv4 address) {
  unsigned index = link_index(link);
  if (index == 0) return {};
  rtmsg body = route_body();
  body.rtm_dst_len = 32;
  Request request(RTM_DELROUTE, 0, body);
  request.add(RTA_DST, static_cast<uint32_t>(htonl(address)));
  request.add(RTA_OIF, index);
  return perform(request, "removing the route to " + to_string(address), ESRCH);
}

Result<void> add_default_route(const std::string& link, Ipv4 gateway) {
  auto index = require_link(link);
  if (!index) return std::unexpected(index.error());
  Request request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route_body());
  request.add(RTA_GATEWAY, static_cast<uint32_t>(htonl(gateway)));
  request.add(RTA_OIF, *index);
  return perform(request, "default route by " + link);
}

Result<void> set_network_option(const std::string& path, std::string_view value) {
  std::string full = "/proc/sys/net/" + path;
  UniqueFd file(::open(full.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || ::write(file.get(), value.data(), value.size()) < 0) {
    return failure(system_error(full));
  }
  return {};
}

Result<void> prepare_guest_network(int network_namespace) {
  return in_network(network_namespace, []() -> Result<void> {
    if (auto up = set_up("lo"); !up) return up;
    return set_network_option("ipv4/ping_group_range", "0 2147483647");
  });
}

}  // namespace holm::sandbox
