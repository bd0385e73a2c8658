// Lambda as a whole: permissions, and what runs in the background.

#include "services/lambda/service.h"

#include <fmt/format.h>

#include "aws/service/region.h"
#include "jobs/jobs.h"
#include "lambda/handlers.h"
#include "sandbox/exits.h"
#include "services/lambda/code.h"
#include "services/lambda/events.h"
#include "services/lambda/fleet.h"
#include "services/lambda/functions.h"
#include "services/lambda/packages.h"

namespace holm::lambda {

Service::Service(Dependencies dependencies)
    : dependencies_(std::move(dependencies)),
      packages_(std::make_unique<Packages>(dependencies_.data_directory + "/lambda")),
      fleet_(std::make_shared<Fleet>(dependencies_)),
      events_(std::make_unique<Events>(*this)) {}

Service::~Service() { fleet_->stop(); }

void Service::start() {
  // Environments belong to the daemon that made them; what they ran is run again if it was queued.
  fleet_->start();
  dependencies_.exits.subscribe(
      "lambda-", [weak = std::weak_ptr(fleet_)](const std::string& id, const sandbox::ExitStatus& status) {
        if (auto fleet = weak.lock()) fleet->ended(id, status);
      });
  dependencies_.jobs.handle(kCodeJob, [this](const jobs::Job& job) { return prepare_code(*this, job); });
  dependencies_.jobs.handle(kPackageJob,
                            [this](const jobs::Job& job) { return remove_package(*this, job.key); });
  events_->start();
}

void Service::stop() { fleet_->stop(); }

}  // namespace holm::lambda
