// Publication: brings the balancer to what the tables say, and ends deregistrations.
#pragma once

#include <memory>
#include <vector>

#include "dataplane/balancer/config.h"
#include "elbv2/types.h"
#include "jobs/jobs.h"
#include "net/certificate_directory.h"
#include "services/elbv2/service.h"

namespace holm::elbv2 {

// The work of the job that each change schedules. Idempotent.
class Publication final {
 public:
  Publication(Dependencies& use, ClientTrusts& trusts) : use_(use), trusts_(trusts) {}
  jobs::Outcome run();

 private:
  struct Place {
    std::string account;
    std::string region;
  };
  struct Draining {
    std::string group;
    std::string id;
    int64_t port;
    Time until;
  };
  std::vector<Place> places();
  void read_place(const Place& place);
  void read_load_balancer(aws::Call& call, const std::string& arn);
  void read_listener(aws::Call& call, balancer::LoadBalancer& owner, const Listener& listener);
  void read_group(aws::Call& call, const std::string& arn);
  // Whether all that drained are gone.
  bool finish();

  Dependencies& use_;
  ClientTrusts& trusts_;
  std::shared_ptr<balancer::Config> config_ = std::make_shared<balancer::Config>();
  std::vector<Draining> draining_;
  net::CertificateDirectory::Users certificate_users_;
  std::vector<std::string> waiting_;  // ARNs of load balancers that cannot be reached yet.
};

}  // namespace holm::elbv2
