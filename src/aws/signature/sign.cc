// Signs our own requests.

#include "aws/signature/sign.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/signature/canonical.h"
#include "base/check.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace holm::aws::signature {

namespace {

// Those that proxies and HTTP libraries change on the way.
constexpr std::string_view kUnsigned[] = {
    "authorization", "connection",        "expect",     "te",
    "trailer",       "transfer-encoding", "user-agent", "x-amzn-trace-id"};

std::vector<std::string> names_to_sign(const http::Headers& headers) {
  std::vector<std::string> names;
  for (const http::Header& header : headers) {
    std::string name = to_lower(header.name);
    if (std::ranges::find(kUnsigned, name) == std::end(kUnsigned)) names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string signed_path(Dialect dialect, std::string_view path) {
  return dialect == Dialect::S3 ? std::string(path) : canonical_path(path);
}

std::string signature_for(const RequestView& request, const std::string& query,
                          std::string_view payload, const std::vector<std::string>& names,
                          const SigningTarget& target, const Scope& scope, std::string_view secret,
                          std::string_view time) {
  const std::string path = signed_path(target.dialect, request.path);
  const auto canonical = write_canonical({request.method, path, query, names, payload}, request);
  CHECK(canonical.has_value());
  return signature_of(derive_signing_key(secret, scope),
                      string_to_sign(time, to_text(scope), *canonical));
}

Scope scope_of(const SigningTarget& target, std::string_view time) {
  return {std::string(time.substr(0, 8)), std::string(target.region), std::string(target.service)};
}

}  // namespace

void sign(http::Headers& headers, std::string_view method, std::string_view path,
          std::string_view query, std::string_view payload_sha256, const SigningTarget& target,
          const SigningCredentials& credentials, Time now) {
  const std::string time = compact_date_time(now);
  headers.remove("Authorization");
  headers.set("X-Amz-Date", time);
  if (!credentials.session_token.empty()) {
    headers.set("X-Amz-Security-Token", std::string(credentials.session_token));
  }
  if (target.dialect == Dialect::S3)
    headers.set("X-Amz-Content-Sha256", std::string(payload_sha256));
  const std::vector<std::string> names = names_to_sign(headers);
  const Scope scope = scope_of(target, time);
  const RequestView request{method, path, query, {}, headers};
  std::string signature =
      signature_for(request, canonical_query(query_parameters(query), {}), payload_sha256, names,
                    target, scope, credentials.secret_access_key, time);
  headers.set("Authorization",
              fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                          credentials.access_key_id, to_text(scope), join(names, ";"), signature));
}

std::string presign(const RequestView& request, std::string_view payload_sha256,
                    const SigningTarget& target, const SigningCredentials& credentials, Time now,
                    std::chrono::seconds expires) {
  const std::string time = compact_date_time(now);
  const Scope scope = scope_of(target, time);
  const std::vector<std::string> names = names_to_sign(request.headers);
  Parameters parameters = query_parameters(request.query);
  parameters.emplace_back("X-Amz-Algorithm", kAlgorithm);
  parameters.emplace_back("X-Amz-Credential",
                          fmt::format("{}/{}", credentials.access_key_id, to_text(scope)));
  parameters.emplace_back("X-Amz-Date", time);
  parameters.emplace_back("X-Amz-Expires", std::to_string(expires.count()));
  parameters.emplace_back("X-Amz-SignedHeaders", join(names, ";"));
  if (!credentials.session_token.empty()) {
    parameters.emplace_back("X-Amz-Security-Token", credentials.session_token);
  }
  const std::string query = canonical_query(std::move(parameters), {});
  return fmt::format("{}&X-Amz-Signature={}", query,
                     signature_for(request, query, payload_sha256, names, target, scope,
                                   credentials.secret_access_key, time));
}

}  // namespace holm::aws::signature
