// Elastic Load Balancing as a whole: permissions, and what it hears from the balancer and from EC2.

#include "services/elbv2/service.h"

#include <utility>

#include "aws/service/region.h"
#include "dataplane/balancer/balancer.h"
#include "elbv2/handlers.h"
#include "jobs/jobs.h"
#include "services/elbv2/access_logs.h"
#include "services/elbv2/balancer_metrics.h"
#include "services/elbv2/function_targets.h"
#include "services/elbv2/permissions.h"
#include "services/elbv2/publication.h"
#include "services/elbv2/trust_stores.h"

namespace holm::elbv2 {

namespace {

constexpr char kPublishJob[] = "elbv2.publish";

}  // namespace

// Other services may tell of changes as soon as they start.
Service::Service(Dependencies dependencies)
    : dependencies_(std::move(dependencies)),
      metrics_(std::make_unique<BalancerMetrics>(dependencies_)),
      trusts_(std::make_unique<ClientTrusts>()),
      health_queue_(dependencies_.workers,
                    [this](const balancer::HealthChange& change) { store_health(change); }) {
  dependencies_.events.subscribe(
      "ec2.instance-state",
      [this](sql::Transaction& transaction, const aws::Event& event) { note_instance(transaction, event); });
  // Load balancers leave a zone that fails, and come back to it.
  dependencies_.events.subscribe(
      "ec2.zone-state", [this](sql::Transaction& transaction, const aws::Event&) { changed(transaction); });
}
Service::~Service() = default;

std::vector<aws::Access> Service::access(const aws::Operation& operation, const void* input,
                                         aws::Call& call) const {
  return needed_access(operation, input, call);
}

void Service::start() {
  metrics_->start();
  const Time now = dependencies_.clock.now();
  dependencies_.jobs.keep({.kind = kPublishJob, .key = "all"}, now, [this](const jobs::Job&) {
    Publication publication(dependencies_, *trusts_);
    return publication.run();
  });
  dependencies_.jobs.keep({.kind = kDeliverLogsJob, .key = "all"}, now,
                          [this](const jobs::Job&) { return balancing::deliver_logs(dependencies_); });
  dependencies_.jobs.handle(
      kTestFileJob, [this](const jobs::Job& job) { return write_test_file(dependencies_, job); });
  dependencies_.jobs.handle(kReadBundleJob, [this](const jobs::Job& job) { return read_bundle(*this, job); });
  dependencies_.balancer.use_functions(function_caller(dependencies_));
  dependencies_.balancer.listen_to_health(
      [this](const balancer::HealthChange& change) { health_queue_.add(change); });
  // Before anybody is let in, so that nobody finds a load balancer without its rules; then what could not be
  // opened yet is looked after by the job.
  Publication(dependencies_, *trusts_).run();
}

void Service::changed(sql::Transaction& transaction) {
  dependencies_.jobs.schedule(transaction, {.kind = kPublishJob, .key = "all"}, dependencies_.clock.now());
}

void Service::stop() { health_queue_.stop(); }

void Service::store_health(const balancer::HealthChange& change) {
  auto store = [&](aws::Call& call) {
    auto row = call.transaction.find("SELECT account, region FROM elbv2_resource WHERE arn = ?1",
                                     {change.group_arn});
    if (!row) return;
    call.transaction.run(
        "UPDATE elbv2_target SET health = ?4, reason = ?5, description = ?6"
        " WHERE target_group = ?1 AND id = ?2 AND port = ?3",
        {change.group_arn, change.target_id, int64_t{change.port}, balancer::name_of(change.health),
         change.reason, change.description});
    dependencies_.events.publish(call.transaction, {.type = "elbv2.target-health",
                                                    .account = row->text(0),
                                                    .region = row->text(1),
                                                    .resource = change.group_arn,
                                                    .detail = balancer::name_of(change.health)});
  };
  dependencies_.region.transact(dependencies_.region.caller({}, {}, kPrincipal), sql::Access::Write, store);
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-register-targets.html
// An instance that is terminated is deregistered; one that stops is not used until it runs again.
void Service::note_instance(sql::Transaction& transaction, const aws::Event& event) {
  auto known = transaction.find("SELECT 1 FROM elbv2_target WHERE id = ?1", {event.resource});
  if (!known) return;
  if (event.detail == "terminated") {
    transaction.run("DELETE FROM elbv2_target WHERE id = ?1", {event.resource});
  } else {
    transaction.run("UPDATE elbv2_target SET instance_state = ?2 WHERE id = ?1",
                    {event.resource, event.detail});
  }
  // A new run is a new server: what was known of its health is of the past.
  if (event.detail != "running") {
    transaction.run("UPDATE elbv2_target SET health = 'initial', reason = '', description = '' WHERE id = ?1",
                    {event.resource});
  }
  changed(transaction);
}

}  // namespace holm::elbv2
