// What secure listeners agree to: AWS's predefined policies, and those that a client puts together.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-security-policy-table.html
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "elb/types.h"
#include "net/tls.h"

namespace holm::elb {

// Of secure listeners for which no other is set.
inline constexpr std::string_view kDefaultSecurityPolicy = "ELBSecurityPolicy-2016-08";

std::span<const std::string_view> predefined_policy_names();
// Nothing when there is none of the name.
std::optional<PolicyDescription> predefined_policy(std::string_view name);

// "Protocol-TLSv1.2", "Server-Defined-Cipher-Order", and ciphers by OpenSSL's names.
bool is_negotiation_attribute(std::string_view name);
std::vector<std::string_view> negotiation_attribute_names();
// All of them as a policy that was given these has them; those of a reference are the predefined policy's.
// Throws when nobody could agree to it, or it cannot be kept to.
std::vector<PolicyAttributeDescription> negotiated_attributes(
    const std::vector<PolicyAttributeDescription>& given);

std::shared_ptr<const net::TlsPolicy> tls_policy_of(const PolicyDescription& policy);

}  // namespace holm::elb
