// RDS as a whole.

#include "services/rds/service.h"

#include <fmt/format.h>

#include "base/log.h"
#include "rds/handlers.h"
#include "services/rds/controller.h"
#include "services/rds/mariadb.h"
#include "services/rds/rows.h"
#include "services/rds/server_metrics.h"

namespace holm::rds {

Service::Service(Dependencies dependencies)
    : dependencies_(std::move(dependencies)),
      server_(std::make_unique<MariaDb>(dependencies_.runtime,
                                        dependencies_.data_directory + "/volumes/rds-templates")),
      controller_(std::make_unique<Controller>(dependencies_, *server_)),
      server_metrics_(std::make_unique<ServerMetrics>(dependencies_, *server_, *controller_)) {
  if (auto found = MariaDb::is_installed(); !found) {
    log::warning(found.error().message + ": RDS has no engine; install mariadb-server.");
  }
}

Service::~Service() = default;

// Asking the program takes milliseconds, so whoever needs the answer first asks.
std::string Service::engine_version() const {
  std::lock_guard lock(asking_version_);
  if (!version_.empty()) return version_;
  auto said = server_->version();
  if (!said) throw_combination("No database engine is installed where holm runs; install mariadb-server.");
  version_ = *said;
  return version_;
}

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
std::vector<aws::Access> Service::access(const aws::Operation& operation, const void* input,
                                         aws::Call& call) const {
  std::vector<aws::Access> needed = aws::ServiceBase::access(operation, input, call);
  auto resource = [&](const std::string& arn) {
    needed = {{.action = fmt::format("rds:{}", operation.name), .resource = arn}};
  };
  if (operation.name == "CreateDBCluster") {
    resource(cluster_arn(call, static_cast<const CreateDBClusterMessage*>(input)->db_cluster_identifier));
  } else if (operation.name == "ModifyDBCluster") {
    resource(cluster_arn(call, static_cast<const ModifyDBClusterMessage*>(input)->db_cluster_identifier));
  } else if (operation.name == "DeleteDBCluster") {
    resource(cluster_arn(call, static_cast<const DeleteDBClusterMessage*>(input)->db_cluster_identifier));
  } else if (operation.name == "CreateDBInstance") {
    resource(instance_arn(call, static_cast<const CreateDBInstanceMessage*>(input)->db_instance_identifier));
  } else if (operation.name == "ModifyDBInstance") {
    resource(instance_arn(call, static_cast<const ModifyDBInstanceMessage*>(input)->db_instance_identifier));
  } else if (operation.name == "DeleteDBInstance") {
    resource(instance_arn(call, static_cast<const DeleteDBInstanceMessage*>(input)->db_instance_identifier));
  } else if (operation.name == "RebootDBInstance") {
    resource(instance_arn(call, static_cast<const RebootDBInstanceMessage*>(input)->db_instance_identifier));
  }
  return needed;
}

void Service::start() {
  controller_->start();
  server_metrics_->start();
}

}  // namespace holm::rds
