// Rules: which action a request gets, and where a redirect leads.
#pragma once

#include <string>

#include "dataplane/balancer/config.h"
#include "http/message.h"

namespace holm::balancer {

bool matches(const Condition& condition, const http::Request& request);
// The first rule that matches, or null when there is not even a default.
const Rule* find_rule(const Listener& listener, const http::Request& request);

// Where the client came in, as it sees it.
struct VisiblePort {
  uint16_t port = 80;
  // What stands for 443 in the addresses of this load balancer; other than 443 at an edge that has another port.
  uint16_t secure = 443;
};

// The Location of a redirect.
std::string location(const Redirect& redirect, const http::Request& request, VisiblePort visible);

}  // namespace holm::balancer
