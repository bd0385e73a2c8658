// Classic Load Balancers as a whole: permissions, and what they hear from the balancer and from EC2.

#include "services/elb/service.h"

#include <fmt/format.h>

#include <utility>

#include "aws/service/region.h"
#include "dataplane/balancer/balancer.h"
#include "elb/handlers.h"
#include "jobs/jobs.h"
#include "services/elb/access_logs.h"
#include "services/elb/balancer_metrics.h"
#include "services/elb/instances.h"
#include "services/elb/publication.h"
#include "services/elb/records.h"

namespace holm::elb {

namespace {

constexpr char kPublishJob[] = "elb.publish";

// Whom a request is about: all of these have the member.
using Names = std::vector<std::string> (*)(const void* input);

template <class Input>
std::vector<std::string> one(const void* input) {
  return {static_cast<const Input*>(input)->load_balancer_name};
}
template <class Input>
std::vector<std::string> several(const void* input) {
  return static_cast<const Input*>(input)->load_balancer_names;
}

struct Permission {
  std::string_view operation;
  Names names;
};

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancing.html
constexpr Permission kPermissions[] = {
    {"CreateLoadBalancer", one<CreateAccessPointInput>},
    {"DeleteLoadBalancer", one<DeleteAccessPointInput>},
    {"CreateLoadBalancerListeners", one<CreateLoadBalancerListenerInput>},
    {"DeleteLoadBalancerListeners", one<DeleteLoadBalancerListenerInput>},
    {"SetLoadBalancerListenerSSLCertificate", one<SetLoadBalancerListenerSSLCertificateInput>},
    {"ConfigureHealthCheck", one<ConfigureHealthCheckInput>},
    {"RegisterInstancesWithLoadBalancer", one<RegisterEndPointsInput>},
    {"DeregisterInstancesFromLoadBalancer", one<DeregisterEndPointsInput>},
    {"EnableAvailabilityZonesForLoadBalancer", one<AddAvailabilityZonesInput>},
    {"DisableAvailabilityZonesForLoadBalancer", one<RemoveAvailabilityZonesInput>},
    {"AttachLoadBalancerToSubnets", one<AttachLoadBalancerToSubnetsInput>},
    {"DetachLoadBalancerFromSubnets", one<DetachLoadBalancerFromSubnetsInput>},
    {"ApplySecurityGroupsToLoadBalancer", one<ApplySecurityGroupsToLoadBalancerInput>},
    {"ModifyLoadBalancerAttributes", one<ModifyLoadBalancerAttributesInput>},
    {"CreateAppCookieStickinessPolicy", one<CreateAppCookieStickinessPolicyInput>},
    {"CreateLBCookieStickinessPolicy", one<CreateLBCookieStickinessPolicyInput>},
    {"CreateLoadBalancerPolicy", one<CreateLoadBalancerPolicyInput>},
    {"DeleteLoadBalancerPolicy", one<DeleteLoadBalancerPolicyInput>},
    {"SetLoadBalancerPoliciesOfListener", one<SetLoadBalancerPoliciesOfListenerInput>},
    {"SetLoadBalancerPoliciesForBackendServer", one<SetLoadBalancerPoliciesForBackendServerInput>},
    {"AddTags", several<AddTagsInput>},
    {"RemoveTags", several<RemoveTagsInput>},
};

}  // namespace

// Other services may tell of changes as soon as they start.
Service::Service(Dependencies dependencies)
    : dependencies_(std::move(dependencies)),
      metrics_(std::make_unique<BalancerMetrics>(dependencies_)),
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
  const std::string action = fmt::format("elasticloadbalancing:{}", operation.name);
  for (const Permission& each : kPermissions) {
    if (each.operation != operation.name) continue;
    std::vector<aws::Access> needed;
    for (const std::string& name : each.names(input)) {
      needed.push_back({.action = action, .resource = arn_of(call, name)});
    }
    if (!needed.empty()) return needed;
  }
  return {{.action = action}};
}

void Service::start() {
  metrics_->start();
  dependencies_.jobs.keep({.kind = kPublishJob, .key = "all"}, dependencies_.clock.now(),
                          [this](const jobs::Job&) {
                            Publication publication(dependencies_);
                            return publication.run();
                          });
  dependencies_.jobs.keep({.kind = kDeliverLogsJob, .key = "all"}, dependencies_.clock.now(),
                          [this](const jobs::Job&) { return balancing::deliver_logs(dependencies_); });
  dependencies_.jobs.handle(
      kTestFileJob, [this](const jobs::Job& job) { return write_test_file(dependencies_, job); });
  dependencies_.balancer.listen_to_health(
      [this](const balancer::HealthChange& change) { health_queue_.add(change); });
  // Before anybody is let in; then what could not be opened yet is looked after by the job.
  Publication(dependencies_).run();
}

void Service::changed(sql::Transaction& transaction) {
  dependencies_.jobs.schedule(transaction, {.kind = kPublishJob, .key = "all"}, dependencies_.clock.now());
}

void Service::stop() { health_queue_.stop(); }

void Service::store_health(const balancer::HealthChange& change) {
  auto store = [&](aws::Call& call) {
    auto row = call.transaction.find("SELECT account, region, name FROM elb_load_balancer WHERE arn = ?1",
                                     {change.group_arn});
    if (!row) return;
    call.transaction.run("UPDATE elb_instance SET health = ?3 WHERE load_balancer = ?1 AND id = ?2",
                         {change.group_arn, change.target_id, balancer::name_of(change.health)});
    dependencies_.events.publish(call.transaction, {.type = "elb.instance-health",
                                                    .account = row->text(0),
                                                    .region = row->text(1),
                                                    .resource = row->text(2),
                                                    .detail = balancer::name_of(change.health)});
  };
  dependencies_.region.transact(dependencies_.region.caller({}, {}, kPrincipal), sql::Access::Write, store);
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-deregister-register-instances.html
// An instance that is terminated is deregistered; one that stops is not used until it runs again.
void Service::note_instance(sql::Transaction& transaction, const aws::Event& event) {
  if (!transaction.find("SELECT 1 FROM elb_instance WHERE id = ?1", {event.resource})) return;
  if (event.detail == "terminated") {
    transaction.run("DELETE FROM elb_instance WHERE id = ?1", {event.resource});
  } else {
    transaction.run("UPDATE elb_instance SET state = ?2 WHERE id = ?1", {event.resource, event.detail});
  }
  // A new run is a new server: what was known of its health is of the past.
  if (event.detail != "running") {
    transaction.run("UPDATE elb_instance SET health = ?2 WHERE id = ?1",
                    {event.resource, balancer::name_of(balancer::Health::Initial)});
  }
  changed(transaction);
}

}  // namespace holm::elb
