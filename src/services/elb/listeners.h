// Listeners: on which ports a load balancer takes what, and where that goes.
#pragma once

#include <string_view>

#include "elb/handlers.h"

namespace holm::elb {

// "HTTP" and "HTTPS", whose requests are read; connections of the others are carried as they are.
bool carries_requests(std::string_view protocol);
// "HTTPS" and "SSL".
bool is_secure(std::string_view protocol);

bool is_same_listener(const Listener& a, const Listener& b);
// Checks it, fills in what is left out, and adds it to the document; one that is there already stays as it
// is.
void add_listener(Service& service, Call& call, LoadBalancerDescription& document, const Listener& wanted);

}  // namespace holm::elb
