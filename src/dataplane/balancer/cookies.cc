// A cookie holds its end, too: browsers are not to be trusted with it.

#include "dataplane/balancer/cookies.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "base/time_format.h"

namespace holm::balancer {

std::optional<std::string_view> find_cookie(const http::Headers& headers, std::string_view name) {
  for (std::string_view header : headers.all("cookie")) {
    for (std::string_view pair : split(header, ';')) {
      pair = trim(pair);
      const size_t equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == name) return pair.substr(equals + 1);
    }
  }
  return std::nullopt;
}

bool sets_cookie(const http::Headers& headers, std::string_view name) {
  return std::ranges::any_of(headers.all("set-cookie"), [&](std::string_view value) {
    const size_t equals = value.find('=');
    return equals != std::string_view::npos && trim(value.substr(0, equals)) == name;
  });
}

std::optional<std::string> attributes_of_cookie(const http::Headers& headers, std::string_view name) {
  for (std::string_view value : headers.all("set-cookie")) {
    const size_t equals = value.find('=');
    if (equals == std::string_view::npos || trim(value.substr(0, equals)) != name) continue;
    return std::string(value.substr(std::min(value.find(';'), value.size())));
  }
  return std::nullopt;
}

void set_first_cookies(http::Headers& headers, const std::string& value, std::string_view attributes) {
  headers.add("Set-Cookie", fmt::format("{}={}{}", kFirstCookie, value, attributes));
  std::string others;
  for (std::string_view each : split(attributes, ';')) {
    const std::string lower = to_lower(trim(each));
    if (lower.empty() || lower.starts_with("samesite") || lower == "secure") continue;
    others.append(";").append(each);
  }
  headers.add("Set-Cookie", fmt::format("{}CORS={}{};SECURE;SAMESITE=None", kFirstCookie, value, others));
}

std::string CookieJar::make(std::string_view what, std::string_view owner, Time until, Random& random) const {
  return base64_encode(seal_.seal(fmt::format("{}|{}", to_milliseconds(until), what), owner, random));
}

std::optional<std::string> CookieJar::read(std::string_view cookie, std::string_view owner, Time now) const {
  constexpr size_t kBytesMax = 4096;
  if (cookie.size() > kBytesMax) return std::nullopt;
  std::optional<std::string> sealed = base64_decode(cookie);
  if (!sealed) return std::nullopt;
  std::optional<std::string> plain = seal_.open(*sealed, owner);
  if (!plain) return std::nullopt;
  const size_t bar = plain->find('|');
  std::optional<long long> until = parse_integer(std::string_view(*plain).substr(0, bar));
  if (bar == std::string::npos || !until || *until < to_milliseconds(now)) return std::nullopt;
  return plain->substr(bar + 1);
}

void set_cookies(http::Headers& headers, std::string_view name, const std::string& value, Time until,
                 http::Scheme scheme) {
  const std::string expires = http_date(until);
  headers.add("Set-Cookie", fmt::format("{}={}; Expires={}; Path=/", name, value, expires));
  if (name == kApplicationCookie) return;
  headers.add("Set-Cookie", fmt::format("{}CORS={}; Expires={}; Path=/; SameSite=None{}", name, value, expires,
                                        scheme == http::Scheme::Https ? "; Secure" : ""));
}

}  // namespace holm::balancer
