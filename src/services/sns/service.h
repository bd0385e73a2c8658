// What the handlers of SNS share.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "async/task.h"
#include "aws/service/service.h"
#include "base/clock.h"
#include "crypto/aead.h"
#include "net/address.h"
#include "smtp/relay.h"

namespace holm {
class Random;
}
namespace holm::async {
class Workers;
}
namespace holm::aws {
class Region;
}
namespace holm::http {
class Exchange;
}
namespace holm::jobs {
class Jobs;
}
namespace holm::metrics {
class Recorder;
}

namespace holm::sns {

class Courier;
class Signer;

// How e-mail leaves the region.
struct MailSettings {
  smtp::Relay relay;
  std::string sender;  // An address.
};

// Everything SNS is built on; all of it outlives the service.
struct Dependencies {
  jobs::Jobs& jobs;
  aws::Region& region;
  metrics::Recorder& metrics;
  async::Workers& workers;
  Clock& clock;
  Random& random;
  crypto::Aead::Key key;
  std::optional<MailSettings> mail;  // Nothing: there is no e-mail.
  std::string api_url;               // "http://localhost:4566": where links lead.
  std::string inner_api_url;         // The same for those inside the region.
  net::Address sites;                // Where names that end in .localhost are served.
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
  Signer& signer() { return *signer_; }

  // Whether a request is for the certificate that messages are signed with; it is then answered.
  bool is_for_certificate(const http::Exchange& exchange) const;
  async::Task<void> answer_certificate(http::Exchange& exchange);

 private:
  Dependencies dependencies_;
  std::unique_ptr<Signer> signer_;
  std::unique_ptr<Courier> courier_;
};

}  // namespace holm::sns
