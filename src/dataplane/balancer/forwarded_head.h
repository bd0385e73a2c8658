// The heads of messages that are passed on: what is added, what is left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "dataplane/balancer/config.h"
#include "http/head_parser.h"
#include "http/http2_client.h"
#include "http/message.h"

namespace holm::balancer {

// Whether the client asks to leave HTTP for another protocol.
bool wants_upgrade(const http::Request& request);

struct RequestHead {
  const http::Request& request;
  const LoadBalancer& load_balancer;
  const Listener& listener;
  uint16_t visible_port = 80;           // That the client has come to; at the edge another than the listener's.
  std::string_view trace_root;          // "1-67891233-abcdef012345678912345678", if the request has none.
  std::optional<uint64_t> body_length;  // None: chunked.
};
// Whatever the client sent, every recipient reads the result alike: there is one length, names are tokens, what
// passes for a length elsewhere is left out, and no character of the target has another meaning.
void append_request_head(std::string& out, const RequestHead& head);
// The same headers for a target that is spoken to otherwise: without those that frame an HTTP/1 message.
http::Headers forwarded_headers(const RequestHead& head);
// The same for a target that speaks HTTP/2.
http::Http2RequestHead http2_request_head(const RequestHead& head, TargetProtocol protocol);
// X-Amzn-Trace-Id as the target gets it.
std::string trace_of(const http::Request& request, std::string_view root);

// "NotBefore=2023-09-21T01:50:17Z;NotAfter=2024-09-20T01:50:17Z"
std::string validity_of(const net::ClientCertificate& client);

// Whether there is a header whose name has anything but letters, digits and hyphens.
bool has_invalid_headers(const http::Request& request);

// The addresses that X-Forwarded-For already has.
size_t forwarded_address_count(const http::Request& request);

// Without those that concern one connection only.
http::Headers end_to_end_headers(const http::Headers& headers);
http::Headers end_to_end_headers(const http::Head& head);

// What the listener says of the headers of a response of the balancer's own, or of a target.
void finish_own_headers(http::Headers& headers, const Listener& listener);
void finish_target_headers(http::Headers& headers, const Listener& listener);

// The balancer's own response to an error: "503 Service Temporarily Unavailable" and so on.
http::Response error_response(int status);

}  // namespace holm::balancer
