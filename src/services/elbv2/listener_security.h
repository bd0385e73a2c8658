// What HTTPS listeners agree to, and with which certificates.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "elbv2/handlers.h"
#include "net/tls.h"

namespace holm::elbv2 {

// Applies what a request says of policy and certificates (both may be empty) to a listener whose protocol is set,
// with AWS's defaults; throws AWS's errors.
void set_security(Service& service, Call& call, Listener& listener, const std::optional<std::string>& policy,
                  const std::vector<Certificate>& certificates);

// The ARNs of all certificates of a listener, the default first.
std::vector<std::string> certificates_of(Call& call, const Listener& listener);

// The policy of that name; `protocols` are those of the layer above, `clients` may be null.
std::shared_ptr<const net::TlsPolicy> tls_policy(const std::string& name, std::vector<std::string> protocols,
                                                 std::shared_ptr<const net::ClientTrust> clients);

// What a listener of the ALPN policy speaks; nothing when there is no such policy.
std::optional<std::vector<std::string>> alpn_protocols(std::string_view policy);

}  // namespace holm::elbv2
