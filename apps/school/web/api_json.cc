// Reading and writing the API's JSON.

#include "web/api_json.h"

#include <charconv>

#include "web/api.h"

namespace school {

namespace {

using kit::HttpError;

const Json* find_member(const Json& object, const char* name) {
  auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

}  // namespace

kit::Response json_response(const Json& json, int status) {
  return {.status = status,
          .content_type = "application/json",
          .body = json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

kit::Response api_error(const HttpError& error) {
  Json json = {{"error", {{"code", error.code}, {"message", error.what()}}}};
  if (!error.field.empty()) json["error"]["field"] = error.field;
  return json_response(json, error.status);
}

Json read_object(const kit::Request& request) {
  if (!request.header("content-type").starts_with("application/json")) {
    throw HttpError(415, "wrong_type", "Send the body as application/json.");
  }
  // Bounded by the server's limit of the body; nesting is shallow by its own bound.
  auto bound = [](int depth, Json::parse_event_t, Json&) { return depth < 16; };
  Json json = Json::parse(request.body, bound, false);
  if (!json.is_object()) throw HttpError(400, "invalid", "The body is no JSON object.");
  return json;
}

std::optional<std::string> text_member(const Json& object, const char* name) {
  const Json* member = find_member(object, name);
  if (member == nullptr) return std::nullopt;
  if (!member->is_string()) throw HttpError(400, "invalid", "A text is needed.", name);
  return member->get<std::string>();
}

std::optional<std::int64_t> number_member(const Json& object, const char* name) {
  const Json* member = find_member(object, name);
  if (member == nullptr) return std::nullopt;
  if (!member->is_number_integer()) {
    throw HttpError(400, "invalid", "A whole number is needed.", name);
  }
  return member->get<std::int64_t>();
}

std::optional<bool> bool_member(const Json& object, const char* name) {
  const Json* member = find_member(object, name);
  if (member == nullptr) return std::nullopt;
  if (!member->is_boolean()) throw HttpError(400, "invalid", "True or false is needed.", name);
  return member->get<bool>();
}

std::int64_t query_number(const kit::Request& request, const char* name,
                          std::int64_t otherwise) {
  std::string text = request.query_value(name);
  if (text.empty()) return otherwise;
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0 ||
      number > 1'000'000'000) {
    throw HttpError(400, "invalid", "A whole number is needed.", name);
  }
  return number;
}

}  // namespace school
