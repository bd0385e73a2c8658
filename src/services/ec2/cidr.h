// IPv4 networks as VPCs and subnets have them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holm::ec2 {

// A network and its length: 10.0.0.0/16. The host part is zero.
struct Cidr {
  uint32_t network = 0;
  int length = 0;

  uint32_t first() const { return network; }
  uint64_t size() const { return uint64_t{1} << (32 - length); }
  uint32_t last() const { return static_cast<uint32_t>(network + size() - 1); }
  bool contains(uint32_t address) const { return address >= first() && address <= last(); }
  bool contains(const Cidr& other) const { return contains(other.first()) && contains(other.last()); }
  bool overlaps(const Cidr& other) const { return first() <= other.last() && other.first() <= last(); }
  std::string text() const;
};

// Nothing unless `text` is dotted IPv4 with a length; host bits are cleared, as EC2 does.
std::optional<Cidr> parse_cidr(std::string_view text);
std::optional<uint32_t> parse_address(std::string_view text);
std::string address_text(uint32_t address);

}  // namespace holm::ec2
