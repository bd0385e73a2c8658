// Counting in addresses.

#include "stacks/cidr.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/strings.h"

namespace holm::stacks {

namespace {

using Network = std::array<unsigned char, 16>;

// Adds `count` to the number that ends at bit `bits_below` from the right; false when it overflows.
bool add(Network& address, size_t width, int bits_below, unsigned count) {
  const size_t byte = width - 1 - static_cast<size_t>(bits_below / 8);
  uint64_t carry = static_cast<uint64_t>(count) << (bits_below % 8);
  for (size_t i = byte + 1; i-- > 0 && carry > 0;) {
    carry += address[i];
    address[i] = static_cast<unsigned char>(carry & 0xFF);
    carry >>= 8;
  }
  return carry == 0;
}

void keep_bits(Network& address, size_t width, int count) {
  for (size_t i = 0; i < width; ++i) {
    const int kept = std::clamp(count - static_cast<int>(i) * 8, 0, 8);
    address[i] = static_cast<unsigned char>(address[i] & (0xFF00 >> kept));
  }
}

}  // namespace

Result<std::vector<std::string>> subnets_of(const std::string& block, int64_t count, int64_t host_bits) {
  const bool is_v6 = block.find(':') != std::string::npos;
  const int width_bits = is_v6 ? 128 : 32;
  const size_t slash = std::min(block.find('/'), block.size());
  Network network{};
  std::optional<long long> prefix =
      slash < block.size() ? parse_integer(block.substr(slash + 1)) : std::nullopt;
  const bool is_block =
      inet_pton(is_v6 ? AF_INET6 : AF_INET, block.substr(0, slash).c_str(), network.data()) == 1 && prefix &&
      *prefix >= 0 && *prefix <= width_bits;
  if (!is_block || count < 1 || count > 256 || host_bits < 1 || host_bits > width_bits - *prefix) {
    return failure(
        "Fn::Cidr requires a CIDR block, a count from 1 to 256 and a number of bits that fit into it.");
  }
  const size_t width = is_v6 ? 16 : 4;
  const int mask = width_bits - static_cast<int>(host_bits);
  const int spare = std::min(mask - static_cast<int>(*prefix), 16);
  if (count > int64_t{1} << spare) {
    return failure("Fn::Cidr: the block has no room for " + std::to_string(count) + " subnets.");
  }
  keep_bits(network, width, static_cast<int>(*prefix));
  std::vector<std::string> result;
  for (int64_t i = 0; i < count; ++i) {
    char buffer[INET6_ADDRSTRLEN];
    inet_ntop(is_v6 ? AF_INET6 : AF_INET, network.data(), buffer, sizeof buffer);
    result.push_back(std::string(buffer) + "/" + std::to_string(mask));
    add(network, width, static_cast<int>(host_bits), 1);
  }
  return result;
}

}  // namespace holm::stacks
