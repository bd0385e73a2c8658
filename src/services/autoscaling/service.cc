// Auto Scaling as a whole: what wakes the controller.

#include "services/autoscaling/service.h"

#include "base/strings.h"
#include "metrics/meters.h"
#include "services/autoscaling/controller.h"
#include "services/autoscaling/group_metrics.h"
#include "services/autoscaling/policies.h"
#include "services/autoscaling/target_groups.h"

namespace holm::autoscaling {

namespace {

constexpr char kJob[] = "autoscaling.group";

}  // namespace

// Other services may tell of changes as soon as they start.
Service::Service(jobs::Jobs& jobs, aws::Region& region, aws::Events& events, metrics::Meters& meters,
                 Clock& clock, Random& random)
    : jobs_(jobs), region_(region), meters_(meters), clock_(clock), random_(random) {
  events.subscribe("ec2.instance-state", [this](sql::Transaction& transaction, const aws::Event& event) {
    auto row = transaction.find("SELECT grp FROM autoscaling_instance WHERE id = ?1", {event.resource});
    if (row) schedule(transaction, row->integer(0));
  });
  events.subscribe("elbv2.target-health", [this](sql::Transaction& transaction, const aws::Event& event) {
    for (const sql::Row& row :
         transaction.run("SELECT id FROM autoscaling_group WHERE ',' || target_groups || ',' LIKE ?1",
                         {"%," + event.resource + ",%"})) {
      schedule(transaction, row.integer(0));
    }
  });
  events.subscribe("elb.instance-health", [this](sql::Transaction& transaction, const aws::Event& event) {
    for (const sql::Row& row :
         transaction.run("SELECT id FROM autoscaling_group WHERE ',' || target_groups || ',' LIKE ?1"
                         " AND account = ?2 AND region = ?3",
                         {"%," + classic_source(event.resource) + ",%", event.account, event.region})) {
      schedule(transaction, row.integer(0));
    }
  });
  events.subscribe("ec2.zone-state", [this](sql::Transaction& transaction, const aws::Event& event) {
    for (const sql::Row& row : transaction.run("SELECT grp FROM autoscaling_zone WHERE zone = ?1 AND grp IN"
                                               " (SELECT id FROM autoscaling_group WHERE account = ?2)",
                                               {event.resource, event.account})) {
      schedule(transaction, row.integer(0));
    }
  });
  events.subscribe("cloudwatch.scaling-action",
                   [this](sql::Transaction& transaction, const aws::Event& event) {
                     on_alarm(*this, transaction, event.resource, event.detail);
                   });
}

void Service::schedule(sql::Transaction& transaction, int64_t group) {
  jobs_.schedule(transaction, {.kind = kJob, .key = std::to_string(group), .payload = {}}, clock_.now());
}

void Service::start() {
  jobs_.handle(kJob, [this](const jobs::Job& job) {
    return Controller(*this, region_, clock_, parse_integer(job.key).value_or(0)).run();
  });
  meters_.every_minute(
      [this](metrics::Recorder& recorder, Time minute) { record_groups(region_, recorder, minute); });
}

}  // namespace holm::autoscaling
