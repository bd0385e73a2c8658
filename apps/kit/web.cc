// Requests, responses and routes.

#include "kit/web.h"

#include <charconv>

namespace kit {

namespace {

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> segments;
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  while (true) {
    std::size_t slash = path.find('/');
    segments.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool match(const std::vector<std::string>& pattern, const std::vector<std::string>& path,
           std::map<std::string, std::string>& parameters) {
  if (pattern.size() != path.size()) return false;
  parameters.clear();
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (is_parameter(pattern[i])) {
      parameters[pattern[i].substr(1, pattern[i].size() - 2)] = path[i];
    } else if (pattern[i] != path[i]) {
      return false;
    }
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::string Request::header(std::string_view name) const {
  return find_field(headers, name).value_or("");
}

std::string Request::cookie(std::string_view name) const {
  std::string all = header("cookie");
  std::string_view rest = all;
  while (!rest.empty()) {
    std::size_t end = rest.find(';');
    std::string_view pair = trimmed(rest.substr(0, end));
    std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      return std::string(pair.substr(equals + 1));
    }
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return "";
}

std::string Request::query_value(std::string_view name) const {
  return find_field(query, name).value_or("");
}

std::int64_t Request::id_parameter(const std::string& name) const {
  const std::string& text = parameter(name);
  std::int64_t id = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id < 1) {
    throw HttpError(404, "not_found", "There is nothing at this address.");
  }
  return id;
}

// A visitor can send the header himself; only its last address was written by the load balancer.
std::string Request::address() const {
  std::string forwarded = header("x-forwarded-for");
  if (forwarded.empty()) return peer;
  std::size_t comma = forwarded.rfind(',');
  return std::string(trimmed(
      comma == std::string::npos ? forwarded : std::string_view(forwarded).substr(comma + 1)));
}

Response html_response(const Html& page, int status) {
  return {.status = status, .content_type = "text/html; charset=utf-8", .body = page.text()};
}

Response redirect(const std::string& location, int status) {
  return {.status = status, .headers = {{"Location", location}}};
}

void Routes::add(std::string method, std::string_view pattern, Handler handler) {
  routes_.push_back({.method = std::move(method),
                     .segments = split_path(pattern),
                     .handler = std::move(handler)});
}

Response Routes::answer(Request request) const {
  std::vector<std::string> path = split_path(request.path);
  std::string method = request.method == "HEAD" ? "GET" : request.method;
  bool is_known = false;
  for (const Route& route : routes_) {
    if (!match(route.segments, path, request.parameters)) continue;
    if (route.method == method) return route.handler(request);
    is_known = true;
  }
  if (is_known) throw HttpError(405, "method_not_allowed", "This address takes other methods.");
  throw HttpError(404, "not_found", "There is nothing at this address.");
}

}  // namespace kit
