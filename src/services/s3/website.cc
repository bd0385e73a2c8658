// Buckets as web sites.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html

#include "services/s3/website.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/codec/json_codec.h"
#include "aws/service/malformed_xml.h"
#include "base/check.h"
#include "base/strings.h"
#include "s3/handlers.h"
#include "s3/schema.h"
#include "services/s3/buckets.h"
#include "services/s3/invalid_argument.h"
#include "services/s3/service.h"
#include "sql/database.h"

namespace holm::s3 {

namespace {

constexpr size_t kRulesMax = 50;
constexpr int kMovedPermanently = 301;

std::optional<WebsiteConfiguration> find_site(sql::Transaction& transaction, int64_t bucket) {
  const auto document = find_configuration(transaction, bucket, "website");
  if (!document) return std::nullopt;
  WebsiteConfiguration site;
  CHECK(aws::read_json(*document, schema::kWebsiteConfiguration, &site).has_value());
  return site;
}

[[noreturn]] void throw_no_site(const std::string& bucket) {
  aws::ServiceError error("NoSuchWebsiteConfiguration", 404,
                          "The specified bucket does not have a website configuration");
  error.with("BucketName", bucket);
  throw error;
}

WebsiteConfiguration require_site(sql::Database& database, const std::string& name) {
  auto transaction = database.begin(sql::Access::Read);
  const auto bucket = find_bucket(*transaction, name);
  if (!bucket) {
    aws::ServiceError error("NoSuchBucket", 404, "The specified bucket does not exist");
    error.with("BucketName", name);
    throw error;
  }
  auto site = find_site(*transaction, bucket->id);
  if (!site) throw_no_site(name);
  return std::move(*site);
}

// Three digits, or 0.
int code_of(const std::optional<std::string>& text) {
  return static_cast<int>(parse_integer(text.value_or("")).value_or(0));
}

// Whether the rule is about this key and this error; 0: nothing has gone wrong yet.
bool applies(const RoutingRule& rule, const std::string& key, int status) {
  if (!rule.condition) return status == 0;
  const Condition& condition = *rule.condition;
  if (condition.key_prefix_equals && !key.starts_with(*condition.key_prefix_equals)) return false;
  return code_of(condition.http_error_code_returned_equals) == status;
}

std::string redirected_key(const RoutingRule& rule, const std::string& key) {
  const Redirect& redirect = rule.redirect;
  if (redirect.replace_key_with) return *redirect.replace_key_with;
  if (!redirect.replace_key_prefix_with) return key;
  const size_t prefix =
      rule.condition && rule.condition->key_prefix_equals ? rule.condition->key_prefix_equals->size() : 0;
  return *redirect.replace_key_prefix_with + key.substr(prefix);
}

aws::WebsiteStep redirect_by(const RoutingRule& rule, const aws::WebsiteRequest& request) {
  const Redirect& redirect = rule.redirect;
  const int code = code_of(redirect.http_redirect_code);
  return {.location = fmt::format("{}://{}/{}", redirect.protocol.value_or(std::string(request.scheme)),
                                  redirect.host_name.value_or(request.authority),
                                  percent_encode(redirected_key(rule, request.key), Slash::Keep)),
          .status = code == 0 ? kMovedPermanently : code};
}

std::optional<aws::WebsiteStep> find_redirect(const WebsiteConfiguration& site,
                                              const aws::WebsiteRequest& request, int status) {
  if (!site.routing_rules) return std::nullopt;
  for (const RoutingRule& rule : *site.routing_rules) {
    if (applies(rule, request.key, status)) return redirect_by(rule, request);
  }
  return std::nullopt;
}

bool is_folder(const std::string& key) { return key.empty() || key.ends_with('/'); }

void require_code(const std::optional<std::string>& text, const char* first_digits, const char* message) {
  if (!text) return;
  const bool is_code = text->size() == 3 && std::string_view(first_digits).contains(text->front()) &&
                       parse_integer(*text).has_value();
  if (!is_code || *text == "300") throw InvalidRequest(fmt::format(fmt::runtime(message), *text));
}

void require_protocol(const std::optional<std::string>& protocol) {
  if (!protocol || *protocol == "http" || *protocol == "https") return;
  throw InvalidRequest(
      "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected "
      "automatically.");
}

void require_rule(const RoutingRule& rule) {
  const Redirect& redirect = rule.redirect;
  if (redirect.replace_key_prefix_with && redirect.replace_key_with) {
    throw InvalidRequest("You can only define ReplaceKeyPrefix or ReplaceKey but not both.");
  }
  const bool says_something = redirect.host_name || redirect.protocol || redirect.http_redirect_code ||
                              redirect.replace_key_prefix_with || redirect.replace_key_with;
  const bool has_condition =
      !rule.condition || rule.condition->key_prefix_equals || rule.condition->http_error_code_returned_equals;
  require_protocol(redirect.protocol);
  if (!has_condition) {
    throw InvalidRequest(
        "Condition cannot be empty. To redirect all requests without a condition, the condition element "
        "shouldn't be present.");
  }
  if (!says_something) {
    throw aws::MalformedXml();
  }
  require_code(redirect.http_redirect_code, "3",
               "The provided HTTP redirect code ({}) is not valid. Valid codes are 3XX except 300.");
  if (rule.condition) {
    require_code(rule.condition->http_error_code_returned_equals, "45",
                 "The provided HTTP error code ({}) is not valid. Valid codes are 4XX or 5XX.");
  }
}

void require_valid(const WebsiteConfiguration& site) {
  if (site.redirect_all_requests_to) {
    if (site.index_document || site.error_document || site.routing_rules) {
      throw_invalid_argument("RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.",
                             Argument{"RedirectAllRequestsTo", "not null"});
    }
    return require_protocol(site.redirect_all_requests_to->protocol);
  }
  if (!site.index_document) {
    throw_invalid_argument("A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty",
                           Argument{"IndexDocument", "null"});
  }
  const std::string& suffix = site.index_document->suffix;
  if (suffix.empty() || suffix.contains('/')) {
    throw_invalid_argument("The IndexDocument Suffix is not well formed", Argument{"IndexDocument", suffix});
  }
  if (site.error_document && site.error_document->key.empty()) {
    throw_invalid_argument("The ErrorDocument Key is not well formed", Argument{"ErrorDocument", ""});
  }
  if (!site.routing_rules) return;
  if (site.routing_rules->empty()) {
    throw aws::MalformedXml();
  }
  if (site.routing_rules->size() > kRulesMax) {
    throw InvalidRequest(
        fmt::format("{} routing rules provided, the number of routing rules in a website configuration is "
                    "limited to {}.",
                    site.routing_rules->size(), kRulesMax));
  }
  for (const RoutingRule& rule : *site.routing_rules) require_rule(rule);
}

}  // namespace

aws::WebsiteStep Sites::begin(const aws::WebsiteRequest& request) const {
  const WebsiteConfiguration site = require_site(database_, request.bucket);
  if (site.redirect_all_requests_to) {
    const RedirectAllRequestsTo& all = *site.redirect_all_requests_to;
    return {.location = fmt::format("{}://{}/{}", all.protocol.value_or(std::string(request.scheme)),
                                    all.host_name, percent_encode(request.key, Slash::Keep)),
            .status = kMovedPermanently};
  }
  if (auto step = find_redirect(site, request, 0)) return *step;
  if (!is_folder(request.key)) return {.key = request.key};
  return {.key = request.key + site.index_document.value_or(IndexDocument{}).suffix};
}

std::optional<aws::WebsiteStep> Sites::instead(const aws::WebsiteRequest& request, int status) const {
  const WebsiteConfiguration site = require_site(database_, request.bucket);
  if (auto step = find_redirect(site, request, status)) return step;
  if (!site.error_document) return std::nullopt;
  return aws::WebsiteStep{.key = site.error_document->key, .status = status};
}

std::optional<std::string> Sites::folder_index(const aws::WebsiteRequest& request) const {
  const WebsiteConfiguration site = require_site(database_, request.bucket);
  // A path of two slashes would send visitors to another host.
  const bool is_elsewhere = request.key.starts_with('/');
  if (is_folder(request.key) || is_elsewhere || !site.index_document) return std::nullopt;
  return fmt::format("{}/{}", request.key, site.index_document->suffix);
}

GetBucketWebsiteOutput get_bucket_website(Service&, Call& call, const GetBucketWebsiteRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  auto site = find_site(call.transaction, bucket.id);
  if (!site) throw_no_site(bucket.name);
  // Former versions kept none as an empty list.
  if (site->routing_rules && site->routing_rules->empty()) site->routing_rules.reset();
  return {.redirect_all_requests_to = std::move(site->redirect_all_requests_to),
          .index_document = std::move(site->index_document),
          .error_document = std::move(site->error_document),
          .routing_rules = std::move(site->routing_rules)};
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketWebsite.html
Nothing put_bucket_website(Service&, Call& call, const PutBucketWebsiteRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  require_valid(request.website_configuration);
  set_configuration(call, bucket.id, "website",
                    aws::write_json(schema::kWebsiteConfiguration, &request.website_configuration));
  return {};
}

Nothing delete_bucket_website(Service&, Call& call, const DeleteBucketWebsiteRequest& request) {
  clear_configuration(call, require_bucket(call, request.bucket).id, "website");
  return {};
}

}  // namespace holm::s3
