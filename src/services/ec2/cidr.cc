// IPv4 networks.

#include "services/ec2/cidr.h"

#include <fmt/format.h>

#include "base/strings.h"

namespace holm::ec2 {

std::optional<uint32_t> parse_address(std::string_view text) {
  auto parts = split(text, '.');
  if (parts.size() != 4) return std::nullopt;
  uint32_t address = 0;
  for (std::string_view part : parts) {
    auto number = parse_integer(part);
    if (!number || *number < 0 || *number > 255 || part.size() > 3) return std::nullopt;
    address = address << 8 | static_cast<uint32_t>(*number);
  }
  return address;
}

std::string address_text(uint32_t address) {
  return fmt::format("{}.{}.{}.{}", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
}

std::optional<Cidr> parse_cidr(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto address = parse_address(text.substr(0, slash));
  auto length = parse_integer(text.substr(slash + 1));
  if (!address || !length || *length < 0 || *length > 32) return std::nullopt;
  const uint32_t mask = *length == 0 ? 0 : ~uint32_t{0} << (32 - *length);
  return Cidr{*address & mask, static_cast<int>(*length)};
}

std::string Cidr::text() const { return fmt::format("{}/{}", address_text(network), length); }

}  // namespace holm::ec2
