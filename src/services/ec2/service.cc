// EC2 as a whole.

#include "services/ec2/service.h"

#include <fmt/format.h>

#include "aws/service/region.h"
#include "base/log.h"
#include "ec2/handlers.h"
#include "jobs/jobs.h"
#include "sandbox/exits.h"
#include "services/ec2/console_logs.h"
#include "services/ec2/image_controller.h"
#include "services/ec2/image_restorer.h"
#include "services/ec2/instance_metrics.h"
#include "services/ec2/instances.h"
#include "services/ec2/networks.h"
#include "services/ec2/snapshots.h"
#include "services/ec2/spot_requests.h"
#include "services/ec2/volumes.h"

namespace holm::ec2 {

namespace {

constexpr char kNetworkJob[] = "ec2.network";

}  // namespace

Service::Service(Dependencies dependencies)
    : dependencies_(std::move(dependencies)),
      networks_(std::make_unique<Networks>(dependencies_)),
      instance_metrics_(std::make_unique<InstanceMetrics>(dependencies_)),
      instances_(std::make_unique<Instances>(dependencies_, *networks_, *instance_metrics_)),
      spot_interruptions_(std::make_unique<SpotInterruptions>(dependencies_, *instances_)),
      volumes_(std::make_unique<Volumes>(dependencies_)),
      snapshots_(std::make_unique<Snapshots>(dependencies_)),
      image_controller_(std::make_unique<ImageController>(dependencies_, *instances_, *snapshots_)),
      image_restorer_(std::make_unique<ImageRestorer>(dependencies_)),
      console_logs_(std::make_unique<ConsoleLogs>(dependencies_, instances_->console_folder())) {}

Service::~Service() = default;

std::vector<aws::Access> Service::access(const aws::Operation& operation, const void* input,
                                         aws::Call& call) const {
  std::vector<aws::Access> needed = aws::ServiceBase::access(operation, input, call);
  // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
  auto instances = [&](const std::vector<std::string>& ids) {
    needed.clear();
    for (const std::string& id : ids) {
      needed.push_back({.action = fmt::format("ec2:{}", operation.name),
                        .resource = aws::arn("ec2", call, "instance/" + id)});
    }
  };
  if (operation.name == "TerminateInstances")
    instances(static_cast<const TerminateInstancesRequest*>(input)->instance_ids);
  if (operation.name == "StopInstances")
    instances(static_cast<const StopInstancesRequest*>(input)->instance_ids);
  if (operation.name == "StartInstances")
    instances(static_cast<const StartInstancesRequest*>(input)->instance_ids);
  if (operation.name == "MonitorInstances")
    instances(static_cast<const MonitorInstancesRequest*>(input)->instance_ids);
  if (operation.name == "UnmonitorInstances")
    instances(static_cast<const UnmonitorInstancesRequest*>(input)->instance_ids);
  if (operation.name == "RebootInstances")
    instances(static_cast<const RebootInstancesRequest*>(input)->instance_ids);
  if (operation.name == "CreateRestoreImageTask") {
    const auto& request = *static_cast<const CreateRestoreImageTaskRequest*>(input);
    needed.push_back({.action = "s3:GetObject",
                      .resource = fmt::format("arn:aws:s3:::{}/{}", request.bucket, request.object_key)});
  }
  // Not EC2's own, so that the right to all of EC2 is not the right to make it fail.
  if (operation.name == "CutAvailabilityZone" || operation.name == "RestoreAvailabilityZone" ||
      operation.name == "InterruptSpotInstance") {
    needed = {{.action = fmt::format("holm:{}", operation.name)}};
  }
  return needed;
}

void Service::start() {
  dependencies_.jobs.handle(kNetworkJob, [this](const jobs::Job& job) {
    if (auto done = networks_->sync(job.key); !done) {
      throw aws::ServiceError("InternalError", 500, done.error().message);
    }
    return jobs::done();
  });
  networks_->sync_all();
  volumes_->start();
  snapshots_->start();
  image_controller_->start();
  image_restorer_->start();
  instances_->start();
  spot_interruptions_->start();
  instance_metrics_->start();
  console_logs_->start();
  dependencies_.exits.subscribe("i-", [this](const std::string& id, const sandbox::ExitStatus& status) {
    instances_->ended(id, status);
  });
}

void Service::stop() {
  console_logs_->stop();
  networks_->stop();
}

void Service::network_changed(aws::Call& call, const std::string& vpc) {
  dependencies_.jobs.schedule(call.transaction, {.kind = kNetworkJob, .key = vpc}, dependencies_.clock.now());
}

}  // namespace holm::ec2
