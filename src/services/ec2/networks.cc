// From rows to namespaces, bridges and rules.

#include "services/ec2/networks.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "aws/service/region.h"
#include "base/log.h"
#include "dataplane/dns/directory.h"
#include "sandbox/network.h"
#include "services/ec2/interfaces.h"
#include "services/ec2/network_acls.h"
#include "services/ec2/peerings.h"
#include "services/ec2/route_tables.h"
#include "services/ec2/security_groups.h"
#include "services/ec2/service.h"
#include "services/ec2/vpc_servers.h"
#include "services/ec2/zone_faults.h"

namespace holm::ec2 {

namespace {

struct Gone {
  std::string kind;
  std::string id;
};

// Of interfaces that nobody is kept from; no group of a client's is called so.
constexpr char kOpenGroup[] = "open";

// A VPC with all that is in it, read in one snapshot.
struct Picture {
  bool exists = false;
  std::string region;
  bool dns_support = true;
  sandbox::VpcSpec vpc;
  std::vector<sandbox::SubnetSpec> subnets;
  std::vector<sandbox::InterfaceSpec> interfaces;
  std::vector<sandbox::SecurityGroup> groups;
  std::vector<sandbox::InterfaceSecurity> security;
  std::vector<sandbox::PublicAddress> public_addresses;
  sandbox::Cuts cuts;
  std::vector<sandbox::SubnetBorder> borders;
  std::vector<sandbox::Peering> peerings;
  std::vector<Gone> gone;
};

// An address leads somewhere as long as its subnet's default route is an internet gateway.
void add_public_address(Picture& picture, const InterfaceRow& row) {
  if (!row.public_address || row.is_local) return;
  const auto subnet = std::ranges::find(picture.subnets, row.subnet, &sandbox::SubnetSpec::id);
  if (subnet->default_route != sandbox::SubnetSpec::DefaultRoute::InternetGateway) return;
  picture.public_addresses.push_back({.address = row.public_address->address, .inside = row.address});
}

Picture read_picture(sql::Transaction& transaction, const std::string& id) {
  Picture picture;
  for (const sql::Row& row :
       transaction.run("SELECT kind, id FROM ec2_network_gone WHERE vpc = ?1 ORDER BY kind", {id})) {
    picture.gone.push_back({row.text(0), row.text(1)});
  }
  auto vpc = transaction.find("SELECT cidr, region, dns_support, account FROM ec2_vpc WHERE id = ?1", {id});
  if (!vpc) return picture;
  picture.exists = true;
  picture.region = vpc->text(1);
  picture.dns_support = vpc->integer(2) != 0;
  picture.vpc = {.id = id, .cidrs = {vpc->text(0)}};
  const std::set<std::string> cut = cut_zones(transaction, vpc->text(3));
  for (const sql::Row& row :
       transaction.run("SELECT id, cidr, zone FROM ec2_subnet WHERE vpc = ?1 ORDER BY id", {id})) {
    const WayOut way = way_out_of(transaction, id, row.text(0));
    picture.subnets.push_back(
        {.id = row.text(0), .vpc_id = id, .cidr = row.text(1), .default_route = way.route});
    if (auto nat = find_address_of(transaction, way.nat_interface)) {
      picture.public_addresses.push_back({.address = nat->address, .inside = row.text(1)});
    }
    if (cut.contains(row.text(2))) picture.cuts.isolated.push_back(row.text(1));
    else if (cut.contains(way.nat_zone)) picture.cuts.stranded.push_back(row.text(1));
  }
  for (const InterfaceRow& row : interfaces_of_vpc(transaction, id)) {
    picture.interfaces.push_back({.id = row.id,
                                  .subnet_id = row.subnet,
                                  .mac = row.mac,
                                  .addresses = {row.address},
                                  .has_public_address = row.public_address.has_value(),
                                  .place = row.is_local ? sandbox::InterfaceSpec::Place::Local
                                                        : sandbox::InterfaceSpec::Place::Guest});
    add_public_address(picture, row);
    const bool is_open = row.is_local && row.groups.empty();
    picture.security.push_back({.interface_id = row.id,
                                .addresses = {row.address},
                                .group_ids = is_open ? std::vector<std::string>{kOpenGroup} : row.groups});
  }
  picture.groups = groups_of_vpc(transaction, id);
  const sandbox::SecurityRule all{.cidrs = {"0.0.0.0/0"}};
  picture.groups.push_back({.id = kOpenGroup, .ingress = {all}, .egress = {all}});
  picture.borders = borders_of_vpc(transaction, id);
  picture.peerings = peerings_of_vpc(transaction, id);
  return picture;
}

// The names AWS gives to addresses, and the one by which guests find the region.
void publish_names(dns::Directory& names, const Picture& picture) {
  if (!picture.dns_support) return names.remove_vpc(picture.vpc.id);
  for (const sandbox::InterfaceSpec& each : picture.interfaces) {
    names.publish(picture.vpc.id, private_name_of(each.addresses.front(), picture.region),
                  {.addresses = each.addresses});
  }
  const Cidr cidr = parse_cidr(picture.vpc.cidrs.front()).value();
  names.publish(picture.vpc.id, "holm.internal", {.addresses = {address_text(cidr.first() + 2)}});
}

Result<void> remove_gone(sandbox::Network& network, const Gone& gone) {
  if (gone.kind == "interface") return network.remove_interface(gone.id);
  if (gone.kind == "subnet") return network.remove_subnet(gone.id);
  return network.remove_vpc(gone.id);
}

Result<void> ensure(sandbox::Network& network, const Picture& picture) {
  if (auto done = network.ensure_vpc(picture.vpc); !done) return done;
  for (const sandbox::SubnetSpec& subnet : picture.subnets) {
    if (auto done = network.ensure_subnet(subnet); !done) return done;
  }
  for (const sandbox::InterfaceSpec& interface : picture.interfaces) {
    if (auto done = network.ensure_interface(interface); !done) return done;
  }
  if (auto done = network.publish_cuts(picture.vpc.id, picture.cuts); !done) return done;
  if (auto done = network.publish_borders(picture.vpc.id, picture.borders); !done) return done;
  auto published = network.publish_security(picture.vpc.id, picture.groups, picture.security);
  if (!published) return published;
  if (auto done = network.publish_peerings(picture.vpc.id, picture.peerings); !done) return done;
  return network.publish_public_addresses(picture.vpc.id, picture.public_addresses);
}

}  // namespace

Networks::Networks(Dependencies& use) : use_(use) {}
Networks::~Networks() = default;

Networks::Vpc& Networks::vpc_of(const std::string& id) {
  std::lock_guard lock(mutex_);
  std::unique_ptr<Vpc>& vpc = vpcs_[id];
  if (!vpc) vpc = std::make_unique<Vpc>();
  return *vpc;
}

Result<void> Networks::sync(const std::string& id) {
  Vpc& vpc = vpc_of(id);
  const uint64_t ticket = ++vpc.asked;
  std::lock_guard lock(vpc.syncing);
  // One that began after this call was made has seen all that this one was made for.
  if (vpc.covered >= ticket) return vpc.result;
  const uint64_t covers = vpc.asked;
  vpc.result = sync_now(id, vpc);
  vpc.covered = covers;
  return vpc.result;
}

Result<void> Networks::sync_now(const std::string& id, Vpc& vpc) {
  const aws::Caller caller = use_.region.caller("", "", "ec2.amazonaws.com");
  Picture picture;
  use_.region.transact(caller, sql::Access::Read,
                       [&](aws::Call& call) { picture = read_picture(call.transaction, id); });
  if (!picture.exists) {
    vpc.servers.reset();
    VpcServers::forget(use_, id);
    use_.names.remove_vpc(id);
  }
  for (const Gone& gone : picture.gone) {
    if (auto removed = remove_gone(use_.network, gone); !removed) return removed;
    use_.region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
      call.transaction.run("DELETE FROM ec2_network_gone WHERE id = ?1", {gone.id});
    });
  }
  if (!picture.exists) return use_.network.remove_vpc(id);
  if (picture.interfaces.empty() && use_.network.namespace_of(id) < 0) return {};
  if (auto done = ensure(use_.network, picture); !done) return done;
  if (!vpc.servers) {
    auto servers = VpcServers::open(
        use_, {.id = id, .own_address = address_text(parse_cidr(picture.vpc.cidrs[0])->first() + 2)});
    if (!servers) return std::unexpected(servers.error());
    vpc.servers = std::move(*servers);
  }
  publish_names(use_.names, picture);
  return {};
}

void Networks::sync_all() {
  std::vector<std::string> in_use;
  const aws::Caller caller = use_.region.caller("", "", "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Read, [&](aws::Call& call) {
    for (const sql::Row& row : call.transaction.run(
             "SELECT vpc FROM ec2_interface UNION SELECT vpc FROM ec2_network_gone ORDER BY 1")) {
      in_use.push_back(row.text(0));
    }
  });
  for (const std::string& id : in_use) {
    if (auto done = sync(id); !done) log::error(fmt::format("network of {}: {}", id, done.error().message));
  }
}

void Networks::stop() {
  std::lock_guard lock(mutex_);
  for (auto& [id, vpc] : vpcs_) {
    std::lock_guard syncing(vpc->syncing);
    vpc->servers.reset();
  }
}

}  // namespace holm::ec2
