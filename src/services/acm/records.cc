// Rows hold documents, so that what was said of a certificate comes back as it was said.

#include "services/acm/records.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/codec/json_codec.h"
#include "aws/service/region.h"
#include "base/check.h"
#include "base/strings.h"
#include "net/certificate_directory.h"

namespace holm::acm {

namespace {

// As long as AWS's live.
constexpr std::chrono::hours kLife{24 * 395};
constexpr std::chrono::hours kBefore{24};  // Clocks differ.

// AWS writes "SHA256WITHRSA" where OpenSSL says "RSA-SHA256" and "ecdsa-with-SHA256".
std::string signature_name(const std::string& name) {
  const size_t digest = name.find("SHA");
  if (digest == std::string::npos) return name;
  return to_upper(name.substr(digest)) + (name.starts_with("ecdsa") ? "WITHECDSA" : "WITHRSA");
}

CertificateDetail detail_of(const std::string& document) {
  CertificateDetail detail;
  CHECK(aws::read_kept_json(document, shape_of(detail), &detail).has_value());
  return detail;
}

std::string document_of(const CertificateDetail& detail) {
  return aws::write_kept_json(shape_of(detail), &detail);
}

sql::Row require_row(Call& call, const std::string& arn) {
  check_arn(arn);
  auto row = call.transaction.find(
      "SELECT document, body, chain, sealed_key FROM acm_certificate"
      " WHERE arn = ?1 AND account = ?2 AND region = ?3",
      {arn, call.account, call.region});
  if (!row) throw ResourceNotFoundException(fmt::format("Could not find certificate {}.", arn));
  return std::move(*row);
}

}  // namespace

void check_arn(const std::string& arn) {
  if (!arn.starts_with("arn:aws:acm:") || arn.find(":certificate/") == std::string::npos) {
    throw InvalidArnException(fmt::format("Invalid ARN: {}", arn));
  }
}

bool certificate_exists(Call& call, const std::string& arn) {
  return call.transaction
      .find("SELECT 1 FROM acm_certificate WHERE arn = ?1 AND account = ?2 AND region = ?3",
            {arn, call.account, call.region})
      .has_value();
}

CertificateDetail require_detail(Call& call, const std::string& arn) {
  return detail_of(require_row(call, arn).text(0));
}

Record require_certificate(Service& service, Call& call, const std::string& arn) {
  const sql::Row row = require_row(call, arn);
  auto key = service.keys().open(row.blob(3), arn);
  CHECK(key.has_value());
  return {detail_of(row.text(0)), row.text(1), row.text(2), std::move(*key)};
}

void keep_certificate(Service& service, Call& call, const Record& record, const std::string& token) {
  const std::string& arn = *record.detail.certificate_arn;
  auto loaded = net::TlsCertificate::load({record.body + record.chain, record.key});
  if (!loaded) throw ValidationException(loaded.error().message);
  call.transaction.run(
      "INSERT INTO acm_certificate (arn, account, region, document, body, chain, sealed_key, not_after, token,"
      " created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (arn) DO UPDATE SET"
      " document = ?4, body = ?5, chain = ?6, sealed_key = ?7, not_after = ?8",
      {arn, call.account, call.region, document_of(record.detail), record.body, record.chain,
       sql::Blob{service.keys().seal(record.key, arn, service.use().random)},
       to_milliseconds(*record.detail.not_after), token, to_milliseconds(call.now)});
  net::ServedCertificate served{.certificate = std::move(*loaded), .names = {}};
  for (const std::string& name : record.detail.subject_alternative_names) served.names.push_back(to_lower(name));
  call.after_commit([&certificates = service.use().certificates, arn, served] {
    certificates.publish(arn, served);
  });
}

void replace_detail(Call& call, const CertificateDetail& detail) {
  call.transaction.run("UPDATE acm_certificate SET document = ?2 WHERE arn = ?1",
                       {*detail.certificate_arn, document_of(detail)});
}

Result<void> describe_itself(CertificateDetail& detail, const std::string& body) {
  auto summary = crypto::describe_certificate(body);
  if (!summary) return std::unexpected(summary.error());
  detail.subject_alternative_names = summary->dns_names;
  detail.serial = summary->serial;
  detail.subject = summary->subject;
  detail.issuer = summary->issuer;
  detail.not_before = summary->not_before;
  detail.not_after = summary->not_after;
  detail.key_algorithm = summary->key_algorithm;
  detail.signature_algorithm = signature_name(summary->signature_algorithm);
  if (!detail.domain_name) {
    // Of an imported one: the first name, else the subject's.
    const size_t name = summary->subject.find("CN=");
    std::string common = name == std::string::npos ? "" : summary->subject.substr(name + 3);
    common = common.substr(0, common.find(','));
    detail.domain_name = summary->dns_names.empty() ? common : summary->dns_names.front();
  }
  if (detail.subject_alternative_names.empty() && !detail.domain_name->empty()) {
    detail.subject_alternative_names = {*detail.domain_name};
  }
  return {};
}

Record issue(Service& service, const CertificateDetail& asked, Time now) {
  const bool is_rsa = asked.key_algorithm.value_or("RSA_2048") == "RSA_2048";
  auto key = crypto::PrivateKey::generate(is_rsa ? crypto::KeyKind::Rsa2048 : crypto::KeyKind::EcP256);
  const Authority& authority = service.use().authority;
  // A common name has at most 64 bytes; the whole name stands among the alternative ones.
  const bool fits = asked.domain_name->size() <= 64;
  auto made = crypto::issue_leaf({.common_name = fits ? *asked.domain_name : "holm",
                                  .dns_names = asked.subject_alternative_names,
                                  .ip_addresses = {},
                                  .not_before = now - kBefore,
                                  .not_after = now + kLife},
                                 key, {authority.certificate_pem, authority.key}, service.use().random);
  if (!made) throw InvalidParameterException(made.error().message);
  Record record{asked, *made, authority.certificate_pem, key.to_pem()};
  CHECK(describe_itself(record.detail, record.body).has_value());
  record.detail.issuer = "Amazon";
  record.detail.status = "ISSUED";
  record.detail.issued_at = now;
  record.detail.key_usages = {{.name = "DIGITAL_SIGNATURE"}, {.name = "KEY_ENCIPHERMENT"}};
  record.detail.extended_key_usages = {{.name = "TLS_WEB_SERVER_AUTHENTICATION", .oid = "1.3.6.1.5.5.7.3.1"},
                                       {.name = "TLS_WEB_CLIENT_AUTHENTICATION", .oid = "1.3.6.1.5.5.7.3.2"}};
  return record;
}

void write_tags(Call& call, const std::string& arn, const std::vector<Tag>& tags) {
  for (const Tag& tag : tags) {
    if (tag.key.starts_with("aws:")) {
      throw InvalidTagException(fmt::format("Tag keys that begin with aws: are AWS's own: {}", tag.key));
    }
    call.transaction.run(
        "INSERT INTO acm_tag (arn, key, value) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value",
        {arn, tag.key, tag.value.value_or("")});
  }
  auto count = call.transaction.find("SELECT count(*) FROM acm_tag WHERE arn = ?1", {arn});
  if (count->integer(0) > 50) throw TooManyTagsException("A certificate can have 50 tags.");
}

}  // namespace holm::acm
