// Address: where a socket is: IPv4, IPv6 with port, or a path in the file system.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

struct sockaddr;
struct sockaddr_storage;

namespace holm::net {

class Address final {
 public:
  enum class Family : uint8_t { None, Ipv4, Ipv6, Unix };

  // No address at all.
  Address() = default;
  // `ip` is "192.0.2.1" or "2001:db8::1"; names are not looked up.
  static Result<Address> parse(std::string_view ip, uint16_t port);
  // "192.0.2.1:80", "[2001:db8::1]:80" or "unix:/run/x.sock".
  static Result<Address> parse(std::string_view text);
  static Address loopback(uint16_t port);
  static Address unix_path(std::string path);
  static Address from_sockaddr(const sockaddr* socket_address, size_t bytes);

  Family family() const { return family_; }
  uint16_t port() const { return port_; }
  // "192.0.2.1", "2001:db8::1"; empty for the others.
  std::string ip() const;
  // The network-order bytes: 4 for IPv4, 16 for IPv6; empty for the others.
  std::string_view ip_bytes() const;
  const std::string& path() const { return path_; }
  // The form that `parse` reads.
  std::string to_string() const;
  // Fills `storage` and returns how many bytes of it count.
  size_t to_sockaddr(sockaddr_storage& storage) const;

  friend bool operator==(const Address&, const Address&) = default;

 private:
  Family family_ = Family::None;
  uint16_t port_ = 0;
  std::array<char, 16> ip_{};
  std::string path_;
};

}  // namespace holm::net
