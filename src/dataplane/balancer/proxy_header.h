// The header of the proxy protocol, version 2: tells a target who is at the other end of a connection.
// https://www.haproxy.org/download/1.8/doc/proxy-protocol.txt
#pragma once

#include <string>

#include "net/address.h"

namespace holm::balancer {

// Of a connection from `client` to `server`. Where they are not of one family, it says nothing of either.
std::string proxy_header(const net::Address& client, const net::Address& server);
// Of a connection that is the load balancer's own: a health check.
std::string own_proxy_header();

}  // namespace holm::balancer
