// `holm env`: what AWS clients need to know.

#include <fmt/format.h>

#include <cstdio>

#include "base/strings.h"
#include "cli/commands.h"
#include "region/credentials_file.h"

namespace holm::cli {

int env(const Arguments& arguments) {
  auto key = region::read_credentials(region::credentials_path(arguments.options));
  if (!key) {
    fmt::print(stderr, "holm: no region has been started on {} yet; `holm serve` starts one\n",
               arguments.options.data_directory);
    return 1;
  }
  const std::string& address = arguments.options.api_address;
  const std::string port = address.substr(address.rfind(':') + 1);
  fmt::print("export AWS_ENDPOINT_URL=http://localhost:{}\n", port);
  fmt::print("export AWS_ACCESS_KEY_ID={}\n", key->access_key_id);
  fmt::print("export AWS_SECRET_ACCESS_KEY={}\n", key->secret_access_key);
  fmt::print("export AWS_DEFAULT_REGION={0}\nexport AWS_REGION={0}\n", arguments.options.default_region);
  fmt::print("unset AWS_SESSION_TOKEN AWS_PROFILE\n");
  return 0;
}

}  // namespace holm::cli
