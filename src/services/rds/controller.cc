// What both controllers share: their jobs, and the names of what they run.

#include "services/rds/controller.h"

#include "aws/service/region.h"
#include "dataplane/dns/directory.h"
#include "ec2/operations.h"
#include "sandbox/exits.h"
#include "services/rds/mariadb.h"

namespace holm::rds {

namespace {

constexpr char kInstanceJob[] = "rds.instance";
constexpr char kClusterJob[] = "rds.cluster";
// As AWS has it, so that clients follow a change of the writer.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.BestPractices.html
constexpr uint32_t kNameSeconds = 5;

}  // namespace

Controller::Controller(Dependencies& use, MariaDb& server) : use_(use), server_(server) {}

void Controller::start() {
  use_.jobs.handle(kInstanceJob, [this](const jobs::Job& job) { return run_instance(job.key); });
  use_.jobs.handle(kClusterJob, [this](const jobs::Job& job) { return run_cluster(job.key); });
  transact("", "", [this](Call& call) {
    for (const InstanceRow& row : instances_where(call.transaction, "1 = 1", {})) {
      publish(call, row);
      schedule(call.transaction, row);
    }
    for (const ClusterRow& row : clusters_where(call.transaction, "1 = 1", {}))
      schedule(call.transaction, row);
  });
  use_.exits.subscribe(kSandboxPrefix,
                       [this](const std::string& id, const sandbox::ExitStatus&) { ended(id); });
}

void Controller::ended(const std::string& sandbox) {
  const std::string resource = sandbox.substr(sizeof kSandboxPrefix - 1);
  transact("", "", [&](Call& call) {
    for (const InstanceRow& row : instances_where(call.transaction, "i.resource = ?1", {resource})) {
      schedule(call.transaction, row);
    }
  });
}

void Controller::transact(const std::string& account, const std::string& region,
                          const std::function<void(Call&)>& work) {
  use_.region.transact(use_.region.caller(account, region, "rds.amazonaws.com"), sql::Access::Write, work);
}

void Controller::schedule(sql::Transaction& transaction, const InstanceRow& row) {
  use_.jobs.schedule(transaction, {.kind = kInstanceJob, .key = row.resource}, use_.clock.now());
}

void Controller::schedule(sql::Transaction& transaction, const ClusterRow& row) {
  use_.jobs.schedule(transaction, {.kind = kClusterJob, .key = row.resource}, use_.clock.now());
}

void Controller::want(Call& call, const InstanceRow& row, Wish wish) {
  struct Words {
    std::string wanted, status;
  };
  const Words words = wish == Wish::Deleted    ? Words{"deleted", "deleting"}
                      : wish == Wish::Stopped  ? Words{"stopped", "stopping"}
                      : wish == Wish::Rebooted ? Words{"available", "rebooting"}
                                               : Words{"available", "starting"};
  call.transaction.run(
      "UPDATE rds_instance SET wanted = ?2, status = ?3, starts = 0, changed = ?4,"
      " reboots = reboots + ?5 WHERE resource = ?1",
      {row.resource, words.wanted, words.status, to_milliseconds(call.now), int64_t{wish == Wish::Rebooted}});
  schedule(call.transaction, row);
}

void Controller::change_security(Call& call, const InstanceRow& row, const std::vector<std::string>& groups) {
  call.client.call<ec2::ModifyNetworkInterfaceAttribute>(
      call, aws::service_principal("rds.amazonaws.com", row.account),
      {.network_interface_id = row.interface, .groups = groups});
}

void Controller::publish(Call& call, const InstanceRow& row) {
  std::vector<std::string> names = {instance_endpoint(row.account, row.region, row.id)};
  // The only member is the writer, and readers are sent to it, as Aurora does.
  if (row.cluster) {
    names.push_back(cluster_endpoint(row.account, row.region, *row.cluster));
    names.push_back(reader_endpoint(row.account, row.region, *row.cluster));
  }
  call.after_commit([this, names, address = row.address] {
    for (const std::string& name : names) {
      use_.names.publish("", name, {.addresses = {address}, .ttl_seconds = kNameSeconds});
    }
  });
}

void Controller::forget(Call& call, const InstanceRow& row) {
  std::vector<std::string> names = {instance_endpoint(row.account, row.region, row.id)};
  if (row.cluster) {
    names.push_back(cluster_endpoint(row.account, row.region, *row.cluster));
    names.push_back(reader_endpoint(row.account, row.region, *row.cluster));
  }
  call.after_commit([this, names] {
    for (const std::string& name : names) use_.names.remove("", name);
  });
}

std::string Controller::volume_path(const std::string& volume) const {
  return use_.data_directory + "/volumes/rds/" + volume;
}

std::string Controller::snapshot_path(const std::string& snapshot) const {
  return use_.data_directory + "/volumes/rds-snapshots/" + snapshot;
}

}  // namespace holm::rds
