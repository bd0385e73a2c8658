// Detailed monitoring: whether an instance is measured every minute instead of every five.

#include "aws/service/error.h"
#include "ec2/handlers.h"
#include "services/ec2/instances.h"
#include "services/ec2/resource.h"
#include "services/ec2/service.h"

namespace holm::ec2 {

namespace {

enum class Monitored { Basic, Detailed };

std::vector<InstanceMonitoring> set_monitoring(Call& call, const std::vector<std::string>& ids,
                                               const std::optional<bool>& dry_run, Monitored monitored) {
  if (ids.empty()) throw_missing("InstanceId");
  for (const std::string& id : ids) require_instance(call, id);
  end_dry_run(dry_run);
  std::vector<InstanceMonitoring> result;
  for (const std::string& id : ids) {
    const bool is_detailed = monitored == Monitored::Detailed;
    call.transaction.run("UPDATE ec2_instance SET monitoring = ?2 WHERE id = ?1", {id, int64_t{is_detailed}});
    // It takes effect with the next reading, and says so as AWS does.
    result.push_back(
        {.instance_id = id, .monitoring = Monitoring{.state = is_detailed ? "pending" : "disabling"}});
  }
  return result;
}

}  // namespace

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_MonitorInstances.html
MonitorInstancesResult monitor_instances(Service&, Call& call, const MonitorInstancesRequest& request) {
  return {.instance_monitorings =
              set_monitoring(call, request.instance_ids, request.dry_run, Monitored::Detailed)};
}

UnmonitorInstancesResult unmonitor_instances(Service&, Call& call, const UnmonitorInstancesRequest& request) {
  return {.instance_monitorings =
              set_monitoring(call, request.instance_ids, request.dry_run, Monitored::Basic)};
}

}  // namespace holm::ec2
