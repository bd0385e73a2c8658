// The header of the proxy protocol, which tells a target who is at the other end of a connection: version 2, and
// the line of version 1.
// https://www.haproxy.org/download/1.8/doc/proxy-protocol.txt
#pragma once

#include <string>

#include "net/address.h"

namespace holm::balancer {

// Of a connection from `client` to `server`. Where they are not of one family, it says nothing of either.
std::string proxy_header(const net::Address& client, const net::Address& server);
// "PROXY TCP4 198.51.100.22 203.0.113.7 35646 80" and a line's end; of several families "PROXY UNKNOWN".
std::string proxy_line(const net::Address& client, const net::Address& server);
// Of a connection that is the load balancer's own: a health check.
std::string own_proxy_header();

}  // namespace holm::balancer
