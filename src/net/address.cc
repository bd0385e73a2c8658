// Addresses from text and from the kernel's structures, and back.

#include "net/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "base/strings.h"

namespace holm::net {

namespace {

constexpr std::string_view kUnixPrefix = "unix:";

// The C library's takes a microsecond, which is much where each request needs some.
// Of the four bytes of IPv4.
std::string dotted(std::string_view bytes) {
  std::array<char, INET_ADDRSTRLEN> text;
  char* end = text.data();
  auto add_digit = [&end](unsigned digit) { *end++ = static_cast<char>('0' + digit); };
  for (char each : bytes.substr(0, 4)) {
    const unsigned octet = static_cast<uint8_t>(each);
    if (octet >= 100) add_digit(octet / 100);
    if (octet >= 10) add_digit(octet / 10 % 10);
    add_digit(octet % 10);
    *end++ = '.';
  }
  return {text.data(), end - 1};
}

std::optional<uint16_t> parse_port(std::string_view text) {
  bool digits = !text.empty() && text.size() <= 5 &&
                std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return std::nullopt;
  std::optional<long long> number = parse_integer(text);
  if (!number || *number > 65535) return std::nullopt;
  return static_cast<uint16_t>(*number);
}

}  // namespace

Result<Address> Address::parse(std::string_view ip, uint16_t port) {
  Address address;
  address.port_ = port;
  std::string text(ip);
  if (::inet_pton(AF_INET, text.c_str(), address.ip_.data()) == 1) {
    address.family_ = Family::Ipv4;
  } else if (::inet_pton(AF_INET6, text.c_str(), address.ip_.data()) == 1) {
    address.family_ = Family::Ipv6;
  } else {
    return failure(fmt::format("\"{}\" is no IP address", ip));
  }
  return address;
}

Result<Address> Address::parse(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) {
    std::string_view path = text.substr(kUnixPrefix.size());
    if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
      return failure(fmt::format("\"{}\" is no path of a socket", path));
    }
    return unix_path(std::string(path));
  }
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return failure(fmt::format("\"{}\" has no port", text));
  std::optional<uint16_t> port = parse_port(text.substr(colon + 1));
  if (!port) return failure(fmt::format("\"{}\" has no valid port", text));
  std::string_view ip = text.substr(0, colon);
  bool bracketed = ip.starts_with('[') && ip.ends_with(']') && ip.size() > 2;
  if (bracketed) ip = ip.substr(1, ip.size() - 2);
  Result<Address> address = parse(ip, *port);
  if (address && bracketed != (address->family_ == Family::Ipv6)) {
    return failure(fmt::format("\"{}\" is no address: brackets are for IPv6", text));
  }
  return address;
}

Address Address::loopback(uint16_t port) {
  Address address;
  address.family_ = Family::Ipv4;
  address.port_ = port;
  address.ip_[0] = 127;
  address.ip_[3] = 1;
  return address;
}

Address Address::unix_path(std::string path) {
  Address address;
  address.family_ = Family::Unix;
  address.path_ = std::move(path);
  return address;
}

Address Address::from_sockaddr(const sockaddr* socket_address, size_t bytes) {
  Address address;
  if (bytes >= sizeof(sockaddr_in) && socket_address->sa_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, socket_address, sizeof in);
    address.family_ = Family::Ipv4;
    address.port_ = ntohs(in.sin_port);
    std::memcpy(address.ip_.data(), &in.sin_addr, 4);
  } else if (bytes >= sizeof(sockaddr_in6) && socket_address->sa_family == AF_INET6) {
    sockaddr_in6 in;
    std::memcpy(&in, socket_address, sizeof in);
    address.family_ = Family::Ipv6;
    address.port_ = ntohs(in.sin6_port);
    std::memcpy(address.ip_.data(), &in.sin6_addr, 16);
  } else if (bytes >= sizeof(sa_family_t) && socket_address->sa_family == AF_UNIX) {
    sockaddr_un un{};
    std::memcpy(&un, socket_address, std::min(bytes, sizeof un));
    address.family_ = Family::Unix;
    // The name of an unbound socket is empty; an abstract one starts with a zero byte.
    address.path_.assign(un.sun_path, ::strnlen(un.sun_path, sizeof un.sun_path));
  }
  return address;
}

std::string_view Address::ip_bytes() const {
  if (family_ == Family::Ipv4) return {ip_.data(), 4};
  if (family_ == Family::Ipv6) return {ip_.data(), 16};
  return {};
}

std::string Address::ip() const {
  if (ip_bytes().empty()) return {};
  if (family_ == Family::Ipv4) return dotted(ip_bytes());
  char text[INET6_ADDRSTRLEN];
  ::inet_ntop(AF_INET6, ip_.data(), text, sizeof text);
  return text;
}

std::string Address::to_string() const {
  switch (family_) {
    case Family::None:
      return {};
    case Family::Ipv4:
      return ip().append(":").append(fmt::format_int(port_).c_str());
    case Family::Ipv6:
      return fmt::format("[{}]:{}", ip(), port_);
    case Family::Unix:
      return fmt::format("{}{}", kUnixPrefix, path_);
  }
  return {};
}

size_t Address::to_sockaddr(sockaddr_storage& storage) const {
  std::memset(&storage, 0, sizeof storage);
  switch (family_) {
    case Family::None:
      return 0;
    case Family::Ipv4: {
      auto& in = reinterpret_cast<sockaddr_in&>(storage);
      in.sin_family = AF_INET;
      in.sin_port = htons(port_);
      std::memcpy(&in.sin_addr, ip_.data(), 4);
      return sizeof in;
    }
    case Family::Ipv6: {
      auto& in = reinterpret_cast<sockaddr_in6&>(storage);
      in.sin6_family = AF_INET6;
      in.sin6_port = htons(port_);
      std::memcpy(&in.sin6_addr, ip_.data(), 16);
      return sizeof in;
    }
    case Family::Unix: {
      auto& un = reinterpret_cast<sockaddr_un&>(storage);
      un.sun_family = AF_UNIX;
      size_t bytes = std::min(path_.size(), sizeof un.sun_path - 1);
      std::memcpy(un.sun_path, path_.data(), bytes);
      return offsetof(sockaddr_un, sun_path) + bytes + 1;
    }
  }
  return 0;
}

}  // namespace holm::net
