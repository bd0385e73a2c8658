// Reading endpoints' URLs.

#include "services/sns/endpoint.h"

#include <algorithm>

#include "base/characters.h"
#include "base/strings.h"

namespace holm::sns {

namespace {

constexpr size_t kUrlMax = 2048;

bool is_host_character(char c) {
  return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == ':';
}

}  // namespace

std::string HttpEndpoint::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (is_secure ? 443 : 80) ? name : name + ":" + std::to_string(port);
}

Result<HttpEndpoint> parse_http_endpoint(std::string_view url) {
  const bool is_plain = std::ranges::all_of(url, [](char c) { return c > ' ' && c <= '~'; });
  if (!is_plain || url.size() > kUrlMax) return failure("the URL cannot be read");
  HttpEndpoint endpoint;
  endpoint.is_secure = url.starts_with("https://");
  if (!endpoint.is_secure && !url.starts_with("http://")) return failure("the URL is neither http nor https");
  std::string_view rest = url.substr(url.find("://") + 3);
  rest = rest.substr(0, rest.find('#'));
  const size_t end = std::min(rest.size(), rest.find_first_of("/?"));
  std::string_view authority = rest.substr(0, end);
  endpoint.target = std::string(rest.substr(end));
  if (!endpoint.target.starts_with('/')) endpoint.target.insert(0, 1, '/');
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
    auto login = percent_decode(authority.substr(0, at));
    if (!login) return failure("the URL's name and password cannot be read");
    endpoint.authorization = "Basic " + base64_encode(*login);
    authority.remove_prefix(at + 1);
  }
  const bool is_bracketed = authority.starts_with('[');
  const size_t host_end =
      is_bracketed ? authority.find(']') : std::min(authority.size(), authority.find(':'));
  if (host_end == std::string_view::npos) return failure("the URL's host cannot be read");
  endpoint.host =
      std::string(is_bracketed ? authority.substr(1, host_end - 1) : authority.substr(0, host_end));
  const std::string_view port = authority.substr(host_end + (is_bracketed ? 1 : 0));
  endpoint.port = endpoint.is_secure ? 443 : 80;
  if (!port.empty()) {
    auto number = port.starts_with(':') ? parse_integer(port.substr(1)) : std::nullopt;
    if (!number || *number < 1 || *number > UINT16_MAX) return failure("the URL's port cannot be read");
    endpoint.port = static_cast<uint16_t>(*number);
  }
  if (endpoint.host.empty() || !std::ranges::all_of(endpoint.host, is_host_character)) {
    return failure("the URL's host cannot be read");
  }
  return endpoint;
}

}  // namespace holm::sns
