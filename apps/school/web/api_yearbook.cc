// /yearbook/{y}/entries and what happens to portraits, and the function's report.

#include "kit/callback_signature.h"
#include "kit/clock.h"
#include "web/api.h"
#include "web/api_json.h"
#include "web/school.h"

namespace school {

namespace {

using kit::HttpError;

struct Place {
  std::int64_t year;
  std::int64_t student;
};

Place place_of(const kit::Request& request) {
  return {.year = request.id_parameter("y"), .student = request.id_parameter("student")};
}

Json json_of(const Entry& entry, const Viewer& viewer) {
  Json json = {{"student", entry.student},       {"first_name", entry.first_name},
               {"last_name", entry.last_name},   {"class", entry.form_group},
               {"quote", entry.quote},           {"clubs", entry.clubs},
               {"version", entry.version}};
  if (entry.shows_portrait_to(viewer)) {
    std::string base = "/yearbook/" + std::to_string(entry.year) + "/" +
                       std::to_string(entry.student) + "/";
    json["web"] = base + "web.jpg";
    json["thumb"] = base + "thumb.jpg";
  }
  if (entry.is_open_to(viewer)) {
    json["state"] = entry.state;
    json["reason"] = entry.reason.empty() ? Json() : Json(entry.reason);
    json["consent"] = entry.has_consent;
    json["bytes_in"] = entry.bytes_in;
    json["bytes_out"] = entry.bytes_out;
    json["ms"] = entry.milliseconds;
  }
  return json;
}

kit::Response list_entries(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_viewer(request);
  std::int64_t year = request.id_parameter("y");
  school.yearbooks.require(year);
  EntryFilter filter{.form_group_id = query_number(request, "class", 0),
                     .state = request.query_value("state"),
                     .search = request.query_value("q")};
  Json entries = Json::array();
  for (const Entry& entry : school.yearbooks.list(viewer, year, filter)) {
    entries.push_back(json_of(entry, viewer));
  }
  return json_response(entries);
}

kit::Response show_entry(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_viewer(request);
  Place place = place_of(request);
  return json_response(
      json_of(school.yearbooks.require_entry(viewer, place.year, place.student), viewer));
}

kit::Response change_entry(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_writer(request);
  Place place = place_of(request);
  Json input = read_object(request);
  school.yearbooks.change(viewer, place.year, place.student,
                          {.quote = text_member(input, "quote"),
                           .clubs = text_member(input, "clubs"),
                           .wants_in = bool_member(input, "consent")});
  return json_response(
      json_of(school.yearbooks.require_entry(viewer, place.year, place.student), viewer));
}

kit::Response permit_photo(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_writer(request);
  Place place = place_of(request);
  Json input = read_object(request);
  UploadRequest upload{.year = place.year,
                       .student = place.student,
                       .content_type = text_member(input, "content_type").value_or(""),
                       .content_bytes = number_member(input, "content_length").value_or(0)};
  UploadPermit permit = school.photos.permit(viewer, upload, kit::unix_milliseconds());
  return json_response(
      {{"upload_url", permit.url}, {"key", permit.key}, {"expires_at", permit.expires_at}}, 201);
}

kit::Response photo_uploaded(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_writer(request);
  Place place = place_of(request);
  std::string key = text_member(read_object(request), "key").value_or("");
  school.photos.uploaded(viewer, place.year, place.student, key);
  return json_response(
      json_of(school.yearbooks.require_entry(viewer, place.year, place.student), viewer));
}

kit::Response approve(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_writer(request);
  Place place = place_of(request);
  school.yearbooks.approve(viewer, place.year, place.student);
  return json_response(
      json_of(school.yearbooks.require_entry(viewer, place.year, place.student), viewer));
}

kit::Response reject(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_writer(request);
  Place place = place_of(request);
  std::string reason = text_member(read_object(request), "reason").value_or("");
  school.yearbooks.reject(viewer, place.year, place.student, reason);
  return json_response(
      json_of(school.yearbooks.require_entry(viewer, place.year, place.student), viewer));
}

kit::Response publish(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_writer(request);
  std::int64_t year = request.id_parameter("y");
  school.yearbooks.publish(viewer, year);
  return json_response({{"year", year}, {"state", "published"}});
}

kit::Response stream_events(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_viewer(request);
  std::int64_t year = request.id_parameter("y");
  school.yearbooks.require(year);
  school.events.require_place();
  kit::Response response{.content_type = "text/event-stream"};
  response.headers = {{"X-Accel-Buffering", "no"}};
  response.stream = [&school, viewer, year](const kit::Writer& write) {
    school.events.stream(viewer, year, write);
  };
  return response;
}

kit::Response photo_done(School& school, const kit::Request& request) {
  if (!kit::is_callback_signed(school.config.callback_secret, request.body,
                               request.header("x-callback-signature"), kit::unix_seconds())) {
    throw HttpError(401, "bad_signature", "The signature is wrong or too old.");
  }
  Json input = read_object(request);
  PhotoReport report{.key = text_member(input, "key").value_or(""),
                     .etag = text_member(input, "etag").value_or(""),
                     .state = text_member(input, "state").value_or(""),
                     .reason = text_member(input, "reason").value_or(""),
                     .bytes_in = number_member(input, "bytes_in").value_or(0),
                     .bytes_out = number_member(input, "bytes_out").value_or(0),
                     .milliseconds = number_member(input, "ms").value_or(0)};
  school.photos.done(report);
  return json_response({{"key", report.key}, {"etag", report.etag}});
}

}  // namespace

void add_yearbook_api(kit::Routes& routes, School& school) {
  auto bind = [&school](auto function) {
    return [&school, function](const kit::Request& request) { return function(school, request); };
  };
  routes.add("GET", "/api/v1/yearbook/{y}/entries", bind(list_entries));
  routes.add("GET", "/api/v1/yearbook/{y}/entries/{student}", bind(show_entry));
  routes.add("PATCH", "/api/v1/yearbook/{y}/entries/{student}", bind(change_entry));
  routes.add("POST", "/api/v1/yearbook/{y}/entries/{student}/photo", bind(permit_photo));
  routes.add("POST", "/api/v1/yearbook/{y}/entries/{student}/photo/uploaded",
             bind(photo_uploaded));
  routes.add("POST", "/api/v1/yearbook/{y}/entries/{student}/approve", bind(approve));
  routes.add("POST", "/api/v1/yearbook/{y}/entries/{student}/reject", bind(reject));
  routes.add("POST", "/api/v1/yearbook/{y}/publish", bind(publish));
  routes.add("GET", "/api/v1/yearbook/{y}/events", bind(stream_events));
  routes.add("POST", "/internal/photo-done", bind(photo_done));
}

}  // namespace school
