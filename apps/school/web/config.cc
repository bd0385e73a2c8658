// What the program is told by its environment.

#include "web/config.h"

#include <charconv>

#include "kit/metadata.h"

namespace school {

namespace {

using kit::environment;

// Nothing when the variable is set and no port.
std::optional<int> port_of(const char* name, int otherwise) {
  std::string text = environment(name);
  if (text.empty()) return otherwise;
  int port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  bool is_port = error == std::errc() && end == text.data() + text.size() && port <= 65535;
  return is_port && port > 0 ? std::optional(port) : std::nullopt;
}

}  // namespace

std::expected<Config, std::string> read_config() {
  for (const char* name :
       {"RDS_HOSTNAME", "RDS_DB_NAME", "RDS_USERNAME", "RDS_PASSWORD", "MEDIA_BUCKET",
        "CALLBACK_SECRET", "AWS_REGION"}) {
    if (environment(name).empty()) return std::unexpected(std::string(name) + " is not set");
  }
  auto port = port_of("PORT", 5000);
  if (!port) return std::unexpected("PORT is not a port");
  auto database_port = port_of("RDS_PORT", 3306);
  if (!database_port) return std::unexpected("RDS_PORT is not a port");

  Config config;
  config.port = *port;
  config.writer = {.host = environment("RDS_HOSTNAME"),
                   .port = *database_port,
                   .name = environment("RDS_DB_NAME"),
                   .user = environment("RDS_USERNAME"),
                   .password = environment("RDS_PASSWORD")};
  config.reader = config.writer;
  if (!environment("RDS_READER").empty()) config.reader.host = environment("RDS_READER");
  config.school_name = environment("SCHOOL_NAME");
  if (config.school_name.empty()) config.school_name = "Linden School";
  config.media_bucket = environment("MEDIA_BUCKET");
  config.callback_secret = environment("CALLBACK_SECRET");
  config.s3 = {.region = environment("AWS_REGION"),
               .endpoint = environment("AWS_ENDPOINT_URL"),
               .public_endpoint = environment("S3_PUBLIC_ENDPOINT")};
  config.is_demo = environment("SCHOOL_DEMO") == "1";
  config.demo_password = environment("SCHOOL_DEMO_PASSWORD");
  return config;
}

}  // namespace school
