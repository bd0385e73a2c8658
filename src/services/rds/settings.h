// What clusters and lone instances have in common: engines, versions, windows, and what is refused.
#pragma once

#include <optional>
#include <string>

namespace holm::rds {

// Which clusters or which lone instances an engine is for.
enum class Owner { Cluster, Instance };

// Refuses engines that holm does not run and versions that its own server does not stand for.
void check_engine(const std::string& engine, Owner owner);
void check_engine_version(const std::string& engine, const std::optional<std::string>& wanted,
                          const std::string& running);

// Refuses parameter groups other than the engine's own, which changes nothing.
void check_cluster_parameter_group(const std::string& engine, const std::optional<std::string>& name);

void check_port(int64_t port);
void check_backup_retention(int64_t days);
// "03:00-04:00" and "sun:05:00-sun:06:00".
void check_backup_window(const std::string& window);
void check_maintenance_window(const std::string& window);
void check_database_name(const std::string& name);

// Refuses the flag by the property's name when it asks for what is not built.
void refuse(const std::optional<bool>& flag, const std::string& property);

// AWS picks windows at night; these are the same for everybody.
inline constexpr char kBackupWindow[] = "03:00-03:30";
inline constexpr char kMaintenanceWindow[] = "sun:04:00-sun:04:30";

}  // namespace holm::rds
