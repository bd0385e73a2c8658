// The binary form is without extensions.

#include "dataplane/balancer/proxy_header.h"

#include <fmt/format.h>

namespace holm::balancer {

namespace {

constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr char kLocal = 0x20;  // Version 2 in the upper half.
constexpr char kProxy = 0x21;
constexpr char kTcp4 = 0x11;
constexpr char kTcp6 = 0x21;

void append_number(std::string& out, size_t number) {
  out += static_cast<char>(number >> 8);
  out += static_cast<char>(number & 0xff);
}

}  // namespace

std::string own_proxy_header() {
  std::string header(kSignature);
  header += kLocal;
  header += '\0';
  append_number(header, 0);
  return header;
}

std::string proxy_line(const net::Address& client, const net::Address& server) {
  const std::string_view from = client.ip_bytes();
  if (from.empty() || from.size() != server.ip_bytes().size()) return "PROXY UNKNOWN\r\n";
  return fmt::format("PROXY {} {} {} {} {}\r\n", from.size() == 4 ? "TCP4" : "TCP6", client.ip(), server.ip(),
                     client.port(), server.port());
}

std::string proxy_header(const net::Address& client, const net::Address& server) {
  const std::string_view from = client.ip_bytes();
  const std::string_view to = server.ip_bytes();
  if (from.empty() || from.size() != to.size()) return own_proxy_header();
  std::string header(kSignature);
  header += kProxy;
  header += from.size() == 4 ? kTcp4 : kTcp6;
  append_number(header, 2 * from.size() + 4);
  header.append(from).append(to);
  append_number(header, client.port());
  append_number(header, server.port());
  return header;
}

}  // namespace holm::balancer
