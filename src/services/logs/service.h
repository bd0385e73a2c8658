// What the handlers of CloudWatch Logs share.
#pragma once

#include "aws/service/service.h"
#include "base/clock.h"

namespace holm::aws {
class Region;
}
namespace holm::jobs {
class Jobs;
}
namespace holm::metrics {
class Recorder;
}

namespace holm::logs {

// One for all accounts and regions. Any thread.
class Service final : public aws::ServiceBase {
 public:
  Service(jobs::Jobs& jobs, aws::Region& region, metrics::Recorder& recorder, Clock& clock)
      : jobs_(jobs), region_(region), recorder_(recorder), clock_(clock) {}

  std::vector<aws::Access> access(const aws::Operation& operation, const void* input,
                                  aws::Call& call) const override;
  // Registers the job that deletes what is older than its group's retention.
  void start() override;

  metrics::Recorder& recorder() { return recorder_; }

 private:
  void expire_events();

  jobs::Jobs& jobs_;
  aws::Region& region_;
  metrics::Recorder& recorder_;
  Clock& clock_;
};

}  // namespace holm::logs
