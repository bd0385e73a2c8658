// Publication: brings the balancer to what the tables say, and ends deregistrations.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dataplane/balancer/config.h"
#include "jobs/jobs.h"
#include "net/certificate_directory.h"
#include "services/elb/records.h"
#include "services/elb/service.h"

namespace holm::elb {

// The work of the job that each change schedules. Idempotent.
class Publication final {
 public:
  explicit Publication(Dependencies& use) : use_(use) {}
  jobs::Outcome run();

 private:
  struct Place {
    std::string account;
    std::string region;
  };
  struct Draining {
    std::string load_balancer;
    std::string instance;
    Time until;
  };
  std::vector<Place> places();
  void read_load_balancer(aws::Call& call, const Record& record);
  void read_instances(aws::Call& call, const Record& record);
  void read_listener(aws::Call& call, const Record& record, balancer::LoadBalancer& owner,
                     const ListenerDescription& listener);
  // Whether all that drained are gone.
  bool finish();

  Dependencies& use_;
  std::shared_ptr<balancer::Config> config_ = std::make_shared<balancer::Config>();
  std::vector<Draining> draining_;
  net::CertificateDirectory::Users certificate_users_;
  bool is_waiting_ = false;  // For a load balancer that cannot be reached yet.
};

}  // namespace holm::elb
