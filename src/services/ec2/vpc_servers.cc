// What answers inside a VPC.

#include "services/ec2/vpc_servers.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/files.h"
#include "net/listener.h"
#include "net/socket.h"
#include "sandbox/network.h"
#include "services/ec2/metadata.h"
#include "services/ec2/service.h"

namespace holm::ec2 {

namespace {

constexpr uint16_t kSitePort = 80;

Result<UniqueFd> bind_datagrams(int where, const net::Address& address) {
  auto socket = net::socket_in(where, AF_INET, SOCK_DGRAM);
  if (!socket) return socket;
  sockaddr_storage storage{};
  const auto bytes = static_cast<socklen_t>(address.to_sockaddr(storage));
  const int yes = 1;
  ::setsockopt(socket->get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(socket->get(), reinterpret_cast<const sockaddr*>(&storage), bytes) != 0) {
    return failure(fmt::format("cannot bind {}: {}", address.to_string(), std::strerror(errno)));
  }
  return socket;
}

}  // namespace

VpcServers::VpcServers(Private, Dependencies& use, const VpcAddress& vpc)
    : use_(use), reactor_(use.reactors.next()), metadata_(std::make_unique<Metadata>(use, vpc.id)) {}

VpcServers::~VpcServers() {
  metadata_server_.reset();
  reactor_.call([this] { resolver_.reset(); });
}

Result<std::unique_ptr<VpcServers>> VpcServers::open(Dependencies& use, const VpcAddress& vpc) {
  auto servers = std::make_unique<VpcServers>(Private{}, use, vpc);
  if (auto done = servers->listen(vpc); !done) return std::unexpected(done.error());
  return servers;
}

Result<void> VpcServers::listen(const VpcAddress& vpc) {
  const net::Namespace where{use_.network.namespace_of(vpc.id)};
  auto stream = [&](std::string_view ip, uint16_t port) {
    return net::listen_on(net::Address::parse(ip, port).value(), {.where = where});
  };
  auto metadata = stream(sandbox::kMetadataAddress, sandbox::kMetadataPort);
  if (!metadata) return std::unexpected(metadata.error());
  metadata_server_ = std::make_unique<http::Server>(
      use_.reactors, http::Limits{.connections_max = 1000},
      [this](http::Exchange& exchange) { return metadata_->answer(exchange); }, use_.clock);
  metadata_server_->listen(std::move(*metadata));

  auto api = stream(vpc.own_address, sandbox::kApiPort);
  if (!api) return std::unexpected(api.error());
  use_.serve_api(std::move(*api));
  auto sites = stream(vpc.own_address, kSitePort);
  if (!sites) return std::unexpected(sites.error());
  use_.serve_edge(std::move(*sites));

  std::vector<UniqueFd> sockets;
  for (const std::string& ip : {std::string(sandbox::kResolverAddress), vpc.own_address}) {
    auto socket = bind_datagrams(where.fd, net::Address::parse(ip, sandbox::kResolverPort).value());
    if (!socket) return std::unexpected(socket.error());
    sockets.push_back(std::move(*socket));
  }
  auto resolv_conf = read_file("/etc/resolv.conf");
  dns::ResolverOptions options{.vpc_id = vpc.id, .upstreams = dns::upstreams_of(resolv_conf.value_or(""))};
  reactor_.call([&] {
    resolver_ = std::make_unique<dns::Resolver>(reactor_, use_.names, std::move(options));
    for (UniqueFd& socket : sockets) resolver_->serve(std::move(socket));
  });
  return {};
}

}  // namespace holm::ec2
