// All routes, and what happens around each request: errors, headers, the log.

#include "web/site.h"

#include <fmt/format.h>

#include "kit/log.h"
#include "web/api.h"
#include "web/pages.h"
#include "web/school.h"

namespace school {

namespace {

using kit::HttpError;

bool is_api(const std::string& path) {
  return path.starts_with("/api/") || path.starts_with("/internal/");
}

kit::Response json_text(int status, std::string body) {
  return {.status = status, .content_type = "application/json", .body = std::move(body)};
}

// 200 without the database: a lost database must not make the group replace its instances.
kit::Response show_health(const kit::Request&) { return {.body = "ok\n"}; }

kit::Response show_readiness(School& school) {
  if (!school.is_ready) return json_text(503, R"({"ready":false})");
  school.writer.read("SELECT 1");
  return json_text(200, R"({"ready":true})");
}

kit::Response show_identity(const School& school) {
  static constexpr char kShape[] = R"({{"instance":"{}","zone":"{}","region":"{}","version":"{}"}})";
  return json_text(200, fmt::format(kShape, school.instance.instance, school.instance.zone,
                                    school.config.s3.region, kVersion));
}

HttpError unavailable() {
  HttpError error(503, "unavailable", "The school is busy just now. Try again in a moment.");
  error.retry_after_seconds = 2;
  return error;
}

}  // namespace

Site::Site(School& school) : school_(school) {
  routes_.add("GET", "/healthz", show_health);
  routes_.add("GET", "/readyz", [&school](const kit::Request&) { return show_readiness(school); });
  routes_.add("GET", "/whoami", [&school](const kit::Request&) { return show_identity(school); });
  add_assets(routes_);
  add_session_api(routes_, school);
  add_people_api(routes_, school);
  add_yearbook_api(routes_, school);
  add_login_pages(routes_, school);
  add_dashboard_page(routes_, school);
  add_people_pages(routes_, school);
  // The first pattern that fits answers, so /yearbook/{y}/review stands before
  // /yearbook/{y}/{student}.
  add_yearbook_pages(routes_, school);
  add_entry_pages(routes_, school);
}

kit::Response Site::problem(const kit::Request& request, const HttpError& error) const {
  kit::Response response;
  if (is_api(request.path)) {
    response = api_error(error);
  } else if (error.status == 401 && request.method == "GET") {
    return kit::redirect("/login?next=" + kit::percent_encode(request.path));
  } else {
    kit::Html content = kit::html(
        "<section class=\"problem\"><p class=\"above\">{}</p><h1>{}</h1>"
        "<p><a class=\"button\" href=\"/\">Back to the start</a></p></section>",
        {error.status, error.what()});
    response = show_plain_page(school_, "Sorry", content, error.status);
  }
  if (error.retry_after_seconds != 0) {
    response.headers.emplace_back("Retry-After", std::to_string(error.retry_after_seconds));
  }
  return response;
}

// The one place where what ended a request becomes its answer.
kit::Response Site::answer(const kit::Request& request) const {
  try {
    bool needs_tables = request.path != "/healthz" && request.path != "/whoami" &&
                        request.path != "/readyz" && !request.path.starts_with("/assets/");
    if (needs_tables && !school_.is_ready) throw unavailable();
    return routes_.answer(request);
  } catch (const HttpError& error) {
    return problem(request, error);
  } catch (const kit::DatabaseError& error) {
    kit::log_line(fmt::format("database: {} {}: {} ({})", request.method, request.path,
                              error.what(), error.code));
    return problem(request, unavailable());
  } catch (const std::exception& error) {
    kit::log_line(fmt::format("error: {} {}: {}", request.method, request.path, error.what()));
    return problem(request, HttpError(500, "internal", "Something went wrong on our side."));
  }
}

kit::Response Site::handle(const kit::Request& request) const {
  kit::Response response = answer(request);
  // Pictures and uploads go to the bucket directly.
  std::string media = school_.s3.public_origin(school_.config.media_bucket);
  kit::Fields& headers = response.headers;
  headers.emplace_back(
      "Content-Security-Policy",
      fmt::format("default-src 'self'; img-src 'self' data: {0}; connect-src 'self' {0}; "
                  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
                  media));
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  headers.emplace_back("Referrer-Policy", "same-origin");
  if (!kit::find_field(headers, "Cache-Control")) {
    headers.emplace_back("Cache-Control", "no-store");
  }
  if (response.status >= 400 && response.status != 401 && request.path != "/readyz") {
    kit::log_line(fmt::format("{} {} {} from {}", response.status, request.method, request.path,
                              request.address()));
  }
  return response;
}

}  // namespace school
