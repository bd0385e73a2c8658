// Cross-origin rules: keeping them and applying them.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html

#include "services/s3/cors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aws/codec/json_codec.h"
#include "aws/service/malformed_xml.h"
#include "base/check.h"
#include "base/strings.h"
#include "s3/handlers.h"
#include "s3/schema.h"
#include "services/s3/buckets.h"
#include "services/s3/service.h"

namespace holm::s3 {

namespace {

constexpr size_t kRulesMax = 100;
constexpr std::array<std::string_view, 5> kMethods = {"GET", "PUT", "POST", "DELETE", "HEAD"};
constexpr std::string_view kVary = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

std::optional<CORSConfiguration> find_rules(sql::Transaction& transaction, int64_t bucket) {
  const auto document = find_configuration(transaction, bucket, "cors");
  if (!document) return std::nullopt;
  CORSConfiguration rules;
  CHECK(aws::read_json(*document, schema::kCORSConfiguration, &rules).has_value());
  return rules;
}

std::optional<CORSConfiguration> find_rules(sql::Database& database, std::string_view bucket_name) {
  auto transaction = database.begin(sql::Access::Read);
  const auto bucket = find_bucket(*transaction, std::string(bucket_name));
  if (!bucket) return std::nullopt;
  return find_rules(*transaction, bucket->id);
}

// At most one `*`, which stands for any characters; everything else is literal.
bool matches(std::string_view pattern, std::string_view text) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  const std::string_view start = pattern.substr(0, star), end = pattern.substr(star + 1);
  return text.size() >= start.size() + end.size() && text.starts_with(start) && text.ends_with(end);
}

bool has_origin(const CORSRule& rule, std::string_view origin) {
  return std::ranges::any_of(rule.allowed_origins,
                             [&](const std::string& pattern) { return matches(pattern, origin); });
}

bool has_method(const CORSRule& rule, std::string_view method) {
  return std::ranges::find(rule.allowed_methods, method) != rule.allowed_methods.end();
}

// Every header that is asked for, in lower case; nothing when one of them is not allowed.
std::optional<std::vector<std::string>> allowed_headers(const CORSRule& rule, std::string_view asked) {
  std::vector<std::string> names;
  for (std::string_view each : split(asked, ',')) {
    const std::string name = to_lower(trim(each));
    if (name.empty()) continue;
    const bool is_allowed = std::ranges::any_of(
        rule.allowed_headers, [&](const std::string& pattern) { return matches(to_lower(pattern), name); });
    if (!is_allowed) return std::nullopt;
    names.push_back(name);
  }
  return names;
}

aws::BrowserRules::Headers headers_for(const CORSRule& rule, std::string_view origin) {
  // "*" alone lets anybody in without credentials; whoever is named may send them.
  const bool is_anybody = std::ranges::find(rule.allowed_origins, "*") != rule.allowed_origins.end();
  aws::BrowserRules::Headers headers = {
      {"Access-Control-Allow-Origin", is_anybody ? "*" : std::string(origin)},
      {"Access-Control-Allow-Methods", join(rule.allowed_methods, ", ")}};
  if (!rule.expose_headers.empty()) {
    headers.emplace_back("Access-Control-Expose-Headers", join(rule.expose_headers, ", "));
  }
  if (rule.max_age_seconds) {
    headers.emplace_back("Access-Control-Max-Age", std::to_string(*rule.max_age_seconds));
  }
  if (!is_anybody) headers.emplace_back("Access-Control-Allow-Credentials", "true");
  headers.emplace_back("Vary", std::string(kVary));
  return headers;
}

aws::ServiceError not_allowed(const aws::BrowserRequest& request, const char* message) {
  aws::ServiceError error("AccessForbidden", 403, message);
  error.with("Method", std::string(request.method));
  error.with("ResourceType", request.resource == aws::BrowserRequest::Resource::Bucket ? "BUCKET" : "OBJECT");
  return error;
}

// What there are no rules for is told of the bucket.
CORSConfiguration require_rules(sql::Database& database, const aws::BrowserRequest& request) {
  auto transaction = database.begin(sql::Access::Read);
  const auto bucket = find_bucket(*transaction, std::string(request.bucket));
  auto rules = bucket ? find_rules(*transaction, bucket->id) : std::nullopt;
  if (rules) return std::move(*rules);
  aws::BrowserRequest of_bucket = request;
  of_bucket.resource = aws::BrowserRequest::Resource::Bucket;
  if (of_bucket.method.empty()) of_bucket.method = "OPTIONS";
  throw not_allowed(of_bucket, bucket ? "CORSResponse: CORS is not enabled for this bucket."
                                      : "CORSResponse: Bucket not found");
}

void require_rule(const CORSRule& rule) {
  for (const std::string& method : rule.allowed_methods) {
    if (std::ranges::find(kMethods, method) == kMethods.end()) {
      throw InvalidRequest(
          fmt::format("Found unsupported HTTP method in CORS config. Unsupported method is {}", method));
    }
  }
  auto require_one_star = [](const std::string& text, std::string_view what) {
    if (std::ranges::count(text, '*') > 1) {
      throw InvalidRequest(fmt::format("{} \"{}\" can not have more than one wildcard.", what, text));
    }
  };
  for (const std::string& origin : rule.allowed_origins) require_one_star(origin, "AllowedOrigin");
  for (const std::string& header : rule.allowed_headers) require_one_star(header, "AllowedHeader");
  for (const std::string& header : rule.expose_headers) {
    if (header.find('*') != std::string::npos) {
      throw InvalidRequest(
          fmt::format("ExposeHeader \"{}\" contains wildcard. We currently do not support "
                      "wildcard for ExposeHeader.",
                      header));
    }
  }
}

}  // namespace

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors-troubleshooting.html
CorsRules::Headers CorsRules::preflight(const aws::BrowserRequest& request) const {
  if (request.origin.empty()) {
    throw aws::ServiceError("BadRequest", 400, "Insufficient information. Origin request header needed.");
  }
  const auto rules = require_rules(database_, request);
  if (std::ranges::find(kMethods, request.method) == kMethods.end()) {
    throw aws::ServiceError("BadRequest", 400,
                            fmt::format("Invalid Access-Control-Request-Method: {}",
                                        request.method.empty() ? "null" : request.method));
  }
  for (const CORSRule& rule : rules.cors_rules) {
    if (!has_origin(rule, request.origin) || !has_method(rule, request.method)) continue;
    const auto names = allowed_headers(rule, request.headers);
    if (!names) continue;
    Headers headers = headers_for(rule, request.origin);
    if (!names->empty()) headers.emplace_back("Access-Control-Allow-Headers", join(*names, ", "));
    return headers;
  }
  throw not_allowed(
      request,
      "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, "
      "request "
      "method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the "
      "resource's CORS spec.");
}

CorsRules::Headers CorsRules::actual(const aws::BrowserRequest& request) const {
  const auto rules = find_rules(database_, request.bucket);
  if (!rules || request.origin.empty()) return {};
  for (const CORSRule& rule : rules->cors_rules) {
    if (has_origin(rule, request.origin) && has_method(rule, request.method) &&
        allowed_headers(rule, request.headers))
      return headers_for(rule, request.origin);
  }
  return {};
}

GetBucketCorsOutput get_bucket_cors(Service&, Call& call, const GetBucketCorsRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  auto rules = find_rules(call.transaction, bucket.id);
  if (!rules) {
    aws::ServiceError error("NoSuchCORSConfiguration", 404, "The CORS configuration does not exist");
    error.with("BucketName", bucket.name);
    throw error;
  }
  return {.cors_rules = std::move(rules->cors_rules)};
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html
Nothing put_bucket_cors(Service&, Call& call, const PutBucketCorsRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  const CORSConfiguration& rules = request.cors_configuration;
  if (rules.cors_rules.empty() || rules.cors_rules.size() > kRulesMax) {
    throw aws::MalformedXml();
  }
  for (const CORSRule& rule : rules.cors_rules) require_rule(rule);
  set_configuration(call, bucket.id, "cors", aws::write_json(schema::kCORSConfiguration, &rules));
  return {};
}

Nothing delete_bucket_cors(Service&, Call& call, const DeleteBucketCorsRequest& request) {
  clear_configuration(call, require_bucket(call, request.bucket).id, "cors");
  return {};
}

}  // namespace holm::s3
