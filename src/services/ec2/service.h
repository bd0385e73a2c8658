// What EC2's handlers and controllers share.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "aws/service/events.h"
#include "aws/service/service.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/unique_fd.h"

namespace holm::async {
class ReactorPool;
}
namespace holm::aws {
class IdentityProvider;
class Region;
}  // namespace holm::aws
namespace holm::dns {
class Directory;
}
namespace holm::jobs {
class Jobs;
}
namespace holm::metrics {
class Meters;
}
namespace holm::net {
class SocketKeeper;
}
namespace holm::sandbox {
class Exits;
class Network;
class Runtime;
}  // namespace holm::sandbox

namespace holm::ec2 {

class ConsoleLogs;
class ImageController;
class ImageRestorer;
class InstanceMetrics;
class Instances;
class Networks;
class Snapshots;
class SpotInterruptions;
class Volumes;

// Whether sandboxes of an earlier daemon may still run, or nothing does because the machine was down.
enum class Machine { Kept, Rebooted };

// Takes no more connections through a door, or does not open it; those that came through it go on.
using CloseDoor = std::function<void()>;

// Everything EC2 is built on; all of it outlives the service.
struct Dependencies {
  jobs::Jobs& jobs;
  aws::Region& region;
  aws::Events& events;
  aws::IdentityProvider& identities;
  sandbox::Network& network;
  sandbox::Runtime& runtime;
  sandbox::Exits& exits;
  dns::Directory& names;
  // Keeps the sockets of what answers in VPCs, under names that begin with "vpc-…|".
  net::SocketKeeper& sockets;
  async::ReactorPool& reactors;
  metrics::Meters& meters;
  Clock& clock;
  Random& random;
  std::string data_directory;
  std::string guest_layer;  // Of make_guest_layer(): the first process of instances.
  Machine machine = Machine::Kept;
  // Calls back when every service has told its names and routes, or at once.
  std::function<CloseDoor(std::function<void()>)> when_open;
  // Serve the AWS API and the load balancers' sites on a listening socket too: one of each in every VPC.
  std::function<CloseDoor(UniqueFd)> serve_api;
  std::function<CloseDoor(UniqueFd)> serve_edge;
};

// One for all accounts and regions; handlers are free functions that take it. Any thread.
class Service final : public aws::ServiceBase {
 public:
  explicit Service(Dependencies dependencies);
  ~Service() override;

  std::vector<aws::Access> access(const aws::Operation& operation, const void* input,
                                  aws::Call& call) const override;
  void start() override;
  void stop() override;

  Dependencies& use() { return dependencies_; }
  Random& random() { return dependencies_.random; }
  // VPCs, subnets and interfaces as the kernel has them.
  Networks& networks() { return *networks_; }
  Instances& instances() { return *instances_; }
  Volumes& volumes() { return *volumes_; }
  Snapshots& snapshots() { return *snapshots_; }

  // To be called by each handler that changed anything in a VPC: has it carried out once it is committed.
  void network_changed(aws::Call& call, const std::string& vpc);

 private:
  Dependencies dependencies_;
  std::unique_ptr<Networks> networks_;
  std::unique_ptr<InstanceMetrics> instance_metrics_;
  std::unique_ptr<Instances> instances_;
  std::unique_ptr<SpotInterruptions> spot_interruptions_;
  std::unique_ptr<Volumes> volumes_;
  std::unique_ptr<Snapshots> snapshots_;
  std::unique_ptr<ImageController> image_controller_;
  std::unique_ptr<ImageRestorer> image_restorer_;
  std::unique_ptr<ConsoleLogs> console_logs_;
};

}  // namespace holm::ec2
