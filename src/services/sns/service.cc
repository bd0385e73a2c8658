// The start of SNS, and its certificate for endpoints.

#include "services/sns/service.h"

#include <functional>

#include "async/workers.h"
#include "aws/service/region.h"
#include "http/server.h"
#include "jobs/jobs.h"
#include "services/sns/courier.h"
#include "services/sns/signer.h"
#include "services/sns/subscriptions.h"

namespace holm::sns {

Service::Service(Dependencies dependencies)
    : dependencies_(std::move(dependencies)),
      signer_(std::make_unique<Signer>(dependencies_)),
      courier_(std::make_unique<Courier>(*this)) {}

Service::~Service() = default;

void Service::start() {
  dependencies_.jobs.handle(kExpiryJob, [this](const jobs::Job& job) {
    const aws::Caller caller = dependencies_.region.caller("", "", "sns.amazonaws.com");
    dependencies_.region.transact(caller, sql::Access::Write,
                                  [&](Call& call) { expire_subscription(call, job.key); });
    return jobs::done();
  });
  courier_->start();
}

void Service::stop() { courier_->stop(); }

bool Service::is_for_certificate(const http::Exchange& exchange) const {
  return exchange.request().method == "GET" && exchange.request().path.starts_with(Signer::kPathStart);
}

async::Task<void> Service::answer_certificate(http::Exchange& exchange) {
  std::function<std::string()> reading = [&] {
    return exchange.request().path == signer_->certificate_path() ? signer_->certificate() : std::string();
  };
  http::Response response;
  response.body = co_await dependencies_.workers.run(exchange.reactor(), reading);
  response.status = response.body.empty() ? 404 : 200;
  response.headers.add("Content-Type", "application/x-pem-file");
  co_await exchange.respond(std::move(response));
}

}  // namespace holm::sns
