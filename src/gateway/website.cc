// Requests to buckets that are web sites.

#include "gateway/website.h"

#include <fmt/format.h>

#include "aws/service/error.h"
#include "base/strings.h"

namespace holm::gateway {

using aws::ServiceError;

namespace {

constexpr int kPreconditionFailed = 412;
constexpr int kRangeNotSatisfiable = 416;

// What a page of the site's own could say nothing better about.
bool is_final(const ServiceError& error) {
  return error.http_status < 400 || error.http_status == kPreconditionFailed ||
         error.http_status == kRangeNotSatisfiable;
}

http::Response redirect(const std::string& location, int status) {
  http::Response response;
  response.status = status;
  response.headers.add("Location", location);
  return response;
}

std::string in_html(std::string_view text) {
  std::string safe = replace_all(std::string(text), "&", "&amp;");
  safe = replace_all(safe, "<", "&lt;");
  safe = replace_all(safe, ">", "&gt;");
  return replace_all(safe, "\"", "&quot;");
}

std::string items_of(const ServiceError& error) {
  std::string items =
      fmt::format("<li>Code: {}</li>\n<li>Message: {}</li>\n", in_html(error.code), in_html(error.what()));
  for (const auto& [name, value] : error.members) {
    items += fmt::format("<li>{}: {}</li>\n", in_html(name), in_html(value));
  }
  return items;
}

}  // namespace

WebsiteVisit::WebsiteVisit(const aws::Websites& sites, async::Workers& workers, async::Reactor& reactor,
                           const http::Request& head, std::string bucket, std::string request_id, Fetch fetch)
    : sites_(sites),
      workers_(workers),
      reactor_(reactor),
      head_(head),
      request_id_(std::move(request_id)),
      fetch_(std::move(fetch)),
      request_{.bucket = std::move(bucket),
               .key = {},
               .authority = head.authority,
               .scheme = head.scheme == http::Scheme::Https ? "https" : "http"} {}

async::Task<http::Response> WebsiteVisit::answer() {
  std::optional<ServiceError> error;
  try {
    const auto key = percent_decode(std::string_view(head_.path).substr(1));
    if (!key) throw ServiceError("InvalidURI", 400, "Couldn't parse the specified URI.");
    request_.key = *key;
    if (head_.method != "GET" && head_.method != "HEAD") {
      ServiceError refused("MethodNotAllowed", 405,
                           "The specified method is not allowed against this resource.");
      refused.with("Method", head_.method).with("ResourceType", "OBJECT");
      throw refused;
    }
    std::function<aws::WebsiteStep()> begin = [this] { return sites_.begin(request_); };
    aws::WebsiteStep step = co_await workers_.run(reactor_, begin);
    co_return co_await answer_for(std::move(step));
  } catch (const ServiceError& failure) {
    error = failure;
  }
  if (is_final(*error)) throw *error;
  co_return co_await answer_otherwise(std::move(*error));
}

async::Task<http::Response> WebsiteVisit::answer_for(aws::WebsiteStep step) {
  if (!step.location.empty()) co_return redirect(step.location, step.status);
  const bool is_wanted = step.status == 200;
  Wanted wanted{.method = head_.method,
                .key = std::move(step.key),
                .headers = is_wanted ? Wanted::Headers::All : Wanted::Headers::None};
  http::Response response = co_await fetch_(std::move(wanted));
  if (const auto location = response.headers.find("x-amz-website-redirect-location")) {
    co_return redirect(std::string(*location), 301);
  }
  if (!is_wanted) response.status = step.status;
  co_return response;
}

async::Task<http::Response> WebsiteVisit::answer_otherwise(ServiceError error) {
  const bool is_of_object = error.code == "NoSuchKey" || error.code == "AccessDenied";
  if (is_of_object) {
    const bool is_folder = co_await has_folder();
    if (is_folder) {
      co_return redirect(fmt::format("/{}/", percent_encode(request_.key, Slash::Keep)), 302);
    }
    std::optional<ServiceError> second;
    try {
      std::function<std::optional<aws::WebsiteStep>()> decide = [this, &error] {
        return sites_.instead(request_, error.http_status);
      };
      std::optional<aws::WebsiteStep> step = co_await workers_.run(reactor_, decide);
      if (step) co_return co_await answer_for(std::move(*step));
    } catch (const ServiceError& failure) {
      second = failure;
    }
    if (second) co_return page_of(error, &*second);
  }
  co_return page_of(error, nullptr);
}

async::Task<bool> WebsiteVisit::has_folder() {
  std::function<std::optional<std::string>()> find = [this] { return sites_.folder_index(request_); };
  std::optional<std::string> key = co_await workers_.run(reactor_, find);
  if (!key) co_return false;
  try {
    Wanted wanted{.method = "HEAD", .key = std::move(*key)};
    http::Response response = co_await fetch_(std::move(wanted));
    co_return response.status == 200;
  } catch (const ServiceError&) {
    co_return false;
  }
}

http::Response WebsiteVisit::page_of(const ServiceError& error, const ServiceError* of_document) const {
  const std::string title = fmt::format("{} {}", error.http_status, http::reason_phrase(error.http_status));
  http::Response response;
  response.status = error.http_status;
  response.headers.add("Content-Type", "text/html; charset=utf-8");
  response.headers.add("x-amz-error-code", error.code);
  response.headers.add("x-amz-error-message", error.what());
  response.headers.add("x-amz-request-id", request_id_);
  if (head_.method == "HEAD") return response;
  std::string document;
  if (of_document != nullptr) {
    document = fmt::format(
        "<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n<ul>\n{}</ul>\n",
        items_of(*of_document));
  }
  response.body = fmt::format(
      "<html>\n<head><title>{0}</title></head>\n<body>\n<h1>{0}</h1>\n<ul>\n{1}<li>RequestId: {2}</li>\n"
      "<li>HostId: {3}</li>\n</ul>\n{4}<hr/>\n</body>\n</html>\n",
      title, items_of(error), request_id_, base64_encode(request_id_), document);
  return response;
}

}  // namespace holm::gateway
