// What answers inside a VPC: the resolver, the metadata service, and the doors to the region's API and sites.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataplane/dns/resolver.h"
#include "http/server.h"

namespace holm::ec2 {

struct Dependencies;
class Metadata;

struct VpcAddress {
  std::string id;
  std::string own_address;  // The network's address plus two.
};

// One a VPC in use. Its destruction ends the answers but not the sockets, which are kept: whoever asks waits
// for the next daemon.
class VpcServers final {
  struct Private {};

 public:
  // Use open().
  VpcServers(Private, Dependencies& use, const VpcAddress& vpc);
  static Result<std::unique_ptr<VpcServers>> open(Dependencies& use, const VpcAddress& vpc);
  ~VpcServers();
  // When the VPC is gone: what was kept of it ends, too.
  static void forget(Dependencies& use, const std::string& vpc);

 private:
  Result<void> listen(const VpcAddress& vpc);
  Result<void> serve_streams(const VpcAddress& vpc);
  Result<void> serve_names(const VpcAddress& vpc);

  Dependencies& use_;
  async::Reactor& reactor_;
  std::unique_ptr<Metadata> metadata_;
  std::unique_ptr<http::Server> metadata_server_;
  std::vector<std::function<void()>> close_doors_;
  std::unique_ptr<dns::Resolver> resolver_;  // Used and destroyed on the reactor's thread.
};

}  // namespace holm::ec2
