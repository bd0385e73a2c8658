// What answers inside a VPC.

#include "services/ec2/vpc_servers.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/files.h"
#include "net/listener.h"
#include "net/socket.h"
#include "net/socket_keeper.h"
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

std::string socket_name(const std::string& vpc, std::string_view kind, const net::Address& address) {
  return fmt::format("{}|{}:{}", vpc, kind, address.to_string());
}

}  // namespace

VpcServers::VpcServers(Private, Dependencies& use, const VpcAddress& vpc)
    : use_(use), reactor_(use.reactors.next()), metadata_(std::make_unique<Metadata>(use, vpc.id)) {}

VpcServers::~VpcServers() {
  for (const std::function<void()>& close : close_doors_) close();
  metadata_server_.reset();
  reactor_.call([this] { resolver_.reset(); });
}

Result<std::unique_ptr<VpcServers>> VpcServers::open(Dependencies& use, const VpcAddress& vpc) {
  auto servers = std::make_unique<VpcServers>(Private{}, use, vpc);
  if (auto done = servers->listen(vpc); !done) return std::unexpected(done.error());
  return servers;
}

Result<void> VpcServers::listen(const VpcAddress& vpc) {
  if (auto done = serve_streams(vpc); !done) return done;
  return serve_names(vpc);
}

Result<void> VpcServers::serve_streams(const VpcAddress& vpc) {
  const net::Namespace where{use_.network.namespace_of(vpc.id)};
  auto open = [&](std::string_view ip, uint16_t port) {
    const net::Address address = net::Address::parse(ip, port).value();
    return use_.sockets.open(socket_name(vpc.id, "tcp", address),
                             [&] { return net::listen_on(address, {.where = where}); });
  };
  auto metadata = open(sandbox::kMetadataAddress, sandbox::kMetadataPort);
  if (!metadata) return std::unexpected(metadata.error());
  metadata_server_ = std::make_unique<http::Server>(
      use_.reactors, http::Limits{.connections_max = 1000},
      [this](http::Exchange& exchange) { return metadata_->answer(exchange); }, use_.clock);
  auto shared = std::make_shared<UniqueFd>(std::move(*metadata));
  close_doors_.push_back(use_.when_open([this, shared] { metadata_server_->listen(std::move(*shared)); }));

  auto api = open(vpc.own_address, sandbox::kApiPort);
  if (!api) return std::unexpected(api.error());
  close_doors_.push_back(use_.serve_api(std::move(*api)));
  auto sites = open(vpc.own_address, kSitePort);
  if (!sites) return std::unexpected(sites.error());
  close_doors_.push_back(use_.serve_edge(std::move(*sites)));
  return {};
}

Result<void> VpcServers::serve_names(const VpcAddress& vpc) {
  const int where = use_.network.namespace_of(vpc.id);
  auto sockets = std::make_shared<std::vector<UniqueFd>>();
  for (const std::string& ip : {std::string(sandbox::kResolverAddress), vpc.own_address}) {
    const net::Address address = net::Address::parse(ip, sandbox::kResolverPort).value();
    auto socket = use_.sockets.open(socket_name(vpc.id, "udp", address),
                                    [&] { return bind_datagrams(where, address); });
    if (!socket) return std::unexpected(socket.error());
    sockets->push_back(std::move(*socket));
  }
  auto resolv_conf = read_file("/etc/resolv.conf");
  dns::ResolverOptions options{.vpc_id = vpc.id, .upstreams = dns::upstreams_of(resolv_conf.value_or(""))};
  reactor_.call([&] {
    resolver_ = std::make_unique<dns::Resolver>(reactor_, use_.names, std::move(options));
  });
  // Who is answered before that would be told that a name does not exist.
  close_doors_.push_back(use_.when_open([this, sockets] {
    reactor_.call([&] {
      for (UniqueFd& socket : *sockets) resolver_->serve(std::move(socket));
    });
  }));
  return {};
}

void VpcServers::forget(Dependencies& use, const std::string& vpc) { use.sockets.retain(vpc + "|", {}); }

}  // namespace holm::ec2
