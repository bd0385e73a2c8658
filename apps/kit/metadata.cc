// The instance metadata service, version 2.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-v2-how-it-works.html

#include "kit/metadata.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

#include "kit/clock.h"
#include "kit/fetch.h"

namespace kit {

namespace {

constexpr int kTokenSeconds = 21'600;
constexpr int kRenewBeforeSeconds = 300;

// Seconds since 1970 of "2025-03-01T10:00:00Z", 0 when it is not one.
std::int64_t parse_expiration(const std::string& text) {
  std::tm parts{};
  if (strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return 0;
  return timegm(&parts);
}

}  // namespace

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Metadata::Metadata(std::string endpoint) : endpoint_(std::move(endpoint)) {
  if (endpoint_.empty()) endpoint_ = "http://169.254.169.254";
}

std::optional<std::string> Metadata::token() {
  std::lock_guard lock(mutex_);
  std::int64_t now = unix_seconds();
  if (now < token_until_) return token_;
  FetchRequest request{.method = "PUT", .url = endpoint_ + "/latest/api/token"};
  request.headers = {{"X-aws-ec2-metadata-token-ttl-seconds", std::to_string(kTokenSeconds)}};
  request.connect_milliseconds = 1000;
  request.total_milliseconds = 2000;
  auto response = fetch(request);
  if (!response || response->status != 200) return std::nullopt;
  token_ = response->body;
  token_until_ = now + kTokenSeconds - kRenewBeforeSeconds;
  return token_;
}

std::expected<std::string, std::string> Metadata::get(const std::string& path) {
  auto session = token();
  if (!session) return std::unexpected("the instance metadata service gives no token");
  FetchRequest request{.url = endpoint_ + "/latest/meta-data/" + path};
  request.headers = {{"X-aws-ec2-metadata-token", *session}};
  request.connect_milliseconds = 1000;
  request.total_milliseconds = 2000;
  auto response = fetch(request);
  if (!response) return std::unexpected(response.error());
  if (response->status != 200) {
    return std::unexpected("instance metadata " + path + " answers " +
                           std::to_string(response->status));
  }
  return std::move(response->body);
}

InstanceIdentity identify_instance(Metadata& metadata) {
  InstanceIdentity identity{.instance = "local", .zone = "local"};
  auto instance = metadata.get("instance-id");
  if (!instance) return identity;
  identity.instance = *instance;
  identity.zone = metadata.get("placement/availability-zone").value_or("unknown");
  return identity;
}

std::expected<Credentials, std::string> CredentialSource::current() {
  Credentials from_environment{.access_key = environment("AWS_ACCESS_KEY_ID"),
                               .secret_key = environment("AWS_SECRET_ACCESS_KEY"),
                               .session_token = environment("AWS_SESSION_TOKEN")};
  if (!from_environment.access_key.empty()) return from_environment;
  std::lock_guard lock(mutex_);
  if (cached_ && unix_seconds() < renew_at_) return *cached_;
  return of_role();
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
std::expected<Credentials, std::string> CredentialSource::of_role() {
  auto role = metadata_.get("iam/security-credentials/");
  if (!role) return std::unexpected(role.error());
  auto text = metadata_.get("iam/security-credentials/" + role->substr(0, role->find('\n')));
  if (!text) return std::unexpected(text.error());
  auto json = nlohmann::json::parse(*text, nullptr, false);
  if (!json.is_object()) return std::unexpected("the role's credentials are not JSON");
  auto field = [&json](const char* name) {
    auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  Credentials credentials{.access_key = field("AccessKeyId"),
                          .secret_key = field("SecretAccessKey"),
                          .session_token = field("Token")};
  if (credentials.access_key.empty()) return std::unexpected("the role has no credentials");
  // At least a minute apart, so that a service that hands out stale ones is not hammered.
  std::int64_t now = unix_seconds();
  renew_at_ = std::max(now + 60, parse_expiration(field("Expiration")) - kRenewBeforeSeconds);
  cached_ = credentials;
  return credentials;
}

}  // namespace kit
