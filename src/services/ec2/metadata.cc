// The instance metadata service.

#include "services/ec2/metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "aws/service/identity.h"
#include "aws/service/region.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "formats/json.h"
#include "services/ec2/instances.h"
#include "services/ec2/interfaces.h"
#include "services/ec2/metadata_items.h"
#include "services/ec2/service.h"

namespace holm::ec2 {

namespace {

constexpr long long kTokenSecondsMax = 21600;
constexpr size_t kTokensMax = 100'000;
constexpr std::chrono::hours kCredentialsLife{6};
constexpr std::string_view kOwnIdentity = "identity-credentials/ec2/";

http::Response plain(int status, std::string body) {
  http::Response response{.status = status, .headers = {{"Content-Type", "text/plain"}, {"Server", "EC2ws"}}};
  response.body = std::move(body);
  return response;
}

// What follows "/latest/" or a dated version's name; all versions tell the same.
std::optional<std::string> path_in_version(std::string_view path) {
  path.remove_prefix(1);
  const size_t slash = path.find('/');
  const std::string_view version = path.substr(0, slash);
  const auto is_of_date = [](char c) { return (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  if (version.empty() || (version != "latest" && !std::ranges::all_of(version, is_of_date))) return std::nullopt;
  std::string rest(slash == std::string_view::npos ? "" : path.substr(slash + 1));
  while (rest.ends_with('/')) rest.pop_back();
  return rest;
}

// One name a line, folders with a slash, as the service lists them.
std::string lines(std::initializer_list<std::string_view> names) {
  std::string text;
  for (std::string_view name : names) {
    if (!text.empty()) text += '\n';
    text += name;
  }
  return text;
}

}  // namespace

// Who asks, and for what.
struct Metadata::Asked {
  std::string path;  // After /latest/.
  aws::Call& call;
  InstanceRow instance;
  InterfaceRow interface;
};

async::Task<void> Metadata::answer(http::Exchange& exchange) {
  std::optional<http::Response> response;
  std::function<void(aws::Call&)> work = [&](aws::Call& call) {
    const http::Request& request = exchange.request();
    // A request that passed a proxy is not the instance's own.
    if (request.headers.has("X-Forwarded-For")) {
      response = plain(403, "");
      return;
    }
    auto interface = call.transaction.find("SELECT id FROM ec2_interface WHERE vpc = ?1 AND address = ?2",
                                           {vpc_, request.peer.ip()});
    auto row = interface ? find_interface(call.transaction, interface->text(0)) : std::nullopt;
    auto instance = row && row->instance ? find_instance(call.transaction, *row->instance) : std::nullopt;
    if (!instance) {
      response = plain(404, "");
      return;
    }
    if (!instance->metadata_enabled) {
      response = plain(403, "");
      return;
    }
    if (request.method == "PUT" && request.path == "/latest/api/token") {
      response = give_token(request);
      return;
    }
    if (request.method != "GET" && request.method != "HEAD") {
      response = plain(405, "");
      return;
    }
    if (!token_is_good(request) &&
        (instance->http_tokens == "required" || request.headers.has("X-aws-ec2-metadata-token"))) {
      response = plain(401, "");
      return;
    }
    call.account = instance->account;
    call.region = instance->region;
    if (request.path == "/" || request.path.empty()) {
      response = plain(200, lines({"1.0", "2009-04-04", "2021-03-23", "latest"}));
      return;
    }
    auto path = path_in_version(request.path);
    auto found = path ? look_up({*path, call, *instance, *row}) : std::nullopt;
    response = found ? plain(200, std::move(*found)) : plain(404, "");
  };
  const aws::Caller caller = use_.region.caller("", "", "ec2.amazonaws.com");
  co_await use_.region.transact_on_worker(exchange.reactor(), caller, sql::Access::Read, work);
  co_await exchange.respond(std::move(*response));
}

http::Response Metadata::give_token(const http::Request& request) {
  auto seconds = parse_integer(request.headers.get("X-aws-ec2-metadata-token-ttl-seconds"));
  if (!seconds || *seconds < 1 || *seconds > kTokenSecondsMax) return plain(400, "");
  const std::string token = base64_encode(use_.random.hex(40));
  const Time now = use_.clock.now();
  std::lock_guard lock(mutex_);
  if (tokens_.size() >= kTokensMax)
    std::erase_if(tokens_, [&](const auto& each) { return each.second.expires < now; });
  if (tokens_.size() >= kTokensMax) return plain(503, "");
  tokens_[token] = {.address = request.peer.ip(), .expires = now + std::chrono::seconds(*seconds)};
  http::Response response = plain(200, token);
  response.headers.add("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", std::to_string(*seconds));
  return response;
}

bool Metadata::token_is_good(const http::Request& request) {
  std::lock_guard lock(mutex_);
  auto found = tokens_.find(std::string(request.headers.get("X-aws-ec2-metadata-token")));
  return found != tokens_.end() && found->second.expires > use_.clock.now() &&
         found->second.address == request.peer.ip();
}

// What an instance may do as itself: learn of its own resource in the stack that made it, and signal it.
std::string Metadata::own_policy(const Asked& asked) {
  std::string stack;
  for (const Tag& tag : tags_of(asked.call, asked.instance.id)) {
    if (*tag.key == "aws:cloudformation:stack-id") stack = *tag.value;
  }
  formats::Object statement, policy;
  statement.set("Effect", stack.empty() ? "Deny" : "Allow");
  statement.set("Action", "cloudformation:*");
  // The second is what a request that gives the stack's name asks for.
  formats::Array stacks = {stack, stack.substr(0, stack.rfind('/')) + "/*"};
  statement.set("Resource", stack.empty() ? formats::Value("*") : formats::Value(std::move(stacks)));
  policy.set("Version", "2012-10-17");
  policy.set("Statement", std::move(statement));
  return formats::write_json(std::move(policy));
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-identity-roles.html
std::optional<std::string> Metadata::own_credentials(const Asked& asked, std::string_view path) {
  if (path == "info") {
    formats::Object info;
    info.set("Code", "Success");
    info.set("LastUpdated", iso8601(use_.clock.now()));
    info.set("AccountId", asked.instance.account);
    return formats::write_json(std::move(info), formats::JsonStyle::Pretty);
  }
  if (path == "security-credentials") return "ec2-instance";
  if (path != "security-credentials/ec2-instance") return std::nullopt;
  return tell_credentials(use_.identities.issue_session(
      {.role_arn = fmt::format("arn:aws:iam::{}:role/aws:ec2-instance", asked.instance.account),
       .session_name = asked.instance.id,
       .duration = kCredentialsLife,
       .session_policy = own_policy(asked)}));
}

std::optional<std::string> Metadata::credentials(const Asked& asked, std::string_view path) {
  const std::optional<std::string> role = role_of_profile(asked.call, asked.instance.profile.value_or(""));
  if (!role) return std::nullopt;
  const std::string name = role->substr(role->rfind('/') + 1);
  if (path == "iam/security-credentials") return name;
  if (path != "iam/security-credentials/" + name) return std::nullopt;
  return tell_credentials(use_.identities.issue_role_credentials(*role, "ec2.amazonaws.com",
                                                                 asked.instance.id, kCredentialsLife));
}

std::string Metadata::tell_credentials(const Result<aws::TemporaryCredentials>& issued) {
  formats::Object document;
  document.set("LastUpdated", iso8601(use_.clock.now()));
  document.set("Type", "AWS-HMAC");
  if (!issued) {
    document.set("Code", "AssumeRoleUnauthorizedAccess");
    document.set("Message", issued.error().message);
    return formats::write_json(std::move(document), formats::JsonStyle::Pretty);
  }
  document.set("Code", "Success");
  document.set("AccessKeyId", issued->key.access_key_id);
  document.set("SecretAccessKey", issued->key.secret_access_key);
  document.set("Token", issued->session_token);
  document.set("Expiration", iso8601(issued->expiration));
  return formats::write_json(std::move(document), formats::JsonStyle::Pretty);
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-identity-documents.html
std::string Metadata::identity_document(const Asked& asked) {
  formats::Object document;
  document.set("accountId", asked.instance.account);
  document.set("architecture", "x86_64");
  document.set("availabilityZone", asked.instance.zone);
  document.set("imageId", asked.instance.image);
  document.set("instanceId", asked.instance.id);
  document.set("instanceType", asked.instance.type);
  document.set("pendingTime", iso8601(from_milliseconds(asked.instance.launched)));
  document.set("privateIp", asked.interface.address);
  document.set("region", asked.instance.region);
  document.set("version", "2017-09-30");
  return formats::write_json(std::move(document), formats::JsonStyle::Pretty);
}

std::optional<std::string> Metadata::look_up(const Asked& asked) {
  const InstanceRow& instance = asked.instance;
  const std::string& path = asked.path;
  if (path.empty()) return lines({"dynamic", "meta-data", "user-data"});
  if (path == "user-data") return instance.user_data ? base64_decode(*instance.user_data) : std::nullopt;
  if (path == "dynamic") return lines({"fws/", "instance-identity/"});
  if (path == "dynamic/fws") return "instance-monitoring";
  if (path == "dynamic/fws/instance-monitoring") return instance.detailed_monitoring ? "enabled" : "disabled";
  if (path == "dynamic/instance-identity") return "document";
  if (path == "dynamic/instance-identity/document") return identity_document(asked);
  if (path != "meta-data" && !path.starts_with("meta-data/")) return std::nullopt;
  const std::string item = path == "meta-data" ? "" : path.substr(10);
  if (item == "iam/security-credentials" || item.starts_with("iam/security-credentials/")) {
    return credentials(asked, item);
  }
  if (item.starts_with(kOwnIdentity)) return own_credentials(asked, item.substr(kOwnIdentity.size()));
  if (item == "public-keys" && instance.key_name) return "0=" + *instance.key_name;
  MetadataItems items = metadata_items(asked.call, instance, asked.interface);
  // Their names only.
  for (const char* name : {"info", "security-credentials/"}) items[std::string(kOwnIdentity) + name] = "";
  if (instance.profile) {
    formats::Object info;
    info.set("Code", "Success");
    info.set("LastUpdated", iso8601(use_.clock.now()));
    info.set("InstanceProfileArn", *instance.profile);
    items["iam/info"] = formats::write_json(std::move(info), formats::JsonStyle::Pretty);
    items["iam/security-credentials/"] = "";
  }
  return find_item(items, item);
}

}  // namespace holm::ec2
