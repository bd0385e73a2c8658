// Reads the addresses that the daemon wrote down.

#include "region/addresses.h"

#include <fmt/format.h>

#include "base/files.h"
#include "base/strings.h"
#include "services/acm/authority.h"

namespace holm::region {

namespace {

Result<net::Address> read_address(const std::string& path) {
  auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  auto address = net::Address::parse(trim(*text));
  if (!address) return failure(fmt::format("{} holds no address", path));
  if (address->ip() == "0.0.0.0") return net::Address::loopback(address->port());
  if (address->ip() == "::") return net::Address::parse("::1", address->port());
  return address;
}

}  // namespace

Result<net::Address> api_address(const Options& options) { return read_address(api_address_path(options)); }
Result<net::Address> edge_address(const Options& options) { return read_address(edge_address_path(options)); }
Result<net::Address> secure_edge_address(const Options& options) {
  return read_address(secure_edge_address_path(options));
}

Result<std::string> authority_certificate(const Options& options) {
  return acm::read_authority_certificate(authority_path(options));
}

}  // namespace holm::region
