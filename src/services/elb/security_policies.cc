// The tables of AWS's policies, without SSL 3.0 and the ciphers that only old machines know.

#include "services/elb/security_policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aws/service/error.h"
#include "elb/errors.h"
#include "services/elb/policies.h"

namespace holm::elb {

namespace {

using net::TlsVersion;

constexpr std::string_view kReference = "Reference-Security-Policy";
constexpr std::string_view kServerOrder = "Server-Defined-Cipher-Order";

struct Version {
  std::string_view attribute;
  TlsVersion version;
};
constexpr std::array<Version, 3> kVersions = {{{"Protocol-TLSv1", TlsVersion::Tls10},
                                               {"Protocol-TLSv1.1", TlsVersion::Tls11},
                                               {"Protocol-TLSv1.2", TlsVersion::Tls12}}};
constexpr std::array<std::string_view, 2> kOldVersions = {"Protocol-SSLv2", "Protocol-SSLv3"};

// In AWS's order; `is_new`: also of the policies for TLS 1.2 alone.
struct Cipher {
  std::string_view name;
  bool is_new;
};
constexpr std::array<Cipher, 18> kCiphers = {{{"ECDHE-ECDSA-AES128-GCM-SHA256", true},
                                              {"ECDHE-RSA-AES128-GCM-SHA256", true},
                                              {"ECDHE-ECDSA-AES128-SHA256", true},
                                              {"ECDHE-RSA-AES128-SHA256", true},
                                              {"ECDHE-ECDSA-AES128-SHA", false},
                                              {"ECDHE-RSA-AES128-SHA", false},
                                              {"ECDHE-ECDSA-AES256-GCM-SHA384", true},
                                              {"ECDHE-RSA-AES256-GCM-SHA384", true},
                                              {"ECDHE-ECDSA-AES256-SHA384", true},
                                              {"ECDHE-RSA-AES256-SHA384", true},
                                              {"ECDHE-RSA-AES256-SHA", false},
                                              {"ECDHE-ECDSA-AES256-SHA", false},
                                              {"AES128-GCM-SHA256", true},
                                              {"AES128-SHA256", true},
                                              {"AES128-SHA", false},
                                              {"AES256-GCM-SHA384", true},
                                              {"AES256-SHA256", true},
                                              {"AES256-SHA", false}}};
// Known to AWS, in none of its policies since 2016, and refused.
constexpr std::array<std::string_view, 21> kOldCiphers = {"DHE-RSA-AES128-GCM-SHA256",
                                                          "DHE-RSA-AES128-SHA256",
                                                          "DHE-RSA-AES128-SHA",
                                                          "DHE-RSA-AES256-GCM-SHA384",
                                                          "DHE-RSA-AES256-SHA256",
                                                          "DHE-RSA-AES256-SHA",
                                                          "DHE-DSS-AES128-SHA",
                                                          "DHE-DSS-AES256-SHA",
                                                          "DHE-RSA-CAMELLIA128-SHA",
                                                          "DHE-RSA-CAMELLIA256-SHA",
                                                          "CAMELLIA128-SHA",
                                                          "CAMELLIA256-SHA",
                                                          "EDH-RSA-DES-CBC3-SHA",
                                                          "DES-CBC3-SHA",
                                                          "ECDHE-RSA-RC4-SHA",
                                                          "RC4-SHA",
                                                          "ECDHE-ECDSA-RC4-SHA",
                                                          "RC4-MD5",
                                                          "SEED-SHA",
                                                          "DHE-RSA-SEED-SHA",
                                                          "PSK-AES128-CBC-SHA"};

constexpr std::array<std::string_view, 3> kPredefined = {
    kDefaultSecurityPolicy, "ELBSecurityPolicy-TLS-1-1-2017-01", "ELBSecurityPolicy-TLS-1-2-2017-01"};
constexpr std::array<std::string_view, 7> kUnbuilt = {
    "ELBSecurityPolicy-2015-05",           "ELBSecurityPolicy-2015-03", "ELBSecurityPolicy-2015-02",
    "ELBSecurityPolicy-2014-10",           "ELBSecurityPolicy-2014-01", "ELBSecurityPolicy-2011-08",
    "ELBSample-OpenSSLDefaultCipherPolicy"};

PolicyAttributeDescription attribute(std::string_view name, std::string_view value) {
  return {.attribute_name = std::string(name), .attribute_value = std::string(value)};
}

bool is_version_of(std::string_view policy, TlsVersion version) {
  if (policy == "ELBSecurityPolicy-TLS-1-2-2017-01") return version == TlsVersion::Tls12;
  if (policy == "ELBSecurityPolicy-TLS-1-1-2017-01") return version >= TlsVersion::Tls11;
  return true;
}

// Those that the predefined policy sets.
std::vector<std::string_view> set_by(std::string_view policy) {
  std::vector<std::string_view> names = {kServerOrder};
  for (const Version& each : kVersions) {
    if (is_version_of(policy, each.version)) names.push_back(each.attribute);
  }
  const bool takes_new_only = policy == "ELBSecurityPolicy-TLS-1-2-2017-01";
  for (const Cipher& each : kCiphers) {
    if (each.is_new || !takes_new_only) names.push_back(each.name);
  }
  return names;
}

std::vector<PolicyAttributeDescription> all_with(const std::vector<std::string_view>& names_set) {
  std::vector<PolicyAttributeDescription> made;
  for (std::string_view each : negotiation_attribute_names()) {
    const bool is_set = std::ranges::find(names_set, each) != names_set.end();
    made.push_back(attribute(each, is_set ? "true" : "false"));
  }
  return made;
}

[[noreturn]] void refuse_configuration(const std::string& message) {
  throw InvalidConfigurationRequestException(message);
}

// From the oldest to the newest without a gap: nothing else can be agreed on.
void check_versions(const std::vector<std::string_view>& names_set) {
  auto is_set = [&](std::string_view name) { return std::ranges::find(names_set, name) != names_set.end(); };
  for (std::string_view each : kOldVersions) {
    if (is_set(each)) throw aws::NotImplemented(std::string(each));
  }
  for (std::string_view each : kOldCiphers) {
    if (is_set(each)) throw aws::NotImplemented(fmt::format("The cipher {}", each));
  }
  const bool has_gap =
      is_set(kVersions[0].attribute) && !is_set(kVersions[1].attribute) && is_set(kVersions[2].attribute);
  if (has_gap) throw aws::NotImplemented("Protocol-TLSv1 and Protocol-TLSv1.2 without Protocol-TLSv1.1");
  const bool has_version =
      std::ranges::any_of(kVersions, [&](const Version& each) { return is_set(each.attribute); });
  if (!has_version) refuse_configuration("At least one protocol must be enabled");
  const bool has_cipher =
      std::ranges::any_of(kCiphers, [&](const Cipher& each) { return is_set(each.name); });
  if (!has_cipher) refuse_configuration("At least one cipher must be enabled");
}

}  // namespace

std::span<const std::string_view> predefined_policy_names() { return kPredefined; }

std::optional<PolicyDescription> predefined_policy(std::string_view name) {
  if (std::ranges::find(kPredefined, name) == kPredefined.end()) return std::nullopt;
  PolicyDescription policy{.policy_name = std::string(name), .policy_type_name = std::string(kSecurityType)};
  policy.policy_attribute_descriptions = all_with(set_by(name));
  return policy;
}

std::vector<std::string_view> negotiation_attribute_names() {
  std::vector<std::string_view> names(kOldVersions.begin(), kOldVersions.end());
  for (const Version& each : kVersions) names.push_back(each.attribute);
  names.push_back(kServerOrder);
  for (const Cipher& each : kCiphers) names.push_back(each.name);
  names.insert(names.end(), kOldCiphers.begin(), kOldCiphers.end());
  return names;
}

bool is_negotiation_attribute(std::string_view name) {
  const std::vector<std::string_view> known = negotiation_attribute_names();
  return std::ranges::find(known, name) != known.end();
}

std::vector<PolicyAttributeDescription> negotiated_attributes(
    const std::vector<PolicyAttributeDescription>& given) {
  std::vector<std::string_view> names_set;
  std::string reference;
  for (const PolicyAttributeDescription& each : given) {
    if (each.attribute_name == kReference) reference = *each.attribute_value;
    if (each.attribute_value == "true") names_set.push_back(*each.attribute_name);
  }
  if (reference.empty()) {
    check_versions(names_set);
    return all_with(names_set);
  }
  if (std::ranges::find(kUnbuilt, reference) != kUnbuilt.end()) {
    throw aws::NotImplemented("Reference-Security-Policy " + reference);
  }
  const auto known = predefined_policy(reference);
  if (!known)
    throw PolicyNotFoundException(fmt::format("There is no predefined policy with name {}", reference));
  std::vector<PolicyAttributeDescription> made = {attribute(kReference, reference)};
  made.insert(made.end(), known->policy_attribute_descriptions.begin(),
              known->policy_attribute_descriptions.end());
  return made;
}

std::shared_ptr<const net::TlsPolicy> tls_policy_of(const PolicyDescription& policy) {
  auto made = std::make_shared<net::TlsPolicy>();
  bool has_version = false;
  for (const Version& each : kVersions) {
    if (attribute_of(policy, each.attribute) != "true") continue;
    if (!has_version) made->version_min = each.version;
    has_version = true;
    made->version_max = each.version;
  }
  for (const Cipher& each : kCiphers) {
    if (attribute_of(policy, each.name) == "true") made->ciphers.emplace_back(each.name);
  }
  return made;
}

}  // namespace holm::elb
