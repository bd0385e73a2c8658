// Host and framing are the client's business; everything else is sent as given.

#include "http/outgoing_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/strings.h"
#include "http/characters.h"
#include "http/response_head.h"

namespace holm::http {

namespace {

std::string host_of(const Target& target) {
  uint16_t default_port = target.tls ? 443 : 80;
  const net::Address& address = target.address;
  std::string name = target.server_name;
  if (name.empty()) {
    name = address.family() == net::Address::Family::Ipv6 ? fmt::format("[{}]", address.ip())
                                                          : address.ip();
  }
  if (name.empty()) return "localhost";
  if (address.port() == default_port || address.port() == 0) return name;
  return fmt::format("{}:{}", name, address.port());
}

bool is_ours(std::string_view name) {
  return equals_ignoring_case(name, "content-length") ||
         equals_ignoring_case(name, "transfer-encoding");
}

bool body_is_usual(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

}  // namespace

std::optional<Error> find_mistake(const OutgoingRequest& request) {
  if (request.method.empty() || !all(kToken, request.method)) {
    return Error{"the method is no token"};
  }
  if (request.target.empty() || !all(kTarget, request.target)) {
    return Error{"the target has characters that must be escaped"};
  }
  if (!can_be_sent(request.headers)) return Error{"a header cannot be sent"};
  return std::nullopt;
}

OutgoingHead make_head(const OutgoingRequest& request, const Target& target,
                       const RequestOptions& options) {
  OutgoingHead head;
  auto end = std::back_inserter(head.text);
  fmt::format_to(end, "{} {} HTTP/1.1\r\n", request.method, request.target);
  if (!request.headers.has("host")) fmt::format_to(end, "Host: {}\r\n", host_of(target));
  for (const Header& header : request.headers) {
    if (!is_ours(header.name)) append_header(head.text, header.name, header.value);
  }
  if (options.reuse == Reuse::Never && !request.headers.has("connection")) {
    head.text += "Connection: close\r\n";
  }
  std::optional<uint64_t> length = request.body.size();
  if (request.body_stream) length = request.body_stream->length();
  if (!length) {
    head.framing = Framing::Chunked;
    head.text += "Transfer-Encoding: chunked\r\n";
  } else if (*length > 0 || body_is_usual(request.method)) {
    head.framing = Framing::Length;
    fmt::format_to(end, "Content-Length: {}\r\n", *length);
  }
  head.text += "\r\n";
  return head;
}

bool has_token(const Headers& headers, std::string_view name, std::string_view token) {
  return std::ranges::any_of(headers.all(name),
                             [token](std::string_view value) { return lists_token(value, token); });
}

bool lists_token(std::string_view list, std::string_view token) {
  return std::ranges::any_of(split(list, ','), [token](std::string_view each) {
    return equals_ignoring_case(trim_space(each), token);
  });
}

}  // namespace holm::http
