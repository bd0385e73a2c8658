// Certificates: requested, imported, described, listed, deleted.

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/region.h"
#include "base/strings.h"
#include "crypto/hash.h"
#include "net/certificate_directory.h"
#include "services/acm/records.h"

namespace holm::acm {

namespace {

constexpr size_t kNamesMax = 100;

std::string new_arn(Service& service, const Call& call) {
  return aws::arn("acm", call, "certificate/" + service.use().random.uuid());
}

// "example.com", "*.example.com": labels of letters, digits and hyphens.
bool is_domain_name(std::string_view name) {
  if (name.starts_with("*.")) name.remove_prefix(2);
  if (name.empty() || name.size() > 253) return false;
  auto labels = split(name, '.');
  return std::ranges::all_of(labels, [](std::string_view label) {
    bool plain = std::ranges::all_of(label, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
    return plain && !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-';
  });
}

std::vector<std::string> names_of(const RequestCertificateRequest& request) {
  std::vector<std::string> names = {to_lower(request.domain_name)};
  for (const std::string& each : request.subject_alternative_names) {
    std::string name = to_lower(each);
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  for (const std::string& name : names) {
    if (is_domain_name(name)) continue;
    throw InvalidParameterException(fmt::format("The domain name {} is not valid.", name));
  }
  if (names.size() > kNamesMax) {
    throw LimitExceededException(fmt::format("A certificate can be for {} names.", kNamesMax));
  }
  return names;
}

// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
// The record is the same for a name each time, and for the wildcard of it.
DomainValidation validation_of(const Call& call, const std::string& name, const std::string& method) {
  DomainValidation validation{.domain_name = name};
  validation.validation_domain = name;
  validation.validation_status = "SUCCESS";
  validation.validation_method = method;
  if (method != "DNS") return validation;
  const std::string bare = name.starts_with("*.") ? name.substr(2) : name;
  auto label = [&](std::string_view part) {
    const crypto::Sha256Digest digest = crypto::sha256(fmt::format("{}|{}|{}", part, call.account, bare));
    return hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()}).substr(0, 32);
  };
  validation.resource_record =
      ResourceRecord{.name = fmt::format("_{}.{}.", label("name"), bare),
                     .type = "CNAME",
                     .value = fmt::format("_{}.acm-validations.aws.", label("value"))};
  return validation;
}

void refuse_what_is_missing(const RequestCertificateRequest& request) {
  if (request.certificate_authority_arn) throw aws::NotImplemented("CertificateAuthorityArn");
  const std::string algorithm = request.key_algorithm.value_or("RSA_2048");
  if (algorithm != "RSA_2048" && algorithm != "EC_prime256v1") {
    throw aws::NotImplemented("KeyAlgorithm " + algorithm);
  }
  if (request.options && request.options->export_.value_or("DISABLED") != "DISABLED") {
    throw aws::NotImplemented("Options: Export ENABLED");
  }
}

CertificateDetail with_users(Service& service, CertificateDetail detail) {
  detail.in_use_by = service.use().certificates.users_of(*detail.certificate_arn);
  const bool renews = detail.type == "AMAZON_ISSUED" && !detail.in_use_by.empty();
  detail.renewal_eligibility = renews ? "ELIGIBLE" : "INELIGIBLE";
  return detail;
}

}  // namespace

// https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
// Every name of the region is its owner's, so the certificate is issued without asking the DNS.
RequestCertificateResponse request_certificate(Service& service, Call& call,
                                               const RequestCertificateRequest& request) {
  refuse_what_is_missing(request);
  CertificateDetail asked;
  asked.subject_alternative_names = names_of(request);
  asked.domain_name = asked.subject_alternative_names.front();
  std::string token;
  if (request.idempotency_token) {
    token = *request.idempotency_token + "|" + join(asked.subject_alternative_names, ",");
    auto same = call.transaction.find(
        "SELECT arn FROM acm_certificate WHERE account = ?1 AND region = ?2 AND token = ?3 AND created > ?4",
        {call.account, call.region, token, to_milliseconds(call.now - std::chrono::hours(1))});
    if (same) return {.certificate_arn = same->text(0)};
  }
  const std::string method = request.validation_method.value_or("EMAIL");
  for (const std::string& name : asked.subject_alternative_names) {
    asked.domain_validation_options.push_back(validation_of(call, name, method));
  }
  asked.certificate_arn = new_arn(service, call);
  asked.created_at = call.now;
  asked.type = "AMAZON_ISSUED";
  asked.key_algorithm = request.key_algorithm;
  asked.managed_by = request.managed_by;
  asked.options =
      CertificateOptions{.certificate_transparency_logging_preference = "ENABLED", .export_ = "DISABLED"};
  if (request.options && request.options->certificate_transparency_logging_preference) {
    asked.options->certificate_transparency_logging_preference =
        request.options->certificate_transparency_logging_preference;
  }
  keep_certificate(service, call, issue(service, asked, call.now), token);
  write_tags(call, *asked.certificate_arn, request.tags);
  return {.certificate_arn = asked.certificate_arn};
}

// https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html
// Importing to an ARN replaces what is there; its tags stay.
ImportCertificateResponse import_certificate(Service& service, Call& call,
                                             const ImportCertificateRequest& request) {
  Record record{{}, request.certificate, request.certificate_chain.value_or(""), request.private_key};
  // Whoever joins the parts needs the line's end between them.
  if (!record.body.ends_with('\n')) record.body += '\n';
  auto read = describe_itself(record.detail, record.body);
  if (!read) {
    throw ValidationException(
        fmt::format("The certificate field contains no certificate: {}", read.error().message));
  }
  auto key = crypto::PrivateKey::from_pem(record.key);
  if (!key) throw ValidationException(fmt::format("The private key is not supported: {}", key.error().message));
  if (!crypto::belongs_to(record.body, *key).value_or(false)) {
    throw ValidationException("The private key does not match the certificate.");
  }
  if (*record.detail.not_after <= call.now) throw ValidationException("The certificate has expired.");
  if (*record.detail.not_before > call.now) throw ValidationException("The certificate is not valid yet.");
  if (!record.chain.empty() && !crypto::describe_certificate(record.chain)) {
    throw ValidationException("The certificate chain field contains no certificate.");
  }
  record.detail.created_at = call.now;
  if (request.certificate_arn) {
    CertificateDetail before = require_detail(call, *request.certificate_arn);
    if (before.type != "IMPORTED") {
      throw ValidationException("Only an imported certificate can be imported again.");
    }
    if (!request.tags.empty()) {
      throw InvalidParameterException("Tags cannot be given when a certificate is imported again.");
    }
    record.detail.created_at = before.created_at;
  }
  record.detail.certificate_arn = request.certificate_arn.value_or(new_arn(service, call));
  record.detail.type = "IMPORTED";
  record.detail.status = "ISSUED";
  record.detail.imported_at = call.now;
  record.detail.options =
      CertificateOptions{.certificate_transparency_logging_preference = "DISABLED", .export_ = "DISABLED"};
  keep_certificate(service, call, record);
  write_tags(call, *record.detail.certificate_arn, request.tags);
  return {.certificate_arn = record.detail.certificate_arn};
}

DescribeCertificateResponse describe_certificate(Service& service, Call& call,
                                                 const DescribeCertificateRequest& request) {
  CertificateDetail detail = require_detail(call, request.certificate_arn);
  if (*detail.not_after <= call.now) detail.status = "EXPIRED";
  return {.certificate = with_users(service, std::move(detail))};
}

GetCertificateResponse get_certificate(Service& service, Call& call, const GetCertificateRequest& request) {
  Record record = require_certificate(service, call, request.certificate_arn);
  return {.certificate = std::move(record.body), .certificate_chain = std::move(record.chain)};
}

aws::Nothing delete_certificate(Service& service, Call& call, const DeleteCertificateRequest& request) {
  const std::string& arn = request.certificate_arn;
  require_detail(call, arn);
  if (!service.use().certificates.users_of(arn).empty()) {
    throw ResourceInUseException(fmt::format("Certificate {} in account {} is in use.", arn, call.account));
  }
  call.transaction.run("DELETE FROM acm_tag WHERE arn = ?1", {arn});
  call.transaction.run("DELETE FROM acm_certificate WHERE arn = ?1", {arn});
  call.after_commit([&certificates = service.use().certificates, arn] { certificates.remove(arn); });
  return {};
}

// https://docs.aws.amazon.com/acm/latest/APIReference/API_UpdateCertificateOptions.html
aws::Nothing update_certificate_options(Service&, Call& call,
                                        const UpdateCertificateOptionsRequest& request) {
  CertificateDetail detail = require_detail(call, request.certificate_arn);
  if (request.options.export_.value_or("DISABLED") != "DISABLED") {
    throw aws::NotImplemented("Options: Export ENABLED");
  }
  if (detail.type == "IMPORTED") {
    throw InvalidStateException("The options of an imported certificate cannot be changed.");
  }
  detail.options->certificate_transparency_logging_preference =
      request.options.certificate_transparency_logging_preference;
  replace_detail(call, detail);
  return {};
}

}  // namespace holm::acm
