// `holm env`: what AWS clients need to know.

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "base/characters.h"
#include "base/strings.h"
#include "cli/commands.h"
#include "region/addresses.h"
#include "region/credentials_file.h"

namespace holm::cli {

namespace {

// As a shell reads it back.
std::string quoted(const std::string& text) {
  return is_alphanumeric(text, "/._-") ? text : "'" + replace_all(text, "'", "'\\''") + "'";
}

// The certificate that browsers and clients trust for the region's sites.
int print_authority(const region::Options& options) {
  auto certificate = region::authority_certificate(options);
  if (!certificate) {
    fmt::print(stderr, "holm: {}\n", certificate.error().message);
    return 1;
  }
  fmt::print("{}", *certificate);
  return 0;
}

}  // namespace

int env(const Arguments& arguments) {
  const region::Options& options = arguments.options;
  if (arguments.words == std::vector<std::string>{"--ca"}) return print_authority(options);
  if (!arguments.words.empty()) {
    fmt::print(stderr, "holm: usage: eval \"$(holm env)\", holm env --ca > authority.pem\n");
    return 2;
  }
  auto key = region::read_credentials(region::credentials_path(options));
  if (!key) {
    if (std::filesystem::exists(region::credentials_path(options))) {
      fmt::print(stderr, "holm: {}; the next start of the region writes it anew\n", key.error().message);
      return 1;
    }
    fmt::print(stderr, "holm: no region has been started on {} yet; `holm up` starts one\n",
               options.data_directory);
    return 1;
  }
  const bool is_running = daemon_process_id(options) != 0;
  std::string port = options.api_address.substr(options.api_address.rfind(':') + 1);
  if (auto address = region::api_address(options); is_running && address)
    port = std::to_string(address->port());
  fmt::print("export AWS_ENDPOINT_URL=http://localhost:{}\n", port);
  // Most SDKs put the bucket in front of a name, and not every machine's resolver knows bucket.localhost; they put
  // it behind an address.
  fmt::print("export AWS_ENDPOINT_URL_S3=http://127.0.0.1:{}\n", port);
  fmt::print("export AWS_ACCESS_KEY_ID={}\n", key->access_key_id);
  fmt::print("export AWS_SECRET_ACCESS_KEY={}\n", key->secret_access_key);
  fmt::print("export AWS_DEFAULT_REGION={0}\nexport AWS_REGION={0}\n", options.default_region);
  fmt::print("export HOLM_DATA={}\n", quoted(options.data_directory));
  // Where load balancers' sites are, for whoever writes their URLs.
  if (auto edge = region::edge_address(options); is_running && edge)
    fmt::print("export HOLM_SITE_PORT={}\n", edge->port());
  if (auto edge = region::secure_edge_address(options); is_running && edge)
    fmt::print("export HOLM_SECURE_SITE_PORT={}\n", edge->port());
  fmt::print("unset AWS_SESSION_TOKEN AWS_PROFILE\n");
  // The AWS CLI, version 1, goes to AWS itself for RDS in us-east-1 and for SQS unless the option tells it not to.
  fmt::print("aws() {{ command aws --endpoint-url \"$AWS_ENDPOINT_URL\" \"$@\"; }}\n");
  return 0;
}

}  // namespace holm::cli
