// What the services of both APIs of Elastic Load Balancing are built on; all of it outlives them.
#pragma once

namespace holm {
class Clock;
class Random;
}  // namespace holm
namespace holm::async {
class Workers;
}
namespace holm::aws {
class Events;
class Region;
}  // namespace holm::aws
namespace holm::balancer {
class Balancer;
}
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
class CertificateDirectory;
}
namespace holm::sandbox {
class Network;
}

namespace holm::balancing {

// As whom the services ask others.
inline constexpr char kPrincipal[] = "elasticloadbalancing.amazonaws.com";

struct Dependencies {
  jobs::Jobs& jobs;
  aws::Region& region;
  aws::Events& events;
  sandbox::Network& network;
  balancer::Balancer& balancer;  // Each its own.
  metrics::Meters& meters;
  dns::Directory& names;
  net::CertificateDirectory& certificates;
  async::Workers& workers;
  Clock& clock;
  Random& random;
};

}  // namespace holm::balancing
