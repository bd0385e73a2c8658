// Signing in.

#include "web/pages.h"
#include "web/school.h"

namespace school {

namespace {

using kit::Html;
using kit::html;

// Only a path of this site, so that a link cannot send people elsewhere after the login.
std::string safe_next(const std::string& next) {
  bool is_path = next.size() > 1 && next[0] == '/' && next[1] != '/' && next[1] != '\\';
  return is_path && next.find_first_of("\r\n\\") == std::string::npos ? next : "/";
}

Html login_form(const School& school, const std::string& login, const std::string& next,
                const std::string& problem) {
  Html alert = kit::when(!problem.empty(),
                         html("<p class=\"alert\" role=\"alert\">{}</p>", {problem}));
  return html(
      "<section class=\"login\"><div class=\"login-art\" aria-hidden=\"true\">"
      "<div class=\"leaf\"></div><p>Every face,<br>every year.</p></div>"
      "<form class=\"card\" method=\"post\" action=\"/login\"><h1>Welcome back</h1>"
      "<p class=\"muted\">Sign in to {}.</p>{}"
      "<label>Login<input name=\"login\" value=\"{}\" autocomplete=\"username\" required "
      "autofocus autocapitalize=\"none\" spellcheck=\"false\"></label>"
      "<label>Password<input name=\"password\" type=\"password\" "
      "autocomplete=\"current-password\" required></label>"
      "<input type=\"hidden\" name=\"next\" value=\"{}\">"
      "<button class=\"primary\">Sign in</button></form></section>",
      {school.config.school_name, alert, login, next});
}

kit::Response show_login(School& school, const kit::Request& request) {
  std::string next = safe_next(request.query_value("next"));
  if (school.sessions.find_viewer(request)) return kit::redirect(next);
  return show_plain_page(school, "Sign in", login_form(school, "", next, ""), 200);
}

kit::Response sign_in(School& school, const kit::Request& request) {
  require_same_site(request);
  kit::Fields form = kit::parse_form(request.body);
  std::string login = kit::find_field(form, "login").value_or("");
  std::string next = safe_next(kit::find_field(form, "next").value_or("/"));
  try {
    std::string token = school.sessions.sign_in(
        {.login = login,
         .password = kit::find_field(form, "password").value_or(""),
         .address = request.address()});
    kit::Response response = kit::redirect(next);
    response.headers.emplace_back("Set-Cookie", session_cookie(token, request));
    return response;
  } catch (const kit::HttpError& error) {
    // A wrong password is answered by the form itself.
    kit::Response response = show_plain_page(
        school, "Sign in", login_form(school, login, next, error.what()), error.status);
    if (error.retry_after_seconds != 0) {
      response.headers.emplace_back("Retry-After", std::to_string(error.retry_after_seconds));
    }
    return response;
  }
}

}  // namespace

void add_login_pages(kit::Routes& routes, School& school) {
  routes.add("GET", "/login",
             [&school](const kit::Request& request) { return show_login(school, request); });
  routes.add("POST", "/login",
             [&school](const kit::Request& request) { return sign_in(school, request); });
}

}  // namespace school
