// What load balancers ask instances to find out whether they are well.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace holm::elb {

// "HTTP:80/path", "HTTPS:443/", "TCP:22" or "SSL:443".
struct CheckTarget {
  std::string protocol;  // In capital letters.
  uint16_t port = 0;
  std::string path;  // Of HTTP and HTTPS: begins with a slash.
};
// A failure's message is for the client.
Result<CheckTarget> parse_check_target(std::string_view text);

}  // namespace holm::elb
