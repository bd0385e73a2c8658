// What answers inside a VPC: the resolver, the metadata service, and the doors to the region's API and sites.
#pragma once

#include <memory>
#include <string>

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

// One a VPC in use. Its destruction closes its own servers; the doors end with the namespace.
class VpcServers final {
  struct Private {};

 public:
  // Use open().
  VpcServers(Private, Dependencies& use, const VpcAddress& vpc);
  static Result<std::unique_ptr<VpcServers>> open(Dependencies& use, const VpcAddress& vpc);
  ~VpcServers();

 private:
  Result<void> listen(const VpcAddress& vpc);

  Dependencies& use_;
  async::Reactor& reactor_;
  std::unique_ptr<Metadata> metadata_;
  std::unique_ptr<http::Server> metadata_server_;
  std::unique_ptr<dns::Resolver> resolver_;  // Used and destroyed on the reactor's thread.
};

}  // namespace holm::ec2
