// Where messages are posted to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace holm::sns {

struct HttpEndpoint {
  bool is_secure = false;
  std::string host;  // A name or an address, without brackets.
  uint16_t port = 80;
  std::string target;         // "/path?query"
  std::string authorization;  // Of a name and password in the URL: a header; never logged.
  // As the Host header wants it.
  std::string authority() const;
};

// "http://user:password@host:port/path?query" or https.
Result<HttpEndpoint> parse_http_endpoint(std::string_view url);

}  // namespace holm::sns
