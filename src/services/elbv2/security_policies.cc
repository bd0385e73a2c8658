// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html

#include "services/elbv2/security_policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "elbv2/handlers.h"
#include "services/elbv2/listener_security.h"
#include "services/elbv2/records.h"
#include "services/elbv2/service.h"

namespace holm::elbv2 {

namespace {

using net::TlsVersion;

constexpr std::array<std::string_view, 3> kSuites = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                                     "TLS_CHACHA20_POLY1305_SHA256"};

constexpr std::string_view kAll[] = {
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-RSA-AES128-SHA256",       "ECDHE-ECDSA-AES128-SHA",      "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-RSA-AES256-SHA384",       "ECDHE-RSA-AES256-SHA",        "ECDHE-ECDSA-AES256-SHA",
    "AES128-GCM-SHA256",             "AES128-SHA256",               "AES128-SHA",
    "AES256-GCM-SHA384",             "AES256-SHA256",               "AES256-SHA"};
constexpr std::string_view kTls12[] = {
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-RSA-AES128-SHA256",       "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES256-SHA384",     "ECDHE-RSA-AES256-SHA384",     "AES128-GCM-SHA256",
    "AES128-SHA256",                 "AES256-GCM-SHA384",           "AES256-SHA256"};
constexpr std::string_view kForward[] = {
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-RSA-AES128-SHA256",       "ECDHE-ECDSA-AES128-SHA",      "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-RSA-AES256-SHA384",       "ECDHE-RSA-AES256-SHA",        "ECDHE-ECDSA-AES256-SHA"};
constexpr std::string_view kForward12[] = {
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-RSA-AES128-SHA256",       "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES256-SHA384",     "ECDHE-RSA-AES256-SHA384"};
constexpr std::string_view kGcm[] = {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
                                     "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"};

constexpr SecurityPolicy kPolicies[] = {
    {"ELBSecurityPolicy-2016-08", TlsVersion::Tls10, TlsVersion::Tls12, kAll},
    {"ELBSecurityPolicy-TLS13-1-2-2021-06", TlsVersion::Tls12, TlsVersion::Tls13, kForward12},
    {"ELBSecurityPolicy-TLS13-1-2-Res-2021-06", TlsVersion::Tls12, TlsVersion::Tls13, kGcm},
    {"ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06", TlsVersion::Tls12, TlsVersion::Tls13, kTls12},
    {"ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06", TlsVersion::Tls12, TlsVersion::Tls13, kAll},
    {"ELBSecurityPolicy-TLS13-1-1-2021-06", TlsVersion::Tls11, TlsVersion::Tls13, kAll},
    {"ELBSecurityPolicy-TLS13-1-0-2021-06", TlsVersion::Tls10, TlsVersion::Tls13, kAll},
    {"ELBSecurityPolicy-TLS13-1-3-2021-06", TlsVersion::Tls13, TlsVersion::Tls13, {}},
    {"ELBSecurityPolicy-TLS-1-2-2017-01", TlsVersion::Tls12, TlsVersion::Tls12, kTls12},
    {"ELBSecurityPolicy-TLS-1-1-2017-01", TlsVersion::Tls11, TlsVersion::Tls12, kAll},
    {"ELBSecurityPolicy-TLS-1-2-Ext-2018-06", TlsVersion::Tls12, TlsVersion::Tls12, kAll},
    {"ELBSecurityPolicy-FS-2018-06", TlsVersion::Tls10, TlsVersion::Tls12, kForward},
    {"ELBSecurityPolicy-FS-1-1-2019-08", TlsVersion::Tls11, TlsVersion::Tls12, kForward},
    {"ELBSecurityPolicy-FS-1-2-2019-08", TlsVersion::Tls12, TlsVersion::Tls12, kForward},
    {"ELBSecurityPolicy-FS-1-2-Res-2019-08", TlsVersion::Tls12, TlsVersion::Tls12, kForward12},
    {"ELBSecurityPolicy-FS-1-2-Res-2020-10", TlsVersion::Tls12, TlsVersion::Tls12, kGcm},
    {"ELBSecurityPolicy-2015-05", TlsVersion::Tls10, TlsVersion::Tls12, kAll},
};

SslPolicy described(const SecurityPolicy& policy) {
  SslPolicy result;
  result.name = std::string(policy.name);
  constexpr std::pair<TlsVersion, std::string_view> kVersions[] = {{TlsVersion::Tls10, "TLSv1"},
                                                                   {TlsVersion::Tls11, "TLSv1.1"},
                                                                   {TlsVersion::Tls12, "TLSv1.2"},
                                                                   {TlsVersion::Tls13, "TLSv1.3"}};
  for (const auto& [version, name] : kVersions) {
    if (version < policy.version_min || version > policy.version_max) continue;
    result.ssl_protocols.emplace_back(name);
  }
  int32_t priority = 1;
  if (policy.version_max == TlsVersion::Tls13) {
    for (std::string_view each : kSuites) {
      result.ciphers.push_back({.name = std::string(each), .priority = priority++});
    }
  }
  for (std::string_view each : policy.ciphers) {
    result.ciphers.push_back({.name = std::string(each), .priority = priority++});
  }
  result.supported_load_balancer_types = {"application", "network"};
  return result;
}

}  // namespace

std::span<const SecurityPolicy> security_policies() { return kPolicies; }

const SecurityPolicy* find_security_policy(std::string_view name) {
  auto found = std::ranges::find(kPolicies, name, &SecurityPolicy::name);
  return found == std::end(kPolicies) ? nullptr : found;
}

std::shared_ptr<const net::TlsPolicy> tls_policy(const std::string& name, std::vector<std::string> protocols,
                                                 std::shared_ptr<const net::ClientTrust> clients) {
  const SecurityPolicy* found = find_security_policy(name);
  CHECK(found != nullptr);
  auto policy = std::make_shared<net::TlsPolicy>();
  policy->version_min = found->version_min;
  policy->version_max = found->version_max;
  policy->ciphers.assign(found->ciphers.begin(), found->ciphers.end());
  if (found->version_max == TlsVersion::Tls13) policy->suites.assign(kSuites.begin(), kSuites.end());
  policy->protocols = std::move(protocols);
  policy->clients = std::move(clients);
  return policy;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeSSLPolicies.html
DescribeSSLPoliciesOutput describe_ssl_policies(Service&, Call&, const DescribeSSLPoliciesInput& request) {
  DescribeSSLPoliciesOutput result;
  for (const std::string& name : request.names) {
    if (find_security_policy(name)) continue;
    throw SSLPolicyNotFoundException(fmt::format("SSL policy '{}' not found", name));
  }
  const std::string type = request.load_balancer_type.value_or("application");
  const bool fits = type == "application" || type == "network";
  for (const SecurityPolicy& each : kPolicies) {
    bool wanted = request.names.empty() || std::ranges::find(request.names, each.name) != request.names.end();
    if (wanted && fits) result.ssl_policies.push_back(described(each));
  }
  result.next_marker = take_page(result.ssl_policies, request.page_size, request.marker);
  return result;
}

}  // namespace holm::elbv2
