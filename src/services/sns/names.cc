// Asking the machine for addresses.

#include "services/sns/names.h"

#include <netdb.h>

#include <memory>

namespace holm::sns {

namespace {

constexpr uint16_t kSitePort = 80;

struct Free {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

}  // namespace

Result<net::Address> find_address(const std::string& host, uint16_t port, const net::Address& sites) {
  if (auto address = net::Address::parse(host, port)) return *address;
  if (host == "localhost") return net::Address::loopback(port);
  if (host.ends_with(kSiteSuffix)) return port == kSitePort ? sites : net::Address::loopback(port);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* raw = nullptr;
  const int wrong = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &raw);
  const std::unique_ptr<addrinfo, Free> list(raw);
  if (wrong != 0 || !list) return failure(host + " has no address: " + ::gai_strerror(wrong));
  return net::Address::from_sockaddr(list->ai_addr, list->ai_addrlen);
}

}  // namespace holm::sns
