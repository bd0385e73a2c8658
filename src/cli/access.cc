// How verbs reach the region's API.

#include "cli/access.h"

#include "cli/commands.h"
#include "region/addresses.h"
#include "region/credentials_file.h"

namespace holm::cli {

Result<ApiAccess> access_to(const region::Options& options, const std::string& region) {
  if (daemon_process_id(options) == 0) return failure("no region runs on " + options.data_directory);
  auto key = region::read_credentials(region::credentials_path(options));
  if (!key) return std::unexpected(key.error());
  auto address = region::api_address(options);
  if (!address) return std::unexpected(address.error());
  return ApiAccess{.address = *address,
                   .region = region,
                   .access_key_id = key->access_key_id,
                   .secret_access_key = key->secret_access_key};
}

}  // namespace holm::cli
