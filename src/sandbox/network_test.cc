// Real VPCs: who reaches whom, and what is left when they are gone. Needs root.

#include "sandbox/network.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/names.h"
#include "sandbox/namespaces.h"
#include "sandbox/netlink.h"
#include "sandbox/program/region_fixture.h"

namespace holm::sandbox {
namespace {

constexpr uint16_t kPort = 8080;

sockaddr_in address_of(const std::string& address, uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  ::inet_pton(AF_INET, address.c_str(), &result.sin_addr);
  return result;
}

SecurityRule tcp_from_group(const std::string& group) {
  return {.protocol = 6, .from_port = kPort, .to_port = kPort, .group_id = group};
}

// A VPC with two subnets; "a" and "c" live in the first, "b" in the second. Each is a sandbox that
// serves its name on kPort and runs `ask` for others.
class NetworkTest : public RegionFixture {
 protected:
  void SetUp() override {
    RegionFixture::SetUp();
    if (!region_) return;
    groups_ = {{.id = "sg-a", .egress = {{.cidrs = {"0.0.0.0/0"}}}},
               {.id = "sg-b", .ingress = {tcp_from_group("sg-a")}},
               {.id = "sg-c", .egress = {{.cidrs = {"0.0.0.0/0"}}}}};
    members_ = {{"eni-a", {"10.77.1.11"}, {"sg-a"}},
                {"eni-b", {"10.77.2.11"}, {"sg-b"}},
                {"eni-c", {"10.77.1.12"}, {"sg-c"}}};
    ensure();
  }
  void expect_done(const Result<void>& result) { EXPECT_TRUE(result) << result.error().message; }
  // What the owners of the state say after every start of the daemon.
  void ensure() {
    Network& network = *region_->network;
    expect_done(network.ensure_vpc({.id = "vpc-1", .cidrs = {"10.77.0.0/16"}}));
    expect_done(network.ensure_subnet({.id = "subnet-1", .vpc_id = "vpc-1", .cidr = "10.77.1.0/24"}));
    expect_done(network.ensure_subnet({.id = "subnet-2", .vpc_id = "vpc-1", .cidr = "10.77.2.0/24"}));
    for (const InterfaceSecurity& each : members_) {
      bool in_first = each.addresses[0].starts_with("10.77.1.");
      expect_done(network.ensure_interface(
          {.id = each.interface_id,
           .subnet_id = in_first ? "subnet-1" : "subnet-2",
           .mac = "02:00:00:00:00:" + each.addresses[0].substr(8) + (in_first ? "" : ""),
           .addresses = each.addresses}));
    }
    publish();
  }
  void publish() { expect_done(region_->network->publish_security("vpc-1", groups_, members_)); }
  void start(const std::string& name) {
    SandboxSpec spec;
    spec.id = name;
    spec.log_path = region_->log_path(name);
    spec.interface_ids = {"eni-" + name};
    std::string folder = "/tmp/" + name;
    spec.args = {"/bin/sh", "-c",
                 "cd /srv && echo " + name +
                     " > index.html && "
                     "exec /usr/bin/python3 -m http.server " +
                     std::to_string(kPort) + " 2>&1"};
    spec.env = {"PYTHONUNBUFFERED=1"};
    auto started = region_->runtime->start(spec);
    ASSERT_TRUE(started) << started.error().message;
    while (region_->log_of(name).find("Serving") == std::string::npos) ::poll(nullptr, 0, 1);
  }
  // Whether a request of one sandbox for another's page is answered.
  bool reaches(const std::string& from, const std::string& address) {
    return run(from, {"/usr/bin/python3", "-c",
                      "import socket, sys\n"
                      "s = socket.create_connection((sys.argv[1], 8080), 0.3)\n",
                      address});
  }
  bool run(const std::string& in, const std::vector<std::string>& args) {
    auto exit = region_->runtime->exec(in, {.args = args});
    EXPECT_TRUE(exit) << exit.error().message;
    return exit && exit->succeeded();
  }

  std::vector<SecurityGroup> groups_;
  std::vector<InterfaceSecurity> members_;
};

TEST_F(NetworkTest, GroupsDecideWhoReachesWhomAndChangeLive) {
  start("a");
  start("b");
  start("c");
  EXPECT_TRUE(reaches("a", "10.77.2.11")) << "the group's rule lets it";
  EXPECT_FALSE(reaches("c", "10.77.2.11")) << "another group";
  EXPECT_FALSE(reaches("a", "10.77.1.12")) << "in the same subnet, without a rule";
  EXPECT_FALSE(reaches("b", "10.77.1.11")) << "nothing may leave sg-b";
  members_[2].group_ids = {"sg-c", "sg-a"};
  publish();
  EXPECT_TRUE(reaches("c", "10.77.2.11")) << "now a member";
  groups_[2].ingress = {{.protocol = 6, .from_port = 8000, .to_port = 9000, .cidrs = {"10.77.1.0/24"}}};
  publish();
  EXPECT_TRUE(reaches("a", "10.77.1.12")) << "a rule for a network, in the same subnet";
  groups_[1].ingress.clear();
  members_[2].group_ids = {"sg-c"};
  publish();
  EXPECT_FALSE(reaches("a", "10.77.2.11")) << "the rule is gone";
  groups_.pop_back();
  members_.pop_back();
  publish();
  EXPECT_FALSE(reaches("a", "10.77.1.12")) << "an interface without groups";
}

// Rules without a memory: answers need one of their own, and groups are asked as well.
TEST_F(NetworkTest, BordersOfSubnetsLetThroughWhatTheirRulesSay) {
  using Action = BorderRule::Action;
  groups_[2].ingress = {tcp_from_group("sg-a")};
  publish();
  start("a");
  start("b");
  start("c");
  auto publish_borders = [&](const std::vector<SubnetBorder>& borders) {
    expect_done(region_->network->publish_borders("vpc-1", borders));
  };
  const SecurityRule everything{.cidrs = {"0.0.0.0/0"}};
  const SecurityRule server{.protocol = 6, .from_port = kPort, .to_port = kPort, .cidrs = {"10.77.1.0/24"}};
  const SecurityRule answers{.protocol = 6, .from_port = 1024, .to_port = 65535, .cidrs = {"10.77.1.0/24"}};
  publish_borders(
      {{.cidr = "10.77.2.0/24", .entering = {{.number = 100, .action = Action::Allow, .match = server}}}});
  EXPECT_FALSE(reaches("a", "10.77.2.11")) << "answers may not leave";
  EXPECT_TRUE(reaches("a", "10.77.1.12")) << "another subnet's rules";
  SubnetBorder both{.cidr = "10.77.2.0/24",
                    .entering = {{.number = 100, .action = Action::Allow, .match = server}},
                    .leaving = {{.number = 100, .action = Action::Allow, .match = answers}}};
  publish_borders({both});
  EXPECT_TRUE(reaches("a", "10.77.2.11"));
  EXPECT_FALSE(reaches("c", "10.77.2.11")) << "its group does not let it";
  both.entering.push_back({.number = 90, .action = Action::Deny, .match = everything});
  publish_borders({both});
  EXPECT_FALSE(reaches("a", "10.77.2.11")) << "the lower number decides";
  publish_borders({{.cidr = "10.77.1.0/24"}});
  EXPECT_FALSE(reaches("a", "10.77.2.11")) << "out of a subnet without rules";
  EXPECT_TRUE(reaches("a", "10.77.1.12")) << "what stays inside crosses no border";
  publish_borders({});
  EXPECT_TRUE(reaches("a", "10.77.2.11"));
}

TEST_F(NetworkTest, APeeringLeadsWhereTheRoutesOfBothSidesSay) {
  Network& network = *region_->network;
  expect_done(network.ensure_vpc({.id = "vpc-2", .cidrs = {"10.78.0.0/16"}}));
  expect_done(network.ensure_subnet({.id = "subnet-3", .vpc_id = "vpc-2", .cidr = "10.78.1.0/24"}));
  expect_done(network.ensure_interface(
      {.id = "eni-d", .subnet_id = "subnet-3", .mac = "02:00:00:00:00:d1", .addresses = {"10.78.1.11"}}));
  const SecurityRule from_there{
      .protocol = 6, .from_port = kPort, .to_port = kPort, .cidrs = {"10.77.1.0/24"}};
  const auto secure = [&](const std::vector<SecurityRule>& ingress) {
    expect_done(network.publish_security("vpc-2", {{.id = "sg-d", .ingress = ingress}},
                                         {{"eni-d", {"10.78.1.11"}, {"sg-d"}}}));
  };
  secure({from_there});
  start("a");
  start("d");
  const Peering there{.id = "pcx-1",
                      .peer_vpc = "vpc-2",
                      .peer_cidr = "10.78.0.0/16",
                      .ways = {{"10.77.1.0/24", "10.78.0.0/16"}}};
  const Peering back{.id = "pcx-1",
                     .peer_vpc = "vpc-1",
                     .peer_cidr = "10.77.0.0/16",
                     .ways = {{"10.78.1.0/24", "10.77.1.0/24"}}};
  expect_done(network.publish_peerings("vpc-1", {there}));
  EXPECT_FALSE(reaches("a", "10.78.1.11")) << "the other side does not know of it";
  expect_done(network.publish_peerings("vpc-2", {back}));
  EXPECT_TRUE(reaches("a", "10.78.1.11"));
  EXPECT_FALSE(reaches("d", "10.77.1.11")) << "its group lets nothing out";
  secure({});
  EXPECT_FALSE(reaches("a", "10.78.1.11")) << "groups decide as ever";
  secure({from_there});
  EXPECT_TRUE(reaches("a", "10.78.1.11"));
  Peering closed = back;
  closed.ways.clear();
  expect_done(network.publish_peerings("vpc-2", {closed}));
  EXPECT_FALSE(reaches("a", "10.78.1.11")) << "answers need a route as well";
  expect_done(network.publish_peerings("vpc-2", {back}));
  EXPECT_TRUE(reaches("a", "10.78.1.11"));
  expect_done(network.publish_peerings("vpc-1", {}));
  EXPECT_FALSE(reaches("a", "10.78.1.11")) << "it is over";
}

// As a zone that fails: whatever the groups allow, and whoever was speaking.
TEST_F(NetworkTest, WhatIsCutOffReachesNobodyUntilItIsNot) {
  groups_[2].ingress = {tcp_from_group("sg-a")};
  publish();
  start("a");
  start("b");
  start("c");
  ASSERT_TRUE(reaches("a", "10.77.2.11"));
  ASSERT_TRUE(reaches("a", "10.77.1.12"));
  expect_done(region_->network->publish_cuts("vpc-1", {.isolated = {"10.77.2.0/24"}}));
  EXPECT_FALSE(reaches("a", "10.77.2.11")) << "into it";
  EXPECT_TRUE(reaches("a", "10.77.1.12")) << "elsewhere";
  expect_done(region_->network->publish_cuts("vpc-1", {.isolated = {"10.77.1.0/24"}}));
  EXPECT_FALSE(reaches("a", "10.77.2.11")) << "out of it";
  EXPECT_FALSE(reaches("a", "10.77.1.12")) << "within it";
  region_->close();
  region_->open();
  ensure();
  EXPECT_FALSE(reaches("a", "10.77.1.12")) << "also by a daemon that was told nothing yet";
  expect_done(region_->network->publish_cuts("vpc-1", {}));
  EXPECT_TRUE(reaches("a", "10.77.1.12"));
  EXPECT_TRUE(reaches("a", "10.77.2.11"));
  EXPECT_FALSE(region_->network->publish_cuts("vpc-1", {.isolated = {"10.77.1.0/99"}}));
}

TEST_F(NetworkTest, AnOpenConnectionIsCutAndGoesOnAfterwards) {
  start("a");
  start("b");
  const char* speak =
      "import socket, sys, os\n"
      "s = socket.create_connection(('10.77.2.11', 8080), 2)\n"
      "open('/tmp/open', 'w')\n"
      "while os.path.exists('/tmp/open'): pass\n"
      "s.settimeout(float(sys.argv[1]))\n"
      "s.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')\n"
      "try: raise SystemExit(0 if s.recv(9) else 1)\n"
      "except TimeoutError: pass\n"
      "open('/tmp/late', 'w')\n"
      "s.settimeout(20)\n"
      "raise SystemExit(0 if s.recv(9) else 1)\n";
  ASSERT_TRUE(run("a", {"/bin/sh", "-c",
                        "(/usr/bin/python3 -c \"$1\" 0.3; echo $? > /tmp/result) > /dev/null 2>&1 &"
                        " until [ -e /tmp/open ]; do :; done",
                        "sh", speak}));
  expect_done(region_->network->publish_cuts("vpc-1", {.isolated = {"10.77.2.0/24"}}));
  EXPECT_TRUE(run("a", {"/bin/sh", "-c", "rm /tmp/open; until [ -e /tmp/late ]; do :; done"}));
  expect_done(region_->network->publish_cuts("vpc-1", {}));
  EXPECT_TRUE(run("a", {"/bin/sh", "-c", "until [ -s /tmp/result ]; do :; done; grep -qx 0 /tmp/result"}));
}

// Every address of the subnet is answered for by the router, which must not wait before it does.
TEST_F(NetworkTest, NeighboursAreResolvedAtOnce) {
  start("a");
  EXPECT_TRUE(run("a", {"/usr/bin/python3", "-c",
                        "import socket, time\n"
                        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                        "for i in range(100, 116): s.sendto(b'x', (f'10.77.1.{i}', 9))\n"
                        "end = time.monotonic() + 0.25\n"
                        "count = 0\n"
                        "while count < 16 and time.monotonic() < end:\n"
                        "  lines = [line.split() for line in open('/proc/net/arp')][1:]\n"
                        "  count = sum(w[2] == '0x2' and len(w[0]) == 11 for w in lines)\n"
                        "raise SystemExit(0 if count >= 16 else 1)"}));
}

TEST_F(NetworkTest, RulesHoldWhileNoDaemonLivesAndAfterItsReturn) {
  start("a");
  start("b");
  EXPECT_TRUE(reaches("a", "10.77.2.11"));
  region_->close();
  region_->open();
  ASSERT_EQ(region_->error, "");
  EXPECT_TRUE(reaches("a", "10.77.2.11"));
  ensure();
  EXPECT_TRUE(reaches("a", "10.77.2.11"));
  EXPECT_FALSE(reaches("b", "10.77.1.11"));
}

TEST_F(NetworkTest, GuestsCannotTakeAnAddress) {
  members_[0].group_ids = {"sg-a", "sg-b"};
  groups_[1].ingress = {{.cidrs = {"0.0.0.0/0"}}};
  groups_[1].egress = {{.cidrs = {"0.0.0.0/0"}}};
  publish();
  start("a");
  start("b");
  ASSERT_TRUE(reaches("a", "10.77.2.11"));
  EXPECT_FALSE(run("a", {"/usr/sbin/ip", "address", "add", "10.77.1.99/24", "dev", "eth0"}));
  // Wherever the right to change addresses came from, packets with a wrong sender do not get
  // through.
  std::string pid;
  for (const SandboxState& each : region_->runtime->list()) {
    if (each.id == "a") pid = std::to_string(each.pid);
  }
  std::string enter = "nsenter --net=/proc/" + pid + "/ns/net ";
  ASSERT_EQ(::system((enter + "ip address add 10.77.1.99/24 dev eth0").c_str()), 0);
  const char* ask =
      "python3 -c \"import socket; socket.create_connection(('10.77.2.11', 8080), 0.3, "
      "('%s', 0))\" 2>/dev/null";
  auto from = [&](const char* address) {
    char text[256];
    std::snprintf(text, sizeof(text), ask, address);
    return ::system((enter + "/usr/bin/" + text).c_str());
  };
  EXPECT_EQ(from("10.77.1.11"), 0);
  EXPECT_NE(from("10.77.1.99"), 0);
}

TEST_F(NetworkTest, ServesTheMetadataAddressInsideTheVpc) {
  start("a");
  auto listener = region_->network->open_socket("vpc-1", AF_INET, SOCK_STREAM);
  ASSERT_TRUE(listener);
  sockaddr_in metadata = address_of(kMetadataAddress, kMetadataPort);
  ASSERT_EQ(::bind(listener->get(), reinterpret_cast<sockaddr*>(&metadata), sizeof(metadata)), 0);
  ASSERT_EQ(::listen(listener->get(), 8), 0);
  EXPECT_TRUE(run("a", {"/usr/bin/python3", "-c",
                        "import socket\n"
                        "socket.create_connection(('169.254.169.254', 80), 2)"}));
  sockaddr_in peer{};
  socklen_t size = sizeof(peer);
  UniqueFd accepted(::accept(listener->get(), reinterpret_cast<sockaddr*>(&peer), &size));
  EXPECT_EQ(ntohl(peer.sin_addr.s_addr), 0x0a4d010b) << "the caller's own address";
  EXPECT_FALSE(run("a", {"/usr/bin/python3", "-c",
                         "import socket\n"
                         "socket.create_connection(('169.254.169.254', 22), 0.3)"}))
      << "other ports do not answer";
}

TEST_F(NetworkTest, HolmItselfReachesAGuestPastItsGroups) {
  start("b");
  sockaddr_in guest = address_of("10.77.2.11", kPort);
  timeval timeout{0, 300000};
  for (bool marked : {false, true}) {
    auto socket = region_->network->open_socket("vpc-1", AF_INET, SOCK_STREAM);
    ASSERT_TRUE(socket);
    ::setsockopt(socket->get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    if (marked) {
      ::setsockopt(socket->get(), SOL_SOCKET, SO_MARK, &kControlMark, sizeof(kControlMark));
    }
    int connected = ::connect(socket->get(), reinterpret_cast<sockaddr*>(&guest), sizeof(guest));
    EXPECT_EQ(connected == 0, marked);
  }
}

TEST_F(NetworkTest, ALocalInterfaceIsAMemberOfItsGroups) {
  Network& network = *region_->network;
  expect_done(network.ensure_interface({.id = "eni-balancer",
                                        .subnet_id = "subnet-1",
                                        .mac = "02:00:00:00:00:50",
                                        .addresses = {"10.77.1.50"},
                                        .place = InterfaceSpec::Place::Local}));
  members_.push_back({"eni-balancer", {"10.77.1.50"}, {"sg-a"}});
  publish();
  start("b");
  sockaddr_in own = address_of("10.77.1.50", 0);
  sockaddr_in guest = address_of("10.77.2.11", kPort);
  auto socket = network.open_socket("vpc-1", AF_INET, SOCK_STREAM);
  ASSERT_TRUE(socket);
  ASSERT_EQ(::bind(socket->get(), reinterpret_cast<sockaddr*>(&own), sizeof(own)), 0);
  EXPECT_EQ(::connect(socket->get(), reinterpret_cast<sockaddr*>(&guest), sizeof(guest)), 0);
}

TEST_F(NetworkTest, TheWorldIsReachedOnlyWithARouteAndTheHostNever) {
  // A second namespace of the host's kind stands for the host's services: a listener on the host.
  UniqueFd host(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in any = address_of("0.0.0.0", 0);
  socklen_t size = sizeof(any);
  ASSERT_EQ(::bind(host.get(), reinterpret_cast<sockaddr*>(&any), size), 0);
  ASSERT_EQ(::listen(host.get(), 8), 0);
  ::getsockname(host.get(), reinterpret_cast<sockaddr*>(&any), &size);
  std::string port = std::to_string(ntohs(any.sin_port));
  expect_done(region_->network->ensure_subnet({.id = "subnet-1",
                                               .vpc_id = "vpc-1",
                                               .cidr = "10.77.1.0/24",
                                               .default_route = SubnetSpec::DefaultRoute::NatGateway}));
  start("a");
  EXPECT_TRUE(run("a", {"/bin/sh", "-c", "ip route get 192.0.2.77 | grep -q 'via 10.77.1.1'"}));
  for (const SandboxState& each : region_->runtime->list()) {
    std::string gateway =
        "nsenter --net=/proc/self/ns/net ip -o -4 address | grep -o '198.1[89][0-9.]*' | head -1 "
        "> " +
        region_->directory() + "/gateway";
    ASSERT_EQ(::system(gateway.c_str()), 0) << each.id;
  }
  std::string address = read_file(region_->directory() + "/gateway").value_or("");
  address = address.substr(0, address.find('\n'));
  ASSERT_NE(address, "") << "the uplink has an address on the host";
  EXPECT_FALSE(run("a", {"/usr/bin/python3", "-c",
                         "import socket, sys\n"
                         "socket.create_connection((sys.argv[1], int(sys.argv[2])), 0.3)",
                         address, port}));
}

// Its public address leads to an interface from the machine and from other VPCs, and it is seen by it.
TEST_F(NetworkTest, PublicAddressesAreReachedFromOutsideTheVpc) {
  Network& network = *region_->network;
  const std::string net = "198.19." + std::to_string(::getpid() % 256);
  const std::string own = net + ".1", gateway = net + ".2";
  groups_[0].ingress = {{.protocol = 6, .from_port = kPort, .to_port = kPort, .cidrs = {"198.18.0.0/15"}}};
  publish();
  expect_done(network.ensure_subnet({.id = "subnet-1",
                                     .vpc_id = "vpc-1",
                                     .cidr = "10.77.1.0/24",
                                     .default_route = SubnetSpec::DefaultRoute::InternetGateway}));
  expect_done(network.ensure_vpc({.id = "vpc-2", .cidrs = {"10.88.0.0/16"}}));
  expect_done(network.ensure_subnet({.id = "subnet-9",
                                     .vpc_id = "vpc-2",
                                     .cidr = "10.88.1.0/24",
                                     .default_route = SubnetSpec::DefaultRoute::NatGateway}));
  expect_done(network.ensure_interface({.id = "eni-d",
                                        .subnet_id = "subnet-9",
                                        .mac = "02:00:00:00:00:88",
                                        .addresses = {"10.88.1.11"}}));
  expect_done(network.publish_security("vpc-2", {{.id = "sg-d", .egress = {{.cidrs = {"0.0.0.0/0"}}}}},
                                       {{"eni-d", {"10.88.1.11"}, {"sg-d"}}}));
  expect_done(network.publish_public_addresses("vpc-2", {{.address = gateway, .inside = "10.88.1.0/24"}}));
  start("a");
  start("d");
  // The network around the machine may answer for any address: only the page tells who did.
  const std::string ask =
      "import sys, urllib.request\n"
      "page = urllib.request.urlopen(f'http://{sys.argv[1]}:8080/', timeout=1).read().decode().strip()\n"
      "sys.exit(page != sys.argv[2])";
  auto shows = [&](const std::string& from, const std::string& address, const std::string& page) {
    return run(from, {"/usr/bin/python3", "-c", ask, address, page});
  };
  auto shows_machine = [&](const std::string& address, const std::string& page) {
    const std::string command = "python3 -c \"" + ask + "\" " + address + " " + page + " 2>/dev/null";
    return ::system(command.c_str()) == 0;
  };
  EXPECT_FALSE(shows("d", own, "a")) << "before it is told";
  expect_done(network.publish_public_addresses("vpc-1", {{.address = own, .inside = "10.77.1.11"}}));
  EXPECT_TRUE(shows_machine(own, "a"));
  EXPECT_TRUE(shows("d", own, "a"));
  EXPECT_NE(region_->log_of("a").find(gateway + " - - "), std::string::npos)
      << "the peer is the gateway: " << region_->log_of("a");
  EXPECT_FALSE(shows("d", "10.77.1.11", "a")) << "VPCs do not meet otherwise";
  EXPECT_FALSE(shows_machine(gateway, "d")) << "a NAT gateway lets nothing in";
  expect_done(network.publish_public_addresses("vpc-1", {}));
  EXPECT_FALSE(shows_machine(own, "a")) << "taken away";
  expect_done(network.publish_public_addresses("vpc-1", {{.address = own, .inside = "10.77.1.12"}}));
  groups_[2].ingress = groups_[0].ingress;
  publish();
  start("c");
  EXPECT_TRUE(shows("d", own, "c")) << "now another interface's";
}

// A namespace behind the host plays the world.
TEST_F(NetworkTest, RoutesDecideWhoReachesTheWorld) {
  auto world = make_network_namespace();
  ASSERT_TRUE(world);
  std::string link = "w" + std::to_string(::getpid());
  expect_done(add_veth({.name = link, .peer_name = "eth0", .peer_namespace = world->get()}));
  expect_done(add_address(link, *parse_ipv4_network("203.0.113.1/30")));
  expect_done(set_network_option("ipv4/conf/" + link + "/forwarding", "1"));
  UniqueFd listener;
  expect_done(in_network(world->get(), [&]() -> Result<void> {
    if (auto up = set_up("eth0"); !up) return up;
    listener.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return add_address("eth0", *parse_ipv4_network("203.0.113.2/30"));
  }));
  sockaddr_in any = address_of("0.0.0.0", kPort);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&any), sizeof(any)), 0);
  ASSERT_EQ(::listen(listener.get(), 8), 0);
  start("a");
  SubnetSpec subnet{.id = "subnet-1", .vpc_id = "vpc-1", .cidr = "10.77.1.0/24"};
  InterfaceSpec interface{
      .id = "eni-a", .subnet_id = "subnet-1", .mac = "02:00:00:00:00:11", .addresses = {"10.77.1.11"}};
  struct Case {
    const char* what;
    SubnetSpec::DefaultRoute route;
    bool has_public_address;
    bool reaches;
  };
  const Case cases[] = {
      {"no route", SubnetSpec::DefaultRoute::None, false, false},
      {"a NAT gateway", SubnetSpec::DefaultRoute::NatGateway, false, true},
      {"an internet gateway, no public address", SubnetSpec::DefaultRoute::InternetGateway, false, false},
      {"an internet gateway", SubnetSpec::DefaultRoute::InternetGateway, true, true},
      {"a route taken away", SubnetSpec::DefaultRoute::None, true, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    subnet.default_route = c.route;
    interface.has_public_address = c.has_public_address;
    expect_done(region_->network->ensure_subnet(subnet));
    expect_done(region_->network->ensure_interface(interface));
    EXPECT_EQ(reaches("a", "203.0.113.2"), c.reaches);
  }
  sockaddr_in peer{};
  socklen_t size = sizeof(peer);
  UniqueFd accepted(::accept(listener.get(), reinterpret_cast<sockaddr*>(&peer), &size));
  EXPECT_EQ(to_string(ntohl(peer.sin_addr.s_addr)), "203.0.113.1") << "the world sees the host";
  expect_done(delete_link(link));
}

// Neighbours that know it would go on sending to the old one for half a minute.
TEST_F(NetworkTest, ARouterKeepsItsHardwareAddressWhoeverComesAndGoes) {
  auto address = [&] {
    ifreq request{};
    interface_name('b', "subnet-1").copy(request.ifr_name, sizeof request.ifr_name - 1);
    expect_done(in_network(region_->network->namespace_of("vpc-1"), [&]() -> Result<void> {
      UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      if (::ioctl(socket.get(), SIOCGIFHWADDR, &request) != 0) return failure("no such bridge");
      return {};
    }));
    MacAddress mac{};
    std::copy_n(request.ifr_hwaddr.sa_data, mac.size(), mac.begin());
    return to_string(mac);
  };
  const std::string before = address();
  EXPECT_TRUE(before.starts_with("06:"));
  start("a");
  EXPECT_EQ(address(), before);
  start("c");
  expect_done(region_->runtime->remove("a"));
  expect_done(region_->network->remove_interface("eni-a"));
  EXPECT_EQ(address(), before);
}

TEST_F(NetworkTest, RefusesWhatItDoesNotUnderstand) {
  Network& network = *region_->network;
  EXPECT_FALSE(network.ensure_vpc({.id = "vpc-2", .cidrs = {"fd00::/8"}}));
  EXPECT_FALSE(network.ensure_subnet({.id = "s", .vpc_id = "vpc-9", .cidr = "10.0.0.0/24"}));
  EXPECT_FALSE(network.ensure_interface(
      {.id = "e", .subnet_id = "subnet-1", .mac = "02:00", .addresses = {"10.77.1.5"}}));
  EXPECT_FALSE(network.publish_security("vpc-1", {{.id = "sg; flush ruleset"}}, {}));
  EXPECT_FALSE(
      network.publish_security("vpc-1", {{.id = "sg-x", .ingress = {{.cidrs = {"0.0.0.0/0 accept"}}}}}, {}));
  EXPECT_EQ(network.namespace_of("vpc-9"), -1);
}

}  // namespace
}  // namespace holm::sandbox
