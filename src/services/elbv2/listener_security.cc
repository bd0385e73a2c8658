// Certificates of listeners.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html

#include "services/elbv2/listener_security.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/certificate_directory.h"
#include "services/elbv2/kinds.h"
#include "services/elbv2/limits.h"
#include "services/elbv2/records.h"
#include "services/elbv2/security_policies.h"
#include "services/elbv2/service.h"

namespace holm::elbv2 {

namespace {

constexpr std::string_view kDefaultPolicy = "ELBSecurityPolicy-2016-08";

[[noreturn]] void refuse(const std::string& message) {
  throw aws::ServiceError("ValidationError", 400, message);
}

// A certificate can be served as soon as the request that made it is done.
void require_certificate(Service& service, const Call& call, const std::string& arn) {
  if (arn.starts_with("arn:aws:iam:")) throw aws::NotImplemented("Certificates: server certificates of IAM");
  const bool is_own = arn.starts_with(aws::arn("acm", call, "certificate/"));
  if (is_own && service.use().certificates.find(arn)) return;
  throw CertificateNotFoundException(fmt::format("Certificate '{}' not found", arn));
}

std::vector<std::string> additional_certificates(Call& call, const std::string& listener) {
  std::vector<std::string> arns;
  for (const sql::Row& row : call.transaction.run(
           "SELECT arn FROM elbv2_certificate WHERE listener = ?1 ORDER BY position", {listener})) {
    arns.push_back(row.text(0));
  }
  return arns;
}

Listener require_secure(Call& call, const std::string& arn) {
  Listener listener = require_listener(call, arn);
  if (!needs_certificate(*listener.protocol)) refuse("Certificates can be given to HTTPS and TLS listeners only");
  return listener;
}

std::string only_arn(const std::vector<Certificate>& certificates) {
  if (certificates.size() != 1) refuse("A listener has exactly one default certificate");
  if (certificates[0].is_default) refuse("You cannot specify IsDefault with a default certificate");
  return certificates[0].certificate_arn.value_or("");
}

}  // namespace

void set_security(Service& service, Call& call, Listener& listener, const std::optional<std::string>& policy,
                  const std::vector<Certificate>& certificates) {
  if (!needs_certificate(*listener.protocol)) {
    if (policy) refuse(fmt::format("An SSL policy cannot be specified for {} listeners", *listener.protocol));
    if (!certificates.empty()) {
      refuse(fmt::format("A certificate cannot be specified for {} listeners", *listener.protocol));
    }
    listener.alpn_policy.clear();
    listener.ssl_policy.reset();
    listener.certificates.clear();
    return;
  }
  if (!certificates.empty()) {
    const std::string arn = only_arn(certificates);
    require_certificate(service, call, arn);
    listener.certificates = {{.certificate_arn = arn}};
    // As the default it is no additional one.
    call.transaction.run("DELETE FROM elbv2_certificate WHERE listener = ?1 AND arn = ?2",
                         {*listener.listener_arn, arn});
  }
  if (listener.certificates.empty()) {
    refuse(fmt::format("A certificate must be specified for {} listeners", *listener.protocol));
  }
  if (policy) listener.ssl_policy = policy;
  if (!listener.ssl_policy) listener.ssl_policy = std::string(kDefaultPolicy);
  if (!find_security_policy(*listener.ssl_policy)) {
    throw SSLPolicyNotFoundException(fmt::format("SSL policy '{}' not found", *listener.ssl_policy));
  }
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/create-tls-listener.html#alpn-policies
std::optional<std::vector<std::string>> alpn_protocols(std::string_view policy) {
  using Protocols = std::vector<std::string>;
  if (policy == "None") return Protocols();
  if (policy == "HTTP1Only") return Protocols{"http/1.1"};
  if (policy == "HTTP2Only") return Protocols{"h2"};
  if (policy == "HTTP2Optional") return Protocols{"http/1.1", "h2"};
  if (policy == "HTTP2Preferred") return Protocols{"h2", "http/1.1"};
  return std::nullopt;
}

std::vector<std::string> certificates_of(Call& call, const Listener& listener) {
  std::vector<std::string> arns;
  for (const Certificate& each : listener.certificates) arns.push_back(each.certificate_arn.value_or(""));
  std::vector<std::string> more = additional_certificates(call, *listener.listener_arn);
  arns.insert(arns.end(), more.begin(), more.end());
  return arns;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeListenerCertificates.html
DescribeListenerCertificatesOutput describe_listener_certificates(
    Service&, Call& call, const DescribeListenerCertificatesInput& request) {
  Listener listener = require_listener(call, request.listener_arn);
  DescribeListenerCertificatesOutput result;
  for (const std::string& arn : certificates_of(call, listener)) {
    const bool is_default = result.certificates.empty();
    result.certificates.push_back({.certificate_arn = arn, .is_default = is_default});
  }
  result.next_marker = take_page(result.certificates, request.page_size, request.marker);
  return result;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AddListenerCertificates.html
// One that the listener has already stays as it is.
AddListenerCertificatesOutput add_listener_certificates(Service& service, Call& call,
                                                        const AddListenerCertificatesInput& request) {
  Listener listener = require_secure(call, request.listener_arn);
  AddListenerCertificatesOutput result;
  for (const Certificate& each : request.certificates) {
    const std::string arn = each.certificate_arn.value_or("");
    if (each.is_default) refuse("You cannot specify IsDefault when you add a certificate");
    require_certificate(service, call, arn);
    const bool is_default = listener.certificates.front().certificate_arn == arn;
    if (!is_default) {
      call.transaction.run(
          "INSERT INTO elbv2_certificate (listener, arn) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
          {request.listener_arn, arn});
    }
    result.certificates.push_back({.certificate_arn = arn, .is_default = is_default});
  }
  check_certificate_count(call, *listener.load_balancer_arn);
  service.changed(call.transaction);
  return result;
}

RemoveListenerCertificatesOutput remove_listener_certificates(
    Service& service, Call& call, const RemoveListenerCertificatesInput& request) {
  Listener listener = require_secure(call, request.listener_arn);
  for (const Certificate& each : request.certificates) {
    const std::string arn = each.certificate_arn.value_or("");
    if (listener.certificates.front().certificate_arn == arn) {
      throw OperationNotPermittedException("The default certificate of a listener cannot be removed");
    }
    call.transaction.run("DELETE FROM elbv2_certificate WHERE listener = ?1 AND arn = ?2",
                         {request.listener_arn, arn});
  }
  service.changed(call.transaction);
  return {};
}

}  // namespace holm::elbv2
