// The controllers of clusters and instances: durable jobs that compare what is wanted with what runs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "jobs/jobs.h"
#include "services/rds/rows.h"
#include "services/rds/service.h"

namespace holm::rds {

class MariaDb;

enum class Wish { Available, Stopped, Deleted, Rebooted };

// What the sandbox of an instance's server is called: this and its resource id.
inline constexpr char kSandboxPrefix[] = "rds-";
std::string sandbox_of(const InstanceRow& row);

// Any thread; the jobs block on job threads.
class Controller final {
 public:
  Controller(Dependencies& use, MariaDb& server);

  // Registers the jobs, publishes the names, adopts the servers that run and starts those that should.
  void start();

  // To be called in the transaction that changed the row.
  void schedule(sql::Transaction& transaction, const InstanceRow& row);
  void schedule(sql::Transaction& transaction, const ClusterRow& row);

  // Notes what is wanted of an instance and what its state is called until it is so.
  void want(Call& call, const InstanceRow& row, Wish wish);
  // Puts the instance's address into other security groups.
  void change_security(Call& call, const InstanceRow& row, const std::vector<std::string>& groups);

  // Makes the names known, or forgets them, once the transaction is durable.
  void publish(Call& call, const InstanceRow& row);
  void forget(Call& call, const InstanceRow& row);

  std::string volume_path(const std::string& volume) const;
  std::string snapshot_path(const std::string& snapshot) const;

 private:
  jobs::Outcome run_instance(const std::string& resource);
  jobs::Outcome make_available(InstanceRow row);
  jobs::Outcome start_server(const InstanceRow& row);
  jobs::Outcome finish_start(const InstanceRow& row);
  jobs::Outcome stop_instance(const InstanceRow& row);
  jobs::Outcome delete_instance(const InstanceRow& row);
  void fail(const InstanceRow& row, const std::string& reason);
  void ended(const std::string& sandbox);

  jobs::Outcome run_cluster(const std::string& resource);
  jobs::Outcome delete_cluster(const ClusterRow& row);
  jobs::Outcome settle(const ClusterRow& row);
  void schedule_cluster_of(Call& call, const InstanceRow& row);

  void set_status(Call& call, const InstanceRow& row, const std::string& status);
  void transact(const std::string& account, const std::string& region,
                const std::function<void(Call&)>& work);

  Dependencies& use_;
  MariaDb& server_;
};

}  // namespace holm::rds
