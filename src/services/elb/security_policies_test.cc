// What secure listeners agree to by their policies.

#include "services/elb/security_policies.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "aws/service/error.h"
#include "services/elb/policies.h"

namespace holm::elb {
namespace {

PolicyDescription made_of(std::vector<std::string> names_set, const std::string& reference = "") {
  std::vector<PolicyAttributeDescription> given;
  for (const std::string& each : names_set)
    given.push_back({.attribute_name = each, .attribute_value = "true"});
  if (!reference.empty()) {
    given.push_back({.attribute_name = "Reference-Security-Policy", .attribute_value = reference});
  }
  return {.policy_attribute_descriptions = negotiated_attributes(given)};
}

std::string error_of(std::vector<std::string> names_set, const std::string& reference = "") {
  try {
    made_of(std::move(names_set), reference);
  } catch (const aws::ServiceError& error) {
    return error.code;
  }
  return "none";
}

TEST(SecurityPolicies, ThatArePredefinedAreAwss) {
  const auto usual = tls_policy_of(*predefined_policy("ELBSecurityPolicy-2016-08"));
  EXPECT_EQ(usual->version_min, net::TlsVersion::Tls10);
  EXPECT_EQ(usual->version_max, net::TlsVersion::Tls12);
  EXPECT_EQ(usual->ciphers.size(), 18u);
  const auto strict = tls_policy_of(*predefined_policy("ELBSecurityPolicy-TLS-1-2-2017-01"));
  EXPECT_EQ(strict->version_min, net::TlsVersion::Tls12);
  EXPECT_EQ(strict->ciphers.size(), 12u);
  EXPECT_EQ(std::ranges::count(strict->ciphers, "AES128-SHA"), 0);
  EXPECT_FALSE(predefined_policy("ELBSecurityPolicy-none"));
}

TEST(SecurityPolicies, CanReferToOne) {
  const PolicyDescription policy = made_of({}, "ELBSecurityPolicy-TLS-1-1-2017-01");
  EXPECT_EQ(attribute_of(policy, "Reference-Security-Policy"), "ELBSecurityPolicy-TLS-1-1-2017-01");
  EXPECT_EQ(attribute_of(policy, "Protocol-TLSv1"), "false");
  EXPECT_EQ(attribute_of(policy, "Protocol-TLSv1.1"), "true");
  EXPECT_EQ(error_of({}, "ELBSecurityPolicy-none"), "PolicyNotFound");
  EXPECT_EQ(error_of({}, "ELBSecurityPolicy-2014-01"), "NotImplemented");
}

TEST(SecurityPolicies, CanBePutTogether) {
  const PolicyDescription policy =
      made_of({"Protocol-TLSv1.1", "Protocol-TLSv1.2", "AES256-SHA", "ECDHE-RSA-AES128-GCM-SHA256"});
  const auto agreed = tls_policy_of(policy);
  EXPECT_EQ(agreed->version_min, net::TlsVersion::Tls11);
  EXPECT_EQ(agreed->version_max, net::TlsVersion::Tls12);
  EXPECT_EQ(agreed->ciphers, (std::vector<std::string>{"ECDHE-RSA-AES128-GCM-SHA256", "AES256-SHA"}));
  EXPECT_EQ(attribute_of(policy, "Server-Defined-Cipher-Order"), "false");
}

TEST(SecurityPolicies, ThatNobodyCouldKeepToAreRefused) {
  EXPECT_EQ(error_of({"AES256-SHA"}), "InvalidConfigurationRequest") << "no protocol";
  EXPECT_EQ(error_of({"Protocol-TLSv1.2"}), "InvalidConfigurationRequest") << "no cipher";
  EXPECT_EQ(error_of({"Protocol-SSLv3", "AES256-SHA"}), "NotImplemented");
  EXPECT_EQ(error_of({"Protocol-TLSv1.2", "RC4-SHA"}), "NotImplemented");
  EXPECT_EQ(error_of({"Protocol-TLSv1", "Protocol-TLSv1.2", "AES256-SHA"}), "NotImplemented") << "a gap";
}

}  // namespace
}  // namespace holm::elb
