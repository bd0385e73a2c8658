// Instances: their rows, and the controller that makes sandboxes of them.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "jobs/jobs.h"
#include "sandbox/exit_status.h"
#include "sandbox/runtime.h"
#include "services/ec2/interfaces.h"

namespace holm::ec2 {

struct Dependencies;
class InstanceMetrics;
struct VolumeRow;
class Networks;

struct InstanceRow {
  std::string account, region, id, reservation;
  int64_t launch_index = 0;
  std::optional<std::string> requester, client_token;
  std::string state;   // pending, running, stopping, stopped, shutting-down, terminated
  std::string wanted;  // running, stopped, terminated
  std::optional<std::string> reason_code, reason;
  std::string transition;
  std::string image, type, subnet, vpc, zone;
  std::optional<std::string> key_name;
  std::optional<std::string> profile;    // ARN
  std::optional<std::string> user_data;  // Base64, as it came.
  std::string http_tokens;               // required, optional
  int64_t metadata_hops = 1;             // kept and told: guests are no routers
  bool metadata_tags = false;
  bool metadata_enabled = true;
  bool detailed_monitoring = false;
  bool protects_termination = false;
  bool protects_running = false;  // From being stopped.
  bool is_ebs_optimized = false;  // Told only: a machine has one way to its disks.
  std::string shutdown;  // stop, terminate
  int64_t launched = 0;
};

std::optional<InstanceRow> find_instance(sql::Transaction& transaction, const std::string& id);
InstanceRow require_instance(Call& call, const std::string& id);
std::vector<InstanceRow> instances_where(sql::Transaction& transaction, std::string_view condition,
                                         std::vector<sql::Value> arguments);
void insert_instance(Call& call, const InstanceRow& row);
// The role an instance profile hands out; nothing without a profile or role.
std::optional<std::string> role_of_profile(Call& call, const std::string& profile_arn);
std::string security_group_names(sql::Transaction& transaction, const InterfaceRow& interface,
                                 std::string_view separator);
std::optional<std::string> find_public_key(sql::Transaction& transaction, const InstanceRow& instance,
                                           const std::string& key_name);

// Brings each instance from the state it is in to the one that is wanted. Any thread.
class Instances final {
 public:
  Instances(Dependencies& use, Networks& networks, InstanceMetrics& metrics);

  static constexpr char kJob[] = "ec2.instance";
  // Writes a state and tells who listens; part of `transaction`.
  void set_state(sql::Transaction& transaction, const InstanceRow& row, const std::string& state);
  void schedule(sql::Transaction& transaction, const std::string& id);
  // Stops the sandbox and starts it again; the instance stays running all the while, as on AWS.
  void reboot(sql::Transaction& transaction, const InstanceRow& row);
  // Stops the sandbox of an instance that is to run, as a machine is shut down; its layer is at rest until
  // the instance is scheduled. False when it is not to run. Throws ServiceError.
  bool take_down(const std::string& id);

  // Takes up what an earlier daemon left, and runs its jobs from now on.
  void start();
  // A sandbox ended; on the runtime's thread.
  void ended(const std::string& id, const sandbox::ExitStatus& status);
  // Where each instance's output is kept, as <instance>.log.
  std::string console_folder() const;
  std::string console_path(const std::string& id) const;

 private:
  struct Belongings;
  jobs::Outcome run(const jobs::Job& job);
  jobs::Outcome boot(const InstanceRow& row);
  jobs::Outcome restart(const std::string& id);
  jobs::Outcome halt(const InstanceRow& row);
  jobs::Outcome terminate(const InstanceRow& row);
  void notice_end(const InstanceRow& row);
  void refuse_boot(const InstanceRow& row, const Belongings& has, const std::string& why) const;
  sandbox::SandboxSpec spec_of(const InstanceRow& row, const InterfaceRow& interface,
                               const Belongings& has) const;
  Result<void> start_sandbox(const InstanceRow& row, const InterfaceRow& interface,
                             const Belongings& has) const;
  bool is_running(const std::string& id) const;

  Dependencies& use_;
  Networks& networks_;
  InstanceMetrics& metrics_;
};

}  // namespace holm::ec2
