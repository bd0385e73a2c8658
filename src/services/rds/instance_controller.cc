// The controller of instances: their servers are started, set up, restarted when they die, stopped and
// removed.

#include <fmt/format.h>

#include <filesystem>

#include "aws/service/region.h"
#include "base/files.h"
#include "base/log.h"
#include "ec2/operations.h"
#include "services/rds/controller.h"
#include "services/rds/instance_classes.h"
#include "services/rds/mariadb.h"

namespace holm::rds {

namespace {

constexpr std::chrono::milliseconds kPoll{100};
constexpr std::chrono::milliseconds kNetworkPoll{200};
constexpr std::chrono::seconds kNetworkPatience{30};
constexpr int64_t kStartsMax = 8;  // A server that dies so often before it answers has failed.

[[noreturn]] void throw_internal(const InstanceRow& row, const Error& error) {
  throw aws::ServiceError("InternalFailure", 500, fmt::format("DB instance {}: {}", row.id, error.message));
}

}  // namespace

std::string sandbox_of(const InstanceRow& row) { return kSandboxPrefix + row.resource; }

jobs::Outcome Controller::run_instance(const std::string& resource) {
  std::vector<InstanceRow> rows;
  use_.region.transact(use_.region.caller("", "", "rds.amazonaws.com"), sql::Access::Read, [&](Call& call) {
    rows = instances_where(call.transaction, "i.resource = ?1", {resource});
  });
  if (rows.empty()) return jobs::done();
  const InstanceRow& row = rows.front();
  if (row.wanted == "deleted") return delete_instance(row);
  if (row.wanted == "stopped") return row.status == "stopped" ? jobs::done() : stop_instance(row);
  return row.status == "failed" ? jobs::done() : make_available(row);
}

void Controller::set_status(Call& call, const InstanceRow& row, const std::string& status) {
  call.transaction.run("UPDATE rds_instance SET status = ?2, changed = ?3 WHERE resource = ?1",
                       {row.resource, status, to_milliseconds(call.now)});
}

void Controller::fail(const InstanceRow& row, const std::string& reason) {
  log::error(fmt::format("DB instance {}: {}", row.id, reason));
  transact(row.account, row.region, [&](Call& call) {
    set_status(call, row, "failed");
    record_event(call, {"db-instance", row.id, instance_arn(call, row.id), "failure", reason});
    schedule_cluster_of(call, row);
  });
}

void Controller::schedule_cluster_of(Call& call, const InstanceRow& row) {
  if (!row.cluster) return;
  if (auto cluster = find_cluster(call, *row.cluster)) schedule(call.transaction, *cluster);
}

jobs::Outcome Controller::make_available(InstanceRow row) {
  if (row.reboots > 0) {
    if (auto stopped = server_.stop(sandbox_of(row)); !stopped) throw_internal(row, stopped.error());
    transact(row.account, row.region, [&](Call& call) {
      call.transaction.run("UPDATE rds_instance SET reboots = reboots - ?2, starts = 0 WHERE resource = ?1",
                           {row.resource, row.reboots});
      record_event(
          call, {"db-instance", row.id, instance_arn(call, row.id), "availability", "DB instance shutdown"});
    });
    row.starts = 0;
  }
  if (!server_.is_running(sandbox_of(row))) return start_server(row);
  if (row.status == "available" && !row.volume.password_changed) return jobs::done();
  return finish_start(row);
}

jobs::Outcome Controller::start_server(const InstanceRow& row) {
  if (row.starts >= kStartsMax) {
    fail(row, "The database engine ends before it accepts connections; see its log.");
    return jobs::done();
  }
  const std::string data = volume_path(row.volume.id);
  if (row.volume.is_set_up && !std::filesystem::exists(data)) {
    fail(row, "The data of the database is missing.");
    return jobs::done();
  }
  if (row.status == "available") {
    transact(row.account, row.region, [&](Call& call) {
      set_status(call, row, "rebooting");
      record_event(call, {"db-instance", row.id, instance_arn(call, row.id), "recovery",
                          "The database engine has ended and is being restarted."});
    });
  }
  auto filled = row.volume.source ? server_.copy_data(snapshot_path(*row.volume.source), data)
                                  : server_.make_data(data);
  if (!filled) throw_internal(row, filled.error());
  const std::string logs = use_.data_directory + "/logs/rds";
  if (auto made = make_directories(logs); !made) throw_internal(row, made.error());
  const InstanceClass size = find_instance_class(row.type).value();
  auto started = server_.start({.id = sandbox_of(row),
                                .data_directory = data,
                                .hostname = row.id,
                                .address = row.address,
                                .interface_id = row.interface,
                                .log_path = logs + "/" + row.resource + ".log",
                                .port = static_cast<uint16_t>(row.volume.port),
                                .memory_bytes = size.memory_bytes,
                                .vcpus = size.vcpus});
  if (!started) {
    // The interface is made in the kernel by a job of EC2's, which may not have run yet.
    if (use_.clock.now() < row.changed + kNetworkPatience)
      return jobs::again_at(use_.clock.now() + kNetworkPoll);
    throw_internal(row, started.error());
  }
  transact(row.account, row.region, [&](Call& call) {
    call.transaction.run("UPDATE rds_instance SET starts = starts + 1 WHERE resource = ?1", {row.resource});
  });
  return jobs::again_at(use_.clock.now() + kPoll);
}

jobs::Outcome Controller::finish_start(const InstanceRow& row) {
  const VolumeRow& volume = row.volume;
  std::string statements = "SELECT 1;\n";
  if (!volume.is_set_up) {
    statements += master_user_statements(volume.master_user, volume.password_hash);
    if (volume.database_name) statements += database_statements(*volume.database_name);
  }
  if (volume.password_changed) statements += password_statements(volume.master_user, volume.password_hash);
  if (!server_.run(sandbox_of(row), statements)) return jobs::again_at(use_.clock.now() + kPoll);
  transact(row.account, row.region, [&](Call& call) {
    call.transaction.run("UPDATE rds_volume SET is_set_up = 1 WHERE id = ?1", {volume.id});
    call.transaction.run("UPDATE rds_volume SET password_changed = 0 WHERE id = ?1 AND password_hash = ?2",
                         {volume.id, volume.password_hash});
    call.transaction.run("UPDATE rds_instance SET starts = 0 WHERE resource = ?1", {row.resource});
    const auto now = find_instance(call, row.id);
    if (!now || now->wanted != "available" || now->reboots > 0 || now->volume.password_changed) {
      return schedule(call.transaction, row);  // Something else is wanted meanwhile.
    }
    schedule_cluster_of(call, row);
    if (row.status == "available") return;
    set_status(call, row, "available");
    const bool is_new = row.status == "creating";
    record_event(call,
                 {"db-instance", row.id, instance_arn(call, row.id), is_new ? "creation" : "availability",
                  is_new ? "DB instance created" : "DB instance restarted"});
  });
  return jobs::done();
}

jobs::Outcome Controller::stop_instance(const InstanceRow& row) {
  if (auto stopped = server_.stop(sandbox_of(row)); !stopped) throw_internal(row, stopped.error());
  transact(row.account, row.region, [&](Call& call) {
    const auto now = find_instance(call, row.id);
    if (!now || now->wanted != "stopped") return schedule(call.transaction, row);
    set_status(call, row, "stopped");
    record_event(call,
                 {"db-instance", row.id, instance_arn(call, row.id), "notification", "DB instance stopped"});
    schedule_cluster_of(call, row);
  });
  return jobs::done();
}

jobs::Outcome Controller::delete_instance(const InstanceRow& row) {
  if (auto stopped = server_.stop(sandbox_of(row)); !stopped) throw_internal(row, stopped.error());
  if (!row.cluster) {
    std::error_code error;
    std::filesystem::remove_all(volume_path(row.volume.id), error);
    if (error) throw_internal(row, {error.message()});
  }
  transact(row.account, row.region, [&](Call& call) {
    call.client.call<ec2::DeleteNetworkInterface>(call,
                                                  aws::service_principal("rds.amazonaws.com", row.account),
                                                  {.network_interface_id = row.interface});
    delete_instance_row(call, row);
    forget(call, row);
    record_event(call,
                 {"db-instance", row.id, instance_arn(call, row.id), "deletion", "DB instance deleted"});
    schedule_cluster_of(call, row);
  });
  return jobs::done();
}

}  // namespace holm::rds
