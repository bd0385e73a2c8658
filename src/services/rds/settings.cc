// What clusters and lone instances have in common.

#include "services/rds/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aws/service/error.h"
#include "base/characters.h"
#include "base/strings.h"
#include "services/rds/rows.h"

namespace holm::rds {

namespace {

bool is_time(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return false;
  const auto hours = parse_integer(text.substr(0, 2)), minutes = parse_integer(text.substr(3));
  return hours && minutes && *hours >= 0 && *hours < 24 && *minutes >= 0 && *minutes < 60;
}

bool is_day_time(std::string_view text) {
  constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  return text.size() == 9 && text[3] == ':' &&
         std::ranges::find(kDays, to_lower(text.substr(0, 3))) != kDays.end() && is_time(text.substr(4));
}

}  // namespace

void check_engine(const std::string& engine, Owner owner) {
  for (std::string_view other :
       {"postgres", "aurora-postgresql", "neptune", "docdb", "aurora", "db2-ae", "db2-se"}) {
    if (engine == other) throw aws::NotImplemented("Engine " + engine);
  }
  if (engine.starts_with("oracle-") || engine.starts_with("sqlserver-") || engine.starts_with("custom-")) {
    throw aws::NotImplemented("Engine " + engine);
  }
  if (engine == "aurora-mysql") return;
  if (engine != "mysql" && engine != "mariadb") throw_invalid("Invalid DB engine: " + engine);
  if (owner == Owner::Cluster && engine == "mysql")
    throw aws::NotImplemented("A Multi-AZ DB cluster of mysql");
  if (owner == Owner::Cluster) throw_invalid("Invalid DB engine: " + engine);
}

// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraMySQLReleaseNotes/Welcome.html
// What runs is the MariaDB of this machine, and the version reported says so. Versions of MySQL stand for it.
void check_engine_version(const std::string& engine, const std::optional<std::string>& wanted,
                          const std::string& running) {
  // Terraform names an empty one where it was given none.
  if (!wanted || wanted->empty() || *wanted == running || running.starts_with(*wanted + ".")) return;
  const bool is_mysql =
      wanted->starts_with("8.0") || wanted->starts_with("8.4") || wanted->starts_with("5.7");
  const bool is_aurora = wanted->find(".mysql_aurora.") != std::string::npos;
  if (engine == "aurora-mysql" && is_mysql && (is_aurora || wanted->size() == 3)) return;
  if (engine == "mysql" && is_mysql && !is_aurora) return;
  throw_combination(fmt::format("Cannot find version {} for {}", *wanted, engine));
}

void check_cluster_parameter_group(const std::string& engine, const std::optional<std::string>& name) {
  if (!name || *name == "default." + engine + "8.0" || *name == "default." + engine + "5.7") return;
  throw aws::NotImplemented("DBClusterParameterGroupName " + *name);
}

void check_port(int64_t port) {
  if (port < 1150 || port > 65535) {
    throw_invalid(fmt::format("Invalid endpoint port {}, port must be between 1150 and 65535", port));
  }
}

void check_backup_retention(int64_t days) {
  if (days < 0 || days > 35) {
    throw_invalid(
        fmt::format("Invalid backup retention period: {}. Retention period must be between 0 and 35", days));
  }
}

void check_backup_window(const std::string& window) {
  if (window.size() != 11 || window[5] != '-' || !is_time(window.substr(0, 5)) ||
      !is_time(window.substr(6))) {
    throw_invalid("Invalid backup window format: " + window +
                  ". Should be specified as a range hh24:mi-hh24:mi (24H"
                  " Clock UTC).");
  }
}

void check_maintenance_window(const std::string& window) {
  if (window.size() != 19 || window[9] != '-' || !is_day_time(window.substr(0, 9)) ||
      !is_day_time(window.substr(10))) {
    throw_invalid("Invalid maintenance window format: " + window +
                  ". Should be specified as a range"
                  " ddd:hh24:mi-ddd:hh24:mi (24H Clock UTC).");
  }
}

void check_database_name(const std::string& name) {
  const bool is_valid = !name.empty() && name.size() <= 64 && is_letter(name[0]) && is_alphanumeric(name, "_");
  if (!is_valid) {
    throw_invalid(
        "DatabaseName must begin with a letter and contain only alphanumeric characters or underscores.");
  }
}

void refuse(const std::optional<bool>& flag, const std::string& property) {
  if (flag.value_or(false)) throw aws::NotImplemented(property);
}

}  // namespace holm::rds
