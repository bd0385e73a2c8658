// Elastic Load Balancing as a whole: permissions, and what it hears from the balancer and from EC2.

#include "services/elbv2/service.h"

#include <fmt/format.h>

#include <utility>

#include "async/workers.h"
#include "aws/service/region.h"
#include "dataplane/balancer/balancer.h"
#include "elbv2/handlers.h"
#include "jobs/jobs.h"
#include "services/elbv2/access_logs.h"
#include "services/elbv2/balancer_metrics.h"
#include "services/elbv2/function_targets.h"
#include "services/elbv2/publication.h"

namespace holm::elbv2 {

namespace {

constexpr char kPublishJob[] = "elbv2.publish";
constexpr char kPrincipal[] = "elasticloadbalancing.amazonaws.com";

std::string name_of(balancer::Health health) {
  switch (health) {
    case balancer::Health::Initial: return "initial";
    case balancer::Health::Healthy: return "healthy";
    case balancer::Health::Unhealthy: return "unhealthy";
  }
  return "initial";
}

}  // namespace

// Other services may tell of changes as soon as they start.
Service::Service(Dependencies dependencies)
    : dependencies_(std::move(dependencies)), metrics_(std::make_unique<BalancerMetrics>(dependencies_)) {
  dependencies_.events.subscribe(
      "ec2.instance-state",
      [this](sql::Transaction& transaction, const aws::Event& event) { note_instance(transaction, event); });
  // Load balancers leave a zone that fails, and come back to it.
  dependencies_.events.subscribe(
      "ec2.zone-state", [this](sql::Transaction& transaction, const aws::Event&) { changed(transaction); });
}
Service::~Service() = default;

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
std::vector<aws::Access> Service::access(const aws::Operation& operation, const void* input,
                                         aws::Call& call) const {
  const std::string_view name = operation.name;
  auto on = [&](const std::string& arn) -> std::vector<aws::Access> {
    return {{.action = fmt::format("elasticloadbalancing:{}", name), .resource = arn}};
  };
  auto as = [&]<class Input>(std::in_place_type_t<Input>) -> const Input& {
    return *static_cast<const Input*>(input);
  };
  if (name == "CreateLoadBalancer") {
    const auto& request = as(std::in_place_type<CreateLoadBalancerInput>);
    const std::string_view kind = request.type == "network" ? "net" : "app";
    return on(aws::arn("elasticloadbalancing", call, fmt::format("loadbalancer/{}/{}/*", kind, request.name)));
  }
  if (name == "CreateTargetGroup") {
    const auto& request = as(std::in_place_type<CreateTargetGroupInput>);
    return on(aws::arn("elasticloadbalancing", call, "targetgroup/" + request.name + "/*"));
  }
  if (name == "DeleteLoadBalancer") {
    return on(as(std::in_place_type<DeleteLoadBalancerInput>).load_balancer_arn);
  }
  if (name == "ModifyLoadBalancerAttributes") {
    return on(as(std::in_place_type<ModifyLoadBalancerAttributesInput>).load_balancer_arn);
  }
  if (name == "SetSecurityGroups") {
    return on(as(std::in_place_type<SetSecurityGroupsInput>).load_balancer_arn);
  }
  if (name == "SetSubnets") return on(as(std::in_place_type<SetSubnetsInput>).load_balancer_arn);
  if (name == "SetIpAddressType") {
    return on(as(std::in_place_type<SetIpAddressTypeInput>).load_balancer_arn);
  }
  if (name == "DeleteTargetGroup") {
    return on(as(std::in_place_type<DeleteTargetGroupInput>).target_group_arn);
  }
  if (name == "ModifyTargetGroup") {
    return on(as(std::in_place_type<ModifyTargetGroupInput>).target_group_arn);
  }
  if (name == "ModifyTargetGroupAttributes") {
    return on(as(std::in_place_type<ModifyTargetGroupAttributesInput>).target_group_arn);
  }
  if (name == "RegisterTargets") return on(as(std::in_place_type<RegisterTargetsInput>).target_group_arn);
  if (name == "DeregisterTargets") return on(as(std::in_place_type<DeregisterTargetsInput>).target_group_arn);
  if (name == "CreateListener") return on(as(std::in_place_type<CreateListenerInput>).load_balancer_arn);
  if (name == "DeleteListener") return on(as(std::in_place_type<DeleteListenerInput>).listener_arn);
  if (name == "ModifyListener") return on(as(std::in_place_type<ModifyListenerInput>).listener_arn);
  if (name == "ModifyListenerAttributes") {
    return on(as(std::in_place_type<ModifyListenerAttributesInput>).listener_arn);
  }
  if (name == "AddListenerCertificates") {
    return on(as(std::in_place_type<AddListenerCertificatesInput>).listener_arn);
  }
  if (name == "RemoveListenerCertificates") {
    return on(as(std::in_place_type<RemoveListenerCertificatesInput>).listener_arn);
  }
  if (name == "CreateRule") return on(as(std::in_place_type<CreateRuleInput>).listener_arn);
  if (name == "DeleteRule") return on(as(std::in_place_type<DeleteRuleInput>).rule_arn);
  if (name == "ModifyRule") return on(as(std::in_place_type<ModifyRuleInput>).rule_arn);
  return on("*");
}

void Service::start() {
  metrics_->start();
  const Time now = dependencies_.clock.now();
  dependencies_.jobs.keep({.kind = kPublishJob, .key = "all"}, now, [this](const jobs::Job&) {
    Publication publication(dependencies_);
    return publication.run();
  });
  dependencies_.jobs.keep({.kind = kDeliverLogsJob, .key = "all"}, now,
                          [this](const jobs::Job&) { return deliver_access_logs(dependencies_); });
  dependencies_.jobs.handle(
      kTestFileJob, [this](const jobs::Job& job) { return write_test_file(dependencies_, job); });
  dependencies_.balancer.use_functions(function_caller(dependencies_));
  dependencies_.balancer.listen_to_health(
      [this](const balancer::HealthChange& change) { note_health(change); });
  // Before anybody is let in, so that nobody finds a load balancer without its rules; then what could not be
  // opened yet is looked after by the job.
  Publication(dependencies_).run();
}

void Service::changed(sql::Transaction& transaction) {
  dependencies_.jobs.schedule(transaction, {.kind = kPublishJob, .key = "all"}, dependencies_.clock.now());
}

// The end of one run on a worker, whatever becomes of it.
class Service::Stored final {
 public:
  explicit Stored(Service& service) : service_(service) {}
  ~Stored() {
    std::lock_guard lock(service_.mutex_);
    --service_.stores_waiting_;
    service_.stored_.notify_all();
  }
  Stored(const Stored&) = delete;
  Stored& operator=(const Stored&) = delete;

 private:
  Service& service_;
};

// On a reactor's thread: the database is for others.
void Service::note_health(const balancer::HealthChange& change) {
  std::lock_guard lock(mutex_);
  if (is_stopping_) return;
  health_changes_.push_back(change);
  // When there is no room, the next change takes this one along.
  bool posted = dependencies_.workers.try_post([this] {
    const Stored stored(*this);
    store_health();
  });
  if (posted) ++stores_waiting_;
}

void Service::stop() {
  std::unique_lock lock(mutex_);
  is_stopping_ = true;
  stored_.wait(lock, [this] { return stores_waiting_ == 0; });
}

void Service::store_health() {
  std::vector<balancer::HealthChange> changes;
  {
    std::lock_guard lock(mutex_);
    changes.swap(health_changes_);
  }
  for (const balancer::HealthChange& change : changes) {
    // arn:aws:elasticloadbalancing:<region>:<account>:targetgroup/…
    std::string account, region;
    auto read = [&](aws::Call& call) {
      auto row = call.transaction.find("SELECT account, region FROM elbv2_resource WHERE arn = ?1",
                                       {change.group_arn});
      if (!row) return;
      account = row->text(0);
      region = row->text(1);
      call.transaction.run(
          "UPDATE elbv2_target SET health = ?4, reason = ?5, description = ?6"
          " WHERE target_group = ?1 AND id = ?2 AND port = ?3",
          {change.group_arn, change.target_id, int64_t{change.port}, name_of(change.health), change.reason,
           change.description});
      dependencies_.events.publish(call.transaction, {.type = "elbv2.target-health",
                                                      .account = account,
                                                      .region = region,
                                                      .resource = change.group_arn,
                                                      .detail = name_of(change.health)});
    };
    dependencies_.region.transact(dependencies_.region.caller({}, {}, kPrincipal), sql::Access::Write, read);
  }
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
