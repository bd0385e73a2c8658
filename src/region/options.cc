// Where things are.

#include "region/options.h"

#include <unistd.h>

#include <cstdlib>

namespace holm::region {

std::string default_data_directory() {
  if (const char* given = std::getenv("HOLM_DATA"); given != nullptr && *given != '\0') return given;
  if (::geteuid() == 0) return "/var/lib/holm";
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : "/tmp") + "/.local/share/holm";
}

std::string database_path(const Options& options) { return options.data_directory + "/holm.db"; }
std::string credentials_path(const Options& options) { return options.data_directory + "/credentials"; }
std::string process_id_path(const Options& options) { return options.data_directory + "/run/holm.pid"; }
std::string api_address_path(const Options& options) { return options.data_directory + "/run/api"; }
std::string edge_address_path(const Options& options) { return options.data_directory + "/run/edge"; }
std::string secure_edge_address_path(const Options& options) {
  return options.data_directory + "/run/edge-secure";
}
std::string authority_path(const Options& options) { return options.data_directory + "/authority.pem"; }

}  // namespace holm::region
