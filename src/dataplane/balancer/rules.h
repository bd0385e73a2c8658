// Rules: which action a request gets, and where a redirect leads.
#pragma once

#include <string>

#include "dataplane/balancer/config.h"
#include "http/message.h"

namespace holm::balancer {

bool matches(const Condition& condition, const http::Request& request);
// The action of the first rule that matches, or null when there is not even a default.
const Action* find_action(const Listener& listener, const http::Request& request);

// The Location of a redirect. `port` is the one the client sees.
std::string location(const Redirect& redirect, const http::Request& request, uint16_t port);

}  // namespace holm::balancer
