// AWS's predefined security policies: which versions and ciphers a listener agrees to.
#pragma once

#include <span>
#include <string_view>

#include "net/tls.h"

namespace holm::elbv2 {

struct SecurityPolicy {
  std::string_view name;
  net::TlsVersion version_min;
  net::TlsVersion version_max;
  // Of up to TLS 1.2, in AWS's order, with OpenSSL's names.
  std::span<const std::string_view> ciphers;
};

std::span<const SecurityPolicy> security_policies();
// Null when there is none of the name.
const SecurityPolicy* find_security_policy(std::string_view name);

}  // namespace holm::elbv2
