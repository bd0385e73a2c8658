// POST /sessions, DELETE /sessions/current, GET /me.

#include "web/api.h"
#include "web/api_json.h"
#include "web/pages.h"
#include "web/school.h"

namespace school {

namespace {

kit::Response create_session(School& school, const kit::Request& request) {
  require_same_site(request);
  Json input = read_object(request);
  std::string token =
      school.sessions.sign_in({.login = text_member(input, "login").value_or(""),
                               .password = text_member(input, "password").value_or(""),
                               .address = request.address()});
  kit::Response response = json_response(Json::object(), 201);
  response.headers.emplace_back("Set-Cookie", session_cookie(token, request));
  return response;
}

kit::Response delete_session(School& school, const kit::Request& request) {
  school.sessions.require_writer(request);
  school.sessions.sign_out(request);
  kit::Response response{.status = 204};
  response.headers.emplace_back("Set-Cookie", ended_session_cookie(request));
  return response;
}

kit::Response show_me(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_viewer(request);
  Json roles = Json::array();
  for (Role role : viewer.roles) roles.push_back(role_name(role));
  Json menu = Json::array();
  for (const kit::NavigationEntry& entry : navigation(school, viewer, "")) {
    menu.push_back({{"label", entry.label}, {"path", entry.address}});
  }
  return json_response({{"id", viewer.person_id},
                        {"login", viewer.login},
                        {"first_name", viewer.first_name},
                        {"last_name", viewer.last_name},
                        {"roles", roles},
                        {"menu", menu},
                        {"csrf_token", viewer.csrf_token}});
}

}  // namespace

void add_session_api(kit::Routes& routes, School& school) {
  auto bind = [&school](auto function) {
    return [&school, function](const kit::Request& request) { return function(school, request); };
  };
  routes.add("POST", "/api/v1/sessions", bind(create_session));
  routes.add("DELETE", "/api/v1/sessions/current", bind(delete_session));
  routes.add("GET", "/api/v1/me", bind(show_me));
}

}  // namespace school
