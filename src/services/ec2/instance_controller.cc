// The controller of instances: a job that compares the state an instance is in with the one that is wanted.

#include <fmt/format.h>

#include <filesystem>

#include "aws/service/error.h"
#include "aws/service/region.h"
#include "base/files.h"
#include "base/log.h"
#include "base/strings.h"
#include "sandbox/network.h"
#include "services/ec2/cloud_config.h"
#include "services/ec2/dhcp_options.h"
#include "services/ec2/guest_programs.h"
#include "services/ec2/image_controller.h"
#include "services/ec2/instance_metrics.h"
#include "services/ec2/instance_types.h"
#include "services/ec2/instances.h"
#include "services/ec2/networks.h"
#include "services/ec2/service.h"
#include "services/ec2/snapshots.h"
#include "services/ec2/spot_requests.h"
#include "services/ec2/volumes.h"

namespace holm::ec2 {

namespace {

constexpr std::chrono::seconds kStopGrace{10};
constexpr std::chrono::hours kTerminatedLife{1};  // How long a terminated instance stays visible.
constexpr uint64_t kConsoleBytesMax = 4 << 20;
constexpr char kRebootJob[] = "ec2.reboot";
// What the first process ends with when the instance is to boot again (src/init/manager.h).
constexpr int kRebootExitCode = 113;
// An instance that does nothing but boot again keeps nobody else busy.
constexpr std::chrono::milliseconds kRebootPause{200};
constexpr std::chrono::milliseconds kRestInterval{50};  // While its disk is copied.

std::vector<sandbox::File> files_of(const InstanceRow& row, const std::optional<std::string>& public_key) {
  std::vector<sandbox::File> files;
  // Without any it is empty: the image may have another instance's.
  std::string text = base64_decode(row.user_data.value_or("")).value_or("");
  if (is_cloud_config(text)) text = script_of(text).value_or("");
  files.push_back({.path = "/var/lib/cloud/instance/user-data", .content = std::move(text), .mode = 0700});
  files.push_back({.path = "/var/lib/cloud/data/instance-id", .content = row.id + "\n"});
  if (public_key)
    files.push_back({.path = "/root/.ssh/authorized_keys", .content = *public_key + "\n", .mode = 0600});
  return files;
}

}  // namespace

// What a sandbox is made with, besides the instance's row.
struct Instances::Belongings {
  std::vector<VolumeRow> volumes;   // The root first.
  sandbox::Image image;             // Below its own layer, but for what every instance has.
  std::optional<std::string> public_key;
  NameServing names;
  bool must_rest = false;  // Its disk is being copied.
};

Instances::Instances(Dependencies& use, Networks& networks, InstanceMetrics& metrics)
    : use_(use), networks_(networks), metrics_(metrics) {}

std::string Instances::console_folder() const { return use_.data_directory + "/logs/instances"; }

std::string Instances::console_path(const std::string& id) const {
  return console_folder() + "/" + id + ".log";
}

void Instances::schedule(sql::Transaction& transaction, const std::string& id) {
  use_.jobs.schedule(transaction, {.kind = kJob, .key = id}, use_.clock.now());
}

void Instances::set_state(sql::Transaction& transaction, const InstanceRow& row, const std::string& state) {
  transaction.run(
      "UPDATE ec2_instance SET state = ?2, ended = CASE WHEN ?2 = 'terminated' THEN ?3 END WHERE id = ?1",
      {row.id, state, to_milliseconds(use_.clock.now())});
  use_.events.publish(transaction, {.type = "ec2.instance-state",
                                    .account = row.account,
                                    .region = row.region,
                                    .resource = row.id,
                                    .detail = state});
}

void Instances::reboot(sql::Transaction& transaction, const InstanceRow& row) {
  use_.jobs.schedule(transaction, {.kind = kRebootJob, .key = row.id}, use_.clock.now());
}

bool Instances::take_down(const std::string& id) {
  std::optional<InstanceRow> row;
  const aws::Caller caller = use_.region.caller("", "", "ec2.amazonaws.com");
  // Not running while it boots, or else its end would be taken for a shutdown.
  use_.region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    row = find_instance(call.transaction, id);
    if (row && row->wanted == "running") {
      call.transaction.run("UPDATE ec2_instance SET state = 'pending' WHERE id = ?1", {id});
    }
  });
  if (!row || row->wanted != "running") return false;
  if (auto stopped = use_.runtime.stop(id, kStopGrace); !stopped) {
    throw aws::ServiceError("InternalError", 500, stopped.error().message);
  }
  if (auto removed = use_.runtime.remove(id, sandbox::Runtime::Layer::Keep); !removed) {
    throw aws::ServiceError("InternalError", 500, removed.error().message);
  }
  return true;
}

jobs::Outcome Instances::restart(const std::string& id) {
  if (!take_down(id)) return jobs::done();
  const aws::Caller caller = use_.region.caller("", "", "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Write, [&](aws::Call& call) { schedule(call.transaction, id); });
  return jobs::done();
}

bool Instances::is_running(const std::string& id) const {
  for (const sandbox::SandboxState& each : use_.runtime.list()) {
    if (each.id == id) return each.running;
  }
  return false;
}

void Instances::start() {
  use_.jobs.handle(kJob, [this](const jobs::Job& job) { return run(job); });
  use_.jobs.handle(kRebootJob, [this](const jobs::Job& job) { return restart(job.key); });
  const aws::Caller caller = use_.region.caller("", "", "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    for (const InstanceRow& row : instances_where(call.transaction, "state <> 'terminated'", {})) {
      if (row.state == "running" && row.wanted == "running") {
        if (is_running(row.id)) continue;
        // The whole machine was down, so the instance boots again; a single death is noticed as one.
        if (use_.machine == Machine::Rebooted) set_state(call.transaction, row, "pending");
      }
      schedule(call.transaction, row.id);
    }
  });
}

void Instances::ended(const std::string& id, const sandbox::ExitStatus& status) {
  const bool boots_again = status.signal == 0 && status.code == kRebootExitCode && !status.lost;
  const aws::Caller caller = use_.region.caller("", "", "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    auto row = find_instance(call.transaction, id);
    if (!boots_again || !row || row->wanted != "running") return schedule(call.transaction, id);
    // Not running while it boots, or else its end would be taken for a shutdown.
    call.transaction.run("UPDATE ec2_instance SET state = 'pending' WHERE id = ?1", {id});
    use_.jobs.schedule(call.transaction, {.kind = kJob, .key = id}, use_.clock.now() + kRebootPause);
  });
}

jobs::Outcome Instances::run(const jobs::Job& job) {
  std::optional<InstanceRow> row;
  std::optional<int64_t> ended;
  const aws::Caller caller = use_.region.caller("", "", "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Read, [&](aws::Call& call) {
    row = find_instance(call.transaction, job.key);
    if (row)
      ended = call.transaction.find("SELECT ended FROM ec2_instance WHERE id = ?1", {job.key})
                  ->optional_integer(0);
  });
  if (!row) return jobs::done();
  if (row->state == "terminated") {
    const Time forget = from_milliseconds(ended.value_or(0)) + kTerminatedLife;
    if (use_.clock.now() < forget) return jobs::again_at(forget);
    std::error_code ignored;
    std::filesystem::remove(console_path(row->id), ignored);
    use_.region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
      if (auto spot = spot_request_of(call.transaction, row->id)) delete_tags_of(call, spot->id);
      delete_tags_of(call, row->id);
      call.transaction.run("DELETE FROM ec2_instance WHERE id = ?1", {row->id});
    });
    return jobs::done();
  }
  if (row->wanted == "terminated") return terminate(*row);
  if (row->wanted == "stopped") return row->state == "stopped" ? jobs::done() : halt(*row);
  if (row->state == "running") {
    if (!is_running(row->id)) notice_end(*row);
    return jobs::done();
  }
  return boot(*row);
}

sandbox::SandboxSpec Instances::spec_of(const InstanceRow& row, const InterfaceRow& interface,
                                        const Belongings& has) const {
  const InstanceType& type = *find_instance_type(row.type);
  const std::string hostname = private_name_of(interface.address, row.region);
  const std::string domain = has.names.domain.value_or(hostname.substr(hostname.find('.') + 1));
  std::vector<std::string> name_servers;
  for (const std::string& server : has.names.servers) {
    name_servers.push_back(server == kAmazonProvidedDns ? sandbox::kResolverAddress : server);
  }
  std::string root_disk, root_disk_key;
  std::vector<sandbox::Disk> disks;
  std::vector<std::string> mounts;
  for (const VolumeRow& volume : has.volumes) {
    const bool is_leaving = volume.attachment == "detaching" || volume.attachment == "busy";
    if (!volume.is_disk() || is_leaving) continue;
    const std::string path = disk_path(use_.data_directory, volume.id);
    if (volume.is_root()) {
      root_disk = path;
      root_disk_key = volume.key;
      continue;
    }
    mounts.push_back(mount_point_of(*volume.device));
    disks.push_back({.path = path, .destination = mounts.back(), .key = volume.key});
  }
  sandbox::Image image = has.image;
  image.layers.insert(image.layers.begin(), layer_over(use_.guest_layer, image.base));
  std::vector<sandbox::File> files = files_of(row, has.public_key);
  if (image.base == sandbox::Image::Base::Empty) files.push_back(package_policy());
  return {.id = row.id,
          .image = std::move(image),
          .args = {kInitPath},
          .env = {"HOLM_MOUNTS=" + join(mounts, ":")},
          .hostname = hostname.substr(0, hostname.find('.')),
          .name_servers = name_servers,
          .search_domains = {domain},
          .address = interface.address,
          .limits = {.memory_bytes = uint64_t{type.memory_mib} << 20,
                     .cpu_percent = type.vcpus * 100,
                     .pids = 4096},
          .root_disk = root_disk,
          .root_disk_key = root_disk_key,
          .disks = disks,
          .files = std::move(files),
          .interface_ids = {interface.id},
          .log_path = console_path(row.id),
          .log_bytes_max = kConsoleBytesMax,
          .privileges = sandbox::SandboxSpec::Privileges::Instance};
}

Result<void> Instances::start_sandbox(const InstanceRow& row, const InterfaceRow& interface,
                                      const Belongings& has) const {
  if (auto made = make_disks(use_.data_directory, has.volumes); !made) return made;
  auto started = use_.runtime.start(spec_of(row, interface, has));
  if (!started) return std::unexpected(started.error());
  return {};
}

// KMS does not open the key of a volume: a new instance ends, one that ran before stays stopped.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html
void Instances::refuse_boot(const InstanceRow& row, const Belongings& has, const std::string& why) const {
  log::error(fmt::format("instance {}: {}", row.id, why));
  const bool ran_before = !has.volumes.empty() && has.volumes.front().attachment == "attached";
  const std::string code = ran_before ? "Client.InvalidKMSKey.InvalidState" : "Client.InternalError";
  const aws::Caller caller = use_.region.caller(row.account, row.region, "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    call.transaction.run(
        "UPDATE ec2_instance SET wanted = ?2, reason_code = ?3, reason = ?4 WHERE id = ?1 AND wanted = "
        "'running'",
        {row.id, ran_before ? "stopped" : "terminated", code,
         code + (ran_before ? ": The KMS key provided is in an incorrect state" : ": Client error on launch")});
  });
}

jobs::Outcome Instances::boot(const InstanceRow& row) {
  if (!is_running(row.id)) {
    // Throwing has the job tried again, with back-off: the network may be at fault for a moment.
    if (auto synced = networks_.sync(row.vpc); !synced) {
      throw aws::ServiceError("InternalError", 500,
                              fmt::format("network of {}: {}", row.id, synced.error().message));
    }
    std::vector<InterfaceRow> interfaces;
    Belongings has;
    const aws::Caller caller = use_.region.caller(row.account, row.region, "ec2.amazonaws.com");
    use_.region.transact(caller, sql::Access::Read, [&](aws::Call& call) {
      interfaces = interfaces_of_instance(call.transaction, row.id);
      has.volumes = volumes_of_instance(call.transaction, row.id);
      if (!has.volumes.empty()) {
        has.image = image_below(call.transaction, use_.data_directory, has.volumes.front().base);
      }
      has.names = name_serving_of(call.transaction, row.vpc);
      if (row.key_name) has.public_key = find_public_key(call.transaction, row, *row.key_name);
      has.must_rest = is_being_imaged(call.transaction, row.id) || is_being_copied(call.transaction, row.id);
    });
    if (interfaces.empty()) return jobs::done();
    if (has.must_rest) return jobs::again_at(use_.clock.now() + kRestInterval);
    if (auto made = make_directories(console_folder()); !made) {
      throw aws::ServiceError("InternalError", 500, made.error().message);
    }
    if (auto opened = open_data_keys(use_, has.volumes); !opened) {
      refuse_boot(row, has, opened.error().message);
      return jobs::again_at(use_.clock.now());
    }
    auto started = start_sandbox(row, interfaces.front(), has);
    if (!started) {
      log::error(fmt::format("instance {}: {}", row.id, started.error().message));
      use_.region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
        call.transaction.run(
            "UPDATE ec2_instance SET wanted = 'terminated', reason_code = 'Server.InternalError',"
            " reason = ?2 WHERE id = ?1",
            {row.id, "Server.InternalError: " + started.error().message});
      });
      return jobs::again_at(use_.clock.now());
    }
    metrics_.began(row.id);
  }
  const aws::Caller caller = use_.region.caller(row.account, row.region, "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    auto now = find_instance(call.transaction, row.id);
    if (!now) return;
    call.transaction.run(
        "UPDATE ec2_volume SET attachment = 'attached' WHERE instance = ?1 AND attachment = 'attaching'",
        {row.id});
    call.transaction.run("UPDATE ec2_volume SET origin = NULL WHERE instance = ?1", {row.id});
    forget_unused_snapshots(call, use_.data_directory);
    if (now->wanted == "running") set_state(call.transaction, row, "running");
    else schedule(call.transaction, row.id);  // Changed its mind meanwhile.
  });
  return jobs::done();
}

jobs::Outcome Instances::halt(const InstanceRow& row) {
  if (auto stopped = use_.runtime.stop(row.id, kStopGrace); !stopped) {
    throw aws::ServiceError("InternalError", 500, stopped.error().message);
  }
  if (auto removed = use_.runtime.remove(row.id, sandbox::Runtime::Layer::Keep); !removed) {
    throw aws::ServiceError("InternalError", 500, removed.error().message);
  }
  const aws::Caller caller = use_.region.caller(row.account, row.region, "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    set_state(call.transaction, row, "stopped");
    for (const InterfaceRow& interface : interfaces_of_instance(call.transaction, row.id)) {
      take_own_address(call.transaction, interface.id);
    }
    use_.jobs.schedule(call.transaction, {.kind = "ec2.network", .key = row.vpc}, use_.clock.now());
    auto now = find_instance(call.transaction, row.id);
    if (now && now->wanted != "stopped") schedule(call.transaction, row.id);
  });
  return jobs::done();
}

jobs::Outcome Instances::terminate(const InstanceRow& row) {
  bool must_rest = false;
  use_.region.transact(
      use_.region.caller("", "", "ec2.amazonaws.com"), sql::Access::Read, [&](aws::Call& call) {
        must_rest = is_being_imaged(call.transaction, row.id) || is_being_copied(call.transaction, row.id);
      });
  if (must_rest) return jobs::again_at(use_.clock.now() + kRestInterval);
  if (row.state != "stopped") {
    if (auto stopped = use_.runtime.stop(row.id, kStopGrace); !stopped) {
      throw aws::ServiceError("InternalError", 500, stopped.error().message);
    }
  }
  if (auto removed = use_.runtime.remove(row.id); !removed) {
    throw aws::ServiceError("InternalError", 500, removed.error().message);
  }
  const aws::Caller caller = use_.region.caller(row.account, row.region, "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    release_interfaces(call, row.id);
    release_volumes(call, use_.data_directory, volumes_of_instance(call.transaction, row.id));
    forget_unused_snapshots(call, use_.data_directory);
    set_state(call.transaction, row, "terminated");
    use_.jobs.schedule(call.transaction, {.kind = "ec2.network", .key = row.vpc}, use_.clock.now());
  });
  return jobs::again_at(use_.clock.now() + kTerminatedLife);
}

// Its first process is gone without anybody having asked: as when a machine is shut down from inside.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
void Instances::notice_end(const InstanceRow& row) {
  const bool ends = row.shutdown == "terminate";
  const aws::Caller caller = use_.region.caller(row.account, row.region, "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    call.transaction.run(
        "UPDATE ec2_instance SET wanted = ?2, reason_code = 'Client.InstanceInitiatedShutdown',"
        " reason = 'Client.InstanceInitiatedShutdown: Instance initiated shutdown' WHERE id = ?1",
        {row.id, ends ? "terminated" : "stopped"});
    set_state(call.transaction, row, ends ? "shutting-down" : "stopping");
    schedule(call.transaction, row.id);
  });
}

}  // namespace holm::ec2
