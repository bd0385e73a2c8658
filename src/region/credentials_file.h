// The administrator's key as the command line finds it.
#pragma once

#include <string>

#include "base/result.h"

namespace holm::region {

struct AdministratorKey {
  std::string account;
  std::string access_key_id;
  std::string secret_access_key;
};

// The file is as the AWS CLI reads it, mode 0600.
Result<void> write_credentials(const std::string& path, const AdministratorKey& key);
Result<AdministratorKey> read_credentials(const std::string& path);

}  // namespace holm::region
