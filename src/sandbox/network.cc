// VPCs, subnets and interfaces in the kernel.

#include "sandbox/network.h"

#include <fmt/format.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>

#include "sandbox/anchor.h"
#include "sandbox/border_rules.h"
#include "sandbox/cuts.h"
#include "sandbox/firewall.h"
#include "sandbox/names.h"
#include "sandbox/namespaces.h"
#include "sandbox/netlink.h"
#include "sandbox/peerings.h"
#include "sandbox/public_addresses.h"
#include "sandbox/uplink.h"

namespace holm::sandbox {

namespace {

struct Vpc {
  VpcSpec spec;
  UniqueFd name_space;
  std::unique_ptr<Firewall> firewall;
  // Nothing until it was published in this process's life.
  std::optional<Security> security;
  std::optional<PublicAddresses> public_addresses;
  std::set<Ipv4> routed;  // Of those, by the host.
  std::optional<Cuts> cuts;
  std::optional<std::string> borders;  // The commands that made them.
  std::optional<std::vector<Peering>> peerings;
  bool has_uplink = false;
};

struct Subnet {
  SubnetSpec spec;
  Ipv4Network cidr;
  std::string bridge;
  bool is_complete = false;
};

struct Interface {
  InterfaceSpec spec;
  MacAddress mac{};
  std::vector<Ipv4> addresses;
  std::string link;
};

std::string kept_name(const std::string& vpc_id) { return "vpc/" + vpc_id; }

// Options of a new VPC's namespace; per namespace, all of them.
constexpr std::pair<const char*, const char*> kOptions[] = {
    {"ipv4/ip_forward", "1"},
    {"ipv4/conf/all/send_redirects", "0"},
    {"ipv4/conf/default/send_redirects", "0"},
    {"ipv6/conf/all/disable_ipv6", "1"},
    {"ipv6/conf/default/disable_ipv6", "1"},
};

Result<void> set_options() {
  for (const auto& [path, value] : kOptions) {
    std::error_code error;
    bool exists = std::filesystem::exists(std::string("/proc/sys/net/") + path, error);
    if (!exists && std::string_view(path).starts_with("ipv6")) continue;
    if (auto set = set_network_option(path, value); !set) return set;
  }
  // Isolated ports make every packet a routed one; filtering it in the bridge as well would only
  // cost time.
  std::error_code error;
  if (std::filesystem::exists("/proc/sys/net/bridge/bridge-nf-call-iptables", error)) {
    return set_network_option("bridge/bridge-nf-call-iptables", "0");
  }
  return {};
}

std::string element(std::string_view verb, std::string_view set, std::string_view value) {
  return fmt::format("{} element {} {{ {} }}\n", verb, set, value);
}

// Adding first makes deleting what is not there no error.
std::string element_if(bool wanted, std::string_view set, std::string_view value) {
  std::string text = element("add", set, value);
  if (!wanted) text += element("delete", set, value);
  return text;
}

std::string sender_element(const Interface& interface, Ipv4 address) {
  return fmt::format("\"{}\" . {} . {}", interface.link, to_string(interface.mac), to_string(address));
}

// The guests' own begin with 02.
MacAddress router_mac(std::string_view subnet) {
  const uint64_t hash = stable_hash(subnet);
  MacAddress mac{0x06};
  for (size_t i = 1; i < mac.size(); ++i) mac[i] = static_cast<uint8_t>(hash >> (8 * i));
  return mac;
}

}  // namespace

struct Network::State {
  std::string data_directory;
  Anchor& anchor;
  mutable std::mutex mutex;
  std::map<std::string, Vpc> vpcs;
  std::map<std::string, Subnet> subnets;
  std::map<std::string, Interface> interfaces;

  UplinkSpec uplink_of(const std::string& vpc_id, int name_space) const {
    return {.data_directory = data_directory, .vpc_id = vpc_id, .vpc_namespace = name_space};
  }
  Result<Vpc*> require_vpc(const std::string& id);
  Result<Subnet*> require_subnet(const std::string& id);
  Result<Interface*> require_interface(const std::string& id);
  Result<void> open_vpc(Vpc& vpc, const VpcSpec& spec);
  Result<void> set_up_vpc(Vpc& vpc, Ipv4 resolver);
  std::string interface_rules(const Interface& interface, bool wanted) const;
  Result<void> connect(const Subnet& subnet, const Interface& interface, int guest_namespace,
                       const std::string& name);
  Result<void> address_guest(const Subnet& subnet, const Interface& interface, const std::string& name);
  Result<void> remove_vpc(const std::string& id);
  Result<void> link_peering(Vpc& vpc, const Peering& peering);
};

Result<Vpc*> Network::State::require_vpc(const std::string& id) {
  auto found = vpcs.find(id);
  if (found == vpcs.end()) return failure("there is no VPC " + id);
  return &found->second;
}

Result<Subnet*> Network::State::require_subnet(const std::string& id) {
  auto found = subnets.find(id);
  if (found == subnets.end()) return failure("there is no subnet " + id);
  return &found->second;
}

Result<Interface*> Network::State::require_interface(const std::string& id) {
  auto found = interfaces.find(id);
  if (found == interfaces.end()) return failure("there is no interface " + id);
  return &found->second;
}

// Adopts the namespace the anchor keeps, or makes one that lets nothing through.
Result<void> Network::State::open_vpc(Vpc& vpc, const VpcSpec& spec) {
  auto network = parse_ipv4_network(spec.cidrs[0]);
  if (!network) return failure(spec.cidrs[0] + " is no IPv4 network");
  Ipv4 resolver = network->first() + 2;
  auto found = anchor.find(kept_name(spec.id));
  if (!found) return std::unexpected(found.error());
  bool is_new = !*found;
  if (is_new) {
    auto made = make_network_namespace();
    if (!made) return std::unexpected(made.error());
    *found = std::move(*made);
  }
  vpc.name_space = std::move(*found);
  auto set_up = in_network(vpc.name_space.get(), [&]() -> Result<void> {
    auto firewall = Firewall::make();
    if (!firewall) return std::unexpected(firewall.error());
    vpc.firewall = std::move(*firewall);
    return set_up_vpc(vpc, resolver);
  });
  if (!set_up || !is_new) return set_up;
  auto ruled = vpc.firewall->run(vpc_rules() + security_rules({}, to_string(resolver)));
  if (!ruled) return ruled;
  vpc.security = Security{};
  return anchor.keep(kept_name(spec.id), vpc.name_space.get());
}

Result<void> Network::State::set_up_vpc(Vpc&, Ipv4 resolver) {
  if (auto set = set_options(); !set) return set;
  if (auto up = set_up("lo"); !up) return up;
  for (Ipv4 address : {*parse_ipv4(kMetadataAddress), *parse_ipv4(kResolverAddress), resolver}) {
    if (auto added = add_address("lo", {address, 32}); !added) return added;
  }
  return {};
}

std::string Network::State::interface_rules(const Interface& interface, bool wanted) const {
  const Subnet& subnet = subnets.at(interface.spec.subnet_id);
  bool reaches_out = subnet.spec.default_route == SubnetSpec::DefaultRoute::InternetGateway &&
                     interface.spec.has_public_address;
  std::string commands;
  for (Ipv4 address : interface.addresses) {
    if (interface.spec.place == InterfaceSpec::Place::Guest) {
      commands += element_if(wanted, "bridge guard senders", sender_element(interface, address));
    }
    commands += element_if(wanted && reaches_out, "inet routes addresses", to_string(address));
  }
  return commands;
}

Network::Network(const NetworkOptions& options, Anchor& anchor)
    : state_(std::make_unique<State>(options.data_directory, anchor)) {}
Network::~Network() = default;

Result<void> Network::ensure_vpc(const VpcSpec& spec) {
  if (!is_valid_id(spec.id) || spec.cidrs.empty()) return failure("not a VPC: " + spec.id);
  std::lock_guard lock(state_->mutex);
  auto known = state_->vpcs.find(spec.id);
  if (known != state_->vpcs.end()) {
    known->second.spec = spec;
    return {};
  }
  Vpc vpc;
  vpc.spec = spec;
  if (auto opened = state_->open_vpc(vpc, spec); !opened) return opened;
  state_->vpcs[spec.id] = std::move(vpc);
  return {};
}

Result<void> Network::ensure_subnet(const SubnetSpec& spec) {
  auto cidr = parse_ipv4_network(spec.cidr);
  if (!cidr || cidr->prefix > 30 || cidr->prefix < 8) return failure("not a subnet: " + spec.cidr);
  if (!is_valid_id(spec.id)) return failure("not a subnet's id: " + spec.id);
  std::lock_guard lock(state_->mutex);
  auto vpc = state_->require_vpc(spec.vpc_id);
  if (!vpc) return std::unexpected(vpc.error());
  auto known = state_->subnets.find(spec.id);
  if (known != state_->subnets.end() && known->second.is_complete && known->second.spec == spec) return {};
  Subnet subnet{spec, *cidr, interface_name('b', spec.id)};
  auto made = in_network((*vpc)->name_space.get(), [&]() -> Result<void> {
    if (auto added = add_bridge(subnet.bridge, router_mac(spec.id)); !added) return added;
    if (auto added = add_address(subnet.bridge, {cidr->first() + 1, cidr->prefix}); !added) {
      return added;
    }
    // The router answers for every neighbour: the ports do not reach each other. By default it
    // would wait up to 0.8 s first, to let the neighbour itself answer.
    std::string delay = "ipv4/neigh/" + subnet.bridge + "/proxy_delay";
    if (auto set = set_network_option(delay, "0"); !set) return set;
    return set_network_option("ipv4/conf/" + subnet.bridge + "/proxy_arp_pvlan", "1");
  });
  if (!made) return made;
  state_->subnets[spec.id] = subnet;
  if (spec.default_route != SubnetSpec::DefaultRoute::None && !(*vpc)->has_uplink) {
    auto uplink = state_->uplink_of(spec.vpc_id, (*vpc)->name_space.get());
    if (auto linked = ensure_uplink(uplink); !linked) return linked;
    (*vpc)->has_uplink = true;
  }
  bool all_reach_out = spec.default_route == SubnetSpec::DefaultRoute::NatGateway;
  std::string network = fmt::format("{}/{}", to_string(cidr->first()), cidr->prefix);
  auto routed = (*vpc)->firewall->run(element_if(all_reach_out, "inet routes subnets", network));
  if (!routed) return routed;
  for (const auto& [id, interface] : state_->interfaces) {
    if (interface.spec.subnet_id != spec.id) continue;
    if (auto done = (*vpc)->firewall->run(state_->interface_rules(interface, true)); !done) return done;
  }
  state_->subnets[spec.id].is_complete = true;
  return {};
}

Result<void> Network::ensure_interface(const InterfaceSpec& spec) {
  auto mac = parse_mac(spec.mac);
  if (!mac) return failure(spec.mac + " is no hardware address");
  if (!is_valid_id(spec.id) || spec.addresses.empty()) return failure("not an interface: " + spec.id);
  Interface interface{spec, *mac, {}, interface_name('v', spec.id)};
  for (const std::string& text : spec.addresses) {
    auto address = parse_ipv4(text);
    if (!address) return failure(text + " is no IPv4 address");
    interface.addresses.push_back(*address);
  }
  std::lock_guard lock(state_->mutex);
  auto subnet = state_->require_subnet(spec.subnet_id);
  if (!subnet) return std::unexpected(subnet.error());
  auto vpc = state_->require_vpc((*subnet)->spec.vpc_id);
  if (!vpc) return std::unexpected(vpc.error());
  auto known = state_->interfaces.find(spec.id);
  if (known != state_->interfaces.end() && known->second.spec == spec) return {};
  // In one transaction: what guests send meanwhile is not dropped.
  std::string rules;
  if (known != state_->interfaces.end()) rules = state_->interface_rules(known->second, false);
  if (auto done = (*vpc)->firewall->run(rules + state_->interface_rules(interface, true)); !done) return done;
  if (spec.place == InterfaceSpec::Place::Local) {
    auto added = in_network((*vpc)->name_space.get(), [&]() -> Result<void> {
      for (Ipv4 address : interface.addresses) {
        if (auto done = add_address("lo", {address, 32}); !done) return done;
      }
      return {};
    });
    if (!added) return added;
  }
  state_->interfaces[spec.id] = interface;
  return {};
}

Result<void> Network::publish_security(const std::string& vpc_id, const std::vector<SecurityGroup>& groups,
                                       const std::vector<InterfaceSecurity>& interfaces) {
  auto security = read_security(groups, interfaces);
  if (!security) return std::unexpected(security.error());
  std::lock_guard lock(state_->mutex);
  auto vpc = state_->require_vpc(vpc_id);
  if (!vpc) return std::unexpected(vpc.error());
  std::string commands;
  if ((*vpc)->security) {
    commands = security_changes(*(*vpc)->security, *security);
  } else {
    Ipv4 resolver = parse_ipv4_network((*vpc)->spec.cidrs[0])->first() + 2;
    commands = security_rules(*security, to_string(resolver));
  }
  if (auto done = (*vpc)->firewall->run(commands); !done) return done;
  (*vpc)->security = std::move(*security);
  return {};
}

Result<void> Network::publish_cuts(const std::string& vpc_id, const Cuts& cuts) {
  if (auto checked = check_cuts(cuts); !checked) return checked;
  std::lock_guard lock(state_->mutex);
  auto vpc = state_->require_vpc(vpc_id);
  if (!vpc) return std::unexpected(vpc.error());
  if ((*vpc)->cuts == cuts) return {};
  if (auto done = (*vpc)->firewall->run(cut_rules(cuts)); !done) return done;
  (*vpc)->cuts = cuts;
  return {};
}

Result<void> Network::publish_borders(const std::string& vpc_id, const std::vector<SubnetBorder>& borders) {
  if (auto checked = check_borders(borders); !checked) return checked;
  std::lock_guard lock(state_->mutex);
  auto vpc = state_->require_vpc(vpc_id);
  if (!vpc) return std::unexpected(vpc.error());
  const Ipv4 resolver = parse_ipv4_network((*vpc)->spec.cidrs[0])->first() + 2;
  const std::string rules = border_rules(borders, to_string(resolver));
  if ((*vpc)->borders == rules) return {};
  if (auto done = (*vpc)->firewall->run(rules); !done) return done;
  (*vpc)->borders = rules;
  return {};
}

// Makes the link once both sides know of it, so that neither is ever open without its rules.
Result<void> Network::State::link_peering(Vpc& vpc, const Peering& peering) {
  auto found = vpcs.find(peering.peer_vpc);
  if (found == vpcs.end() || !found->second.peerings) return {};
  Vpc& peer = found->second;
  const auto back = std::ranges::find(*peer.peerings, peering.id, &Peering::id);
  if (back == peer.peerings->end()) return {};
  const std::string link = peering_link(peering.id);
  const Ipv4 here = peering_address(peering.id, vpc.spec.id, peer.spec.id);
  const Ipv4 there = peering_address(peering.id, peer.spec.id, vpc.spec.id);
  const auto set_up_end = [&](Ipv4 own, Ipv4 other, const std::string& cidr) -> Result<void> {
    if (auto up = set_up(link); !up) return up;
    if (auto added = add_address(link, {own, 30}); !added) return added;
    return add_route(link, *parse_ipv4_network(cidr), other);
  };
  auto made = in_network(vpc.name_space.get(), [&]() -> Result<void> {
    const VethSpec spec{.name = link, .peer_name = link, .peer_namespace = peer.name_space.get()};
    if (auto added = add_veth(spec); !added) return added;
    return set_up_end(here, there, peering.peer_cidr);
  });
  if (!made) return made;
  return in_network(peer.name_space.get(), [&] { return set_up_end(there, here, back->peer_cidr); });
}

Result<void> Network::publish_peerings(const std::string& vpc_id, const std::vector<Peering>& peerings) {
  if (auto checked = check_peerings(peerings); !checked) return checked;
  std::lock_guard lock(state_->mutex);
  auto found = state_->require_vpc(vpc_id);
  if (!found) return std::unexpected(found.error());
  Vpc& vpc = **found;
  const std::vector<Peering> known = vpc.peerings.value_or(std::vector<Peering>{});
  if (!vpc.peerings || known != peerings) {
    const Ipv4 resolver = parse_ipv4_network(vpc.spec.cidrs[0])->first() + 2;
    if (auto ruled = vpc.firewall->run(peering_rules(peerings, to_string(resolver))); !ruled) return ruled;
  }
  vpc.peerings = peerings;
  for (const Peering& each : known) {
    if (std::ranges::find(peerings, each.id, &Peering::id) != peerings.end()) continue;
    auto gone = in_network(vpc.name_space.get(), [&] { return delete_link(peering_link(each.id)); });
    if (!gone) return gone;
  }
  for (const Peering& each : peerings) {
    if (auto linked = state_->link_peering(vpc, each); !linked) return linked;
  }
  return {};
}

Result<void> Network::publish_public_addresses(const std::string& vpc_id,
                                               const std::vector<PublicAddress>& addresses) {
  auto wanted = read_public_addresses(addresses);
  if (!wanted) return std::unexpected(wanted.error());
  std::lock_guard lock(state_->mutex);
  auto found = state_->require_vpc(vpc_id);
  if (!found) return std::unexpected(found.error());
  Vpc& vpc = **found;
  const PublicAddresses known = vpc.public_addresses.value_or(PublicAddresses{});
  auto ruled = vpc.firewall->run(vpc.public_addresses ? public_address_changes(known, *wanted)
                                                      : public_address_rules(*wanted));
  if (!ruled) return ruled;
  vpc.public_addresses = *wanted;
  const UplinkSpec uplink = state_->uplink_of(vpc_id, vpc.name_space.get());
  const std::set<Ipv4> now = wanted->all();
  for (Ipv4 address : std::set<Ipv4>(vpc.routed)) {
    if (now.contains(address)) continue;
    if (auto gone = unroute(uplink, address); !gone) return gone;
    vpc.routed.erase(address);
  }
  // Each takes a look at all routes and addresses of the machine, so it is done once.
  for (Ipv4 address : now) {
    if (vpc.routed.contains(address)) continue;
    if (auto routed = route_to_vpc(uplink, address); !routed) return routed;
    vpc.routed.insert(address);
  }
  return {};
}

Result<void> Network::State::connect(const Subnet& subnet, const Interface& interface, int guest_namespace,
                                     const std::string& name) {
  if (auto gone = delete_link(interface.link); !gone) return gone;
  return add_veth({.name = interface.link,
                   .peer_name = name,
                   .peer_namespace = guest_namespace,
                   .peer_mac = interface.mac,
                   .bridge_index = link_index(subnet.bridge)});
}

Result<void> Network::State::address_guest(const Subnet& subnet, const Interface& interface,
                                           const std::string& name) {
  if (auto up = set_up(name); !up) return up;
  for (Ipv4 address : interface.addresses) {
    if (auto added = add_address(name, {address, subnet.cidr.prefix}); !added) return added;
  }
  if (name != "eth0") return {};
  return add_default_route(name, subnet.cidr.first() + 1);
}

Result<void> Network::attach(const std::string& interface_id, int guest_namespace, int device_index) {
  std::lock_guard lock(state_->mutex);
  auto interface = state_->require_interface(interface_id);
  if (!interface) return std::unexpected(interface.error());
  auto subnet = state_->require_subnet((*interface)->spec.subnet_id);
  if (!subnet) return std::unexpected(subnet.error());
  auto vpc = state_->require_vpc((*subnet)->spec.vpc_id);
  if (!vpc) return std::unexpected(vpc.error());
  std::string name = fmt::format("eth{}", device_index);
  auto connected = in_network((*vpc)->name_space.get(),
                              [&] { return state_->connect(**subnet, **interface, guest_namespace, name); });
  if (!connected) return connected;
  return in_network(guest_namespace, [&] { return state_->address_guest(**subnet, **interface, name); });
}

Result<void> Network::detach(const std::string& interface_id) {
  std::lock_guard lock(state_->mutex);
  auto interface = state_->interfaces.find(interface_id);
  if (interface == state_->interfaces.end()) return {};
  auto subnet = state_->require_subnet(interface->second.spec.subnet_id);
  if (!subnet) return std::unexpected(subnet.error());
  auto vpc = state_->require_vpc((*subnet)->spec.vpc_id);
  if (!vpc) return std::unexpected(vpc.error());
  return in_network((*vpc)->name_space.get(), [&] { return delete_link(interface->second.link); });
}

Result<void> Network::remove_interface(const std::string& id) {
  if (auto detached = detach(id); !detached) return detached;
  std::lock_guard lock(state_->mutex);
  auto found = state_->interfaces.find(id);
  if (found == state_->interfaces.end()) return {};
  Interface interface = found->second;
  auto subnet = state_->require_subnet(interface.spec.subnet_id);
  auto vpc = state_->require_vpc((*subnet)->spec.vpc_id);
  if (auto done = (*vpc)->firewall->run(state_->interface_rules(interface, false)); !done) return done;
  state_->interfaces.erase(found);
  if (interface.spec.place == InterfaceSpec::Place::Guest) return {};
  return in_network((*vpc)->name_space.get(), [&]() -> Result<void> {
    for (Ipv4 address : interface.addresses) {
      if (auto gone = delete_address("lo", {address, 32}); !gone) return gone;
    }
    return {};
  });
}

Result<void> Network::remove_subnet(const std::string& id) {
  std::lock_guard lock(state_->mutex);
  auto found = state_->subnets.find(id);
  if (found == state_->subnets.end()) return {};
  for (const auto& [interface_id, interface] : state_->interfaces) {
    if (interface.spec.subnet_id == id) return failure(interface_id + " is still in " + id);
  }
  auto vpc = state_->require_vpc(found->second.spec.vpc_id);
  if (!vpc) return std::unexpected(vpc.error());
  const Ipv4Network& cidr = found->second.cidr;
  std::string network = fmt::format("{}/{}", to_string(cidr.first()), cidr.prefix);
  auto routed = (*vpc)->firewall->run(element_if(false, "inet routes subnets", network));
  if (!routed) return routed;
  auto gone = in_network((*vpc)->name_space.get(), [&] { return delete_link(found->second.bridge); });
  if (gone) state_->subnets.erase(found);
  return gone;
}

Result<void> Network::State::remove_vpc(const std::string& id) {
  if (auto unlinked = remove_uplink(uplink_of(id, -1)); !unlinked) return unlinked;
  std::erase_if(interfaces,
                [&](const auto& each) { return subnets[each.second.spec.subnet_id].spec.vpc_id == id; });
  std::erase_if(subnets, [&](const auto& each) { return each.second.spec.vpc_id == id; });
  vpcs.erase(id);
  return anchor.drop(kept_name(id));
}

Result<void> Network::remove_vpc(const std::string& id) {
  std::lock_guard lock(state_->mutex);
  return state_->remove_vpc(id);
}

Result<void> Network::remove_all() {
  std::lock_guard lock(state_->mutex);
  auto kept = state_->anchor.list();
  if (!kept) return std::unexpected(kept.error());
  for (const KeptDescriptor& each : *kept) {
    if (!each.name.starts_with("vpc/")) continue;
    if (auto gone = state_->remove_vpc(each.name.substr(4)); !gone) return gone;
  }
  return remove_host_rules(state_->data_directory);
}

int Network::namespace_of(const std::string& vpc_id) const {
  std::lock_guard lock(state_->mutex);
  auto found = state_->vpcs.find(vpc_id);
  return found == state_->vpcs.end() ? -1 : found->second.name_space.get();
}

Result<UniqueFd> Network::open_socket(const std::string& vpc_id, int domain, int type) const {
  int name_space = namespace_of(vpc_id);
  if (name_space < 0) return failure("there is no VPC " + vpc_id);
  UniqueFd socket;
  auto opened = in_network(name_space, [&]() -> Result<void> {
    socket.reset(::socket(domain, type | SOCK_CLOEXEC, 0));
    if (!socket) return failure(system_error("a socket in " + vpc_id));
    return {};
  });
  if (!opened) return std::unexpected(opened.error());
  return socket;
}

}  // namespace holm::sandbox
