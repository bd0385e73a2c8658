// VPCs as network namespaces: a bridge a subnet, a virtual pair an interface, security groups as
// nftables sets.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace holm::sandbox {

class Anchor;

// The metadata service and the resolver listen here, in every VPC's namespace.
inline constexpr char kMetadataAddress[] = "169.254.169.254";
inline constexpr char kResolverAddress[] = "169.254.169.253";
// SO_MARK of holm's own connections into a VPC that no security group applies to (engine control,
// health checks of holm itself). Guests cannot set it.
inline constexpr uint32_t kControlMark = 0x686f6c6d;
// Where public addresses are taken from: half of what RFC 2544 reserves for tests between devices.
inline constexpr char kPublicNetwork[] = "198.19.0.0/16";
// Ports that guests reach on the metadata, resolver and VPC+2 addresses.
inline constexpr uint16_t kMetadataPort = 80;
inline constexpr uint16_t kResolverPort = 53;
inline constexpr uint16_t kApiPort = 4566;

// Addresses are dotted IPv4, CIDRs like "10.0.0.0/16"; anything else is refused. IPv6 is not built:
// guests have none. Ids are AWS's ("vpc-0a…"), unique in the whole daemon over accounts and
// regions.
struct VpcSpec {
  std::string id;
  // The primary first; VPC+2 of it is where the resolver and the API listen as well.
  std::vector<std::string> cidrs;
};

struct SubnetSpec {
  std::string id;
  std::string vpc_id;
  std::string cidr;
  // Where its default route goes: nowhere, to a NAT gateway (every interface reaches out), or to an
  // internet gateway (only interfaces with a public address do).
  enum class DefaultRoute { None, NatGateway, InternetGateway };
  DefaultRoute default_route = DefaultRoute::None;

  bool operator==(const SubnetSpec&) const = default;
};

struct InterfaceSpec {
  std::string id;
  std::string subnet_id;
  // "02:…", six octets.
  std::string mac;
  // The primary first.
  std::vector<std::string> addresses;
  bool has_public_address = false;
  // Guest: the far end lies in a sandbox and appears when one starts with it. Local: holm itself
  // answers; the addresses are the namespace's own (a load balancer's interface, sockets by
  // `open_socket`).
  enum class Place { Guest, Local };
  Place place = Place::Guest;

  bool operator==(const InterfaceSpec&) const = default;
};

// By which the machine itself and other VPCs reach an interface, and see it. Towards the rest of the
// world it is translated once more, to the machine's own.
struct PublicAddress {
  std::string address;
  // An interface's private address: good both ways. A subnet's CIDR: for what leaves it, as through a NAT
  // gateway.
  std::string inside;
};

// What a fault takes away, as networks.
struct Cuts {
  // Nothing enters or leaves them, nor passes within them, whatever groups allow.
  std::vector<std::string> isolated;
  // They do not reach the world, nor it them: what carried that is gone.
  std::vector<std::string> stranded;

  bool operator==(const Cuts&) const = default;
};

// What leads from one VPC to another, as the one sees it. It carries something once both have published it.
struct Peering {
  std::string id;
  std::string peer_vpc;
  std::string peer_cidr;
  // Who may send to whom, by the routes of this VPC's subnets. Answers need a way like questions.
  struct Way {
    std::string from, to;
    bool operator==(const Way&) const = default;
  };
  std::vector<Way> ways;

  bool operator==(const Peering&) const = default;
};

struct SecurityRule {
  // -1 all, 1 ICMP, 6 TCP, 17 UDP, or another IP protocol number.
  int protocol = -1;
  // TCP and UDP: the ports, inclusive. ICMP: type and code, -1 is any.
  int from_port = -1;
  int to_port = -1;
  // Who is at the other end: any of these networks, or a member of this group.
  std::vector<std::string> cidrs;
  std::string group_id;

  bool operator==(const SecurityRule&) const = default;
};

// One rule of a network ACL; of those that match, the one with the lowest number decides.
struct BorderRule {
  enum class Action { Allow, Deny };
  int number = 0;
  Action action = Action::Deny;
  SecurityRule match;  // Of networks only.
};

// What may enter and leave a subnet. Answers need a rule like questions; what stays inside needs none.
struct SubnetBorder {
  std::string cidr;
  std::vector<BorderRule> entering;
  std::vector<BorderRule> leaving;
};

struct SecurityGroup {
  std::string id;
  std::vector<SecurityRule> ingress;
  std::vector<SecurityRule> egress;

  bool operator==(const SecurityGroup&) const = default;
};

struct InterfaceSecurity {
  std::string interface_id;
  std::vector<std::string> addresses;
  std::vector<std::string> group_ids;

  bool operator==(const InterfaceSecurity&) const = default;
};

struct NetworkOptions {
  // Names what is made on the host (the nftables table, the uplinks), so that two daemons do not
  // meet.
  std::string data_directory;
};

// Owns what it makes in the kernel until `remove_…`; the namespaces are kept by the anchor and
// survive the daemon. Every call is idempotent, blocks for milliseconds, and may be made on any
// thread. After a restart the owners of the state call `ensure_…` and `publish_security` again:
// what is already so is left alone.
class Network final {
 public:
  Network(const NetworkOptions& options, Anchor& anchor);
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  ~Network();

  Result<void> ensure_vpc(const VpcSpec& spec);
  Result<void> ensure_subnet(const SubnetSpec& spec);
  // Makes a local interface's addresses; a guest's is remembered for `attach`.
  Result<void> ensure_interface(const InterfaceSpec& spec);

  // Interfaces without a group let nothing through. The groups and interfaces are all there are in
  // this VPC; what differs from the last call is changed in one transaction, connections already
  // open go on.
  Result<void> publish_security(const std::string& vpc_id, const std::vector<SecurityGroup>& groups,
                                const std::vector<InterfaceSecurity>& interfaces);

  // All that is cut off in this VPC; connections already open are cut as well, and go on afterwards if their
  // ends have waited.
  Result<void> publish_cuts(const std::string& vpc_id, const Cuts& cuts);

  // Every subnet of this VPC that does not let everything through.
  Result<void> publish_borders(const std::string& vpc_id, const std::vector<SubnetBorder>& borders);

  // All of this VPC that are in force.
  Result<void> publish_peerings(const std::string& vpc_id, const std::vector<Peering>& peerings);

  // All in this VPC that lead anywhere: the owner leaves out those without a route to the internet. One
  // that another daemon's VPC has is refused.
  Result<void> publish_public_addresses(const std::string& vpc_id,
                                        const std::vector<PublicAddress>& addresses);

  // Connects the interface to a guest's namespace as `eth<device_index>` with addresses and, for
  // index 0, the default route. An earlier connection of the interface ends. Done by Runtime at a
  // sandbox's start.
  Result<void> attach(const std::string& interface_id, int guest_namespace, int device_index);
  Result<void> detach(const std::string& interface_id);

  Result<void> remove_interface(const std::string& id);
  Result<void> remove_subnet(const std::string& id);
  Result<void> remove_vpc(const std::string& id);
  // Every VPC, and the host's table and uplinks.
  Result<void> remove_all();

  // A descriptor of the VPC's namespace for setns(2), borrowed until `remove_vpc`; -1 for an
  // unknown VPC.
  int namespace_of(const std::string& vpc_id) const;
  // A socket inside the VPC, made with setns there and back on the calling thread. Flags as in
  // socket(2).
  Result<UniqueFd> open_socket(const std::string& vpc_id, int domain, int type) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holm::sandbox
