// Permissions, what is served from the start on, and renewals.

#include "services/acm/service.h"

#include <fmt/format.h>

#include "aws/codec/json_codec.h"
#include "aws/service/region.h"
#include "base/check.h"
#include "base/log.h"
#include "base/strings.h"
#include "crypto/hash.h"
#include "jobs/jobs.h"
#include "net/certificate_directory.h"
#include "services/acm/records.h"

namespace holm::acm {

namespace {

constexpr char kPrincipal[] = "acm.amazonaws.com";
constexpr char kRenewJob[] = "acm.renew";
constexpr std::chrono::hours kRenewEvery{12};
// https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
constexpr std::chrono::hours kRenewBefore{24 * 60};

// One key for each purpose, so that what is sealed for one is no use to another.
crypto::Aead derive(const crypto::Aead::Key& key) {
  std::string_view bytes(reinterpret_cast<const char*>(key.data()), key.size());
  return crypto::Aead(crypto::hmac_sha256(bytes, "holm certificate's private key 1"));
}

template <class Input>
std::string arn_of(const void* input) {
  return static_cast<const Input*>(input)->certificate_arn;
}

}  // namespace

Service::Service(Dependencies dependencies)
    : dependencies_(std::move(dependencies)), keys_(derive(dependencies_.key)) {}

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscertificatemanager.html
std::vector<aws::Access> Service::access(const aws::Operation& operation, const void* input,
                                         aws::Call& call) const {
  auto on = [&](const std::string& arn) -> std::vector<aws::Access> {
    return {{.action = fmt::format("acm:{}", operation.name), .resource = arn}};
  };
  const std::string_view name = operation.name;
  if (name == "DescribeCertificate") return on(arn_of<DescribeCertificateRequest>(input));
  if (name == "GetCertificate") return on(arn_of<GetCertificateRequest>(input));
  if (name == "DeleteCertificate") return on(arn_of<DeleteCertificateRequest>(input));
  if (name == "AddTagsToCertificate") return on(arn_of<AddTagsToCertificateRequest>(input));
  if (name == "RemoveTagsFromCertificate") return on(arn_of<RemoveTagsFromCertificateRequest>(input));
  if (name == "ListTagsForCertificate") return on(arn_of<ListTagsForCertificateRequest>(input));
  if (name == "UpdateCertificateOptions") return on(arn_of<UpdateCertificateOptionsRequest>(input));
  if (name == "ImportCertificate") {
    const auto& request = *static_cast<const ImportCertificateRequest*>(input);
    return on(request.certificate_arn.value_or(aws::arn("acm", call, "certificate/*")));
  }
  return aws::ServiceBase::access(operation, input, call);
}

void Service::start() {
  publish_all();
  dependencies_.jobs.keep({.kind = kRenewJob, .key = "all"}, dependencies_.clock.now() + kRenewEvery,
                          [this](const jobs::Job&) {
                            renew();
                            return jobs::again_at(dependencies_.clock.now() + kRenewEvery);
                          });
}

void Service::publish_all() {
  const aws::Caller caller = dependencies_.region.caller("", "", kPrincipal);
  dependencies_.region.transact(caller, sql::Access::Read, [&](aws::Call& call) {
    for (const sql::Row& row :
         call.transaction.run("SELECT arn, document, body, chain, sealed_key FROM acm_certificate")) {
      CertificateDetail detail;
      CHECK(aws::read_kept_json(row.text(1), shape_of(detail), &detail).has_value());
      auto key = keys_.open(row.blob(4), row.text(0));
      if (!key) {
        log::error(fmt::format("the private key of {} cannot be read", row.text(0)));
        continue;
      }
      auto loaded = net::TlsCertificate::load({row.text(2) + row.text(3), *key});
      if (!loaded) continue;
      net::ServedCertificate served{.certificate = std::move(*loaded), .names = {}};
      for (const std::string& each : detail.subject_alternative_names) served.names.push_back(to_lower(each));
      dependencies_.certificates.publish(row.text(0), std::move(served));
    }
  });
}

// What is in use and was issued here keeps its ARN and gets a new key and new dates.
void Service::renew() {
  struct Due {
    std::string arn, account, region;
  };
  std::vector<Due> due;
  const int64_t before = to_milliseconds(dependencies_.clock.now() + kRenewBefore);
  dependencies_.region.transact(
      dependencies_.region.caller("", "", kPrincipal), sql::Access::Read, [&](aws::Call& call) {
        for (const sql::Row& row : call.transaction.run(
                 "SELECT arn, account, region FROM acm_certificate WHERE not_after < ?1", {before})) {
          due.push_back({row.text(0), row.text(1), row.text(2)});
        }
      });
  for (const Due& each : due) {
    if (dependencies_.certificates.users_of(each.arn).empty()) continue;
    dependencies_.region.transact(
        dependencies_.region.caller(each.account, each.region, kPrincipal), sql::Access::Write,
        [&](aws::Call& call) {
          CertificateDetail detail = require_detail(call, each.arn);
          if (detail.type != "AMAZON_ISSUED") return;
          detail.renewal_summary = RenewalSummary{.renewal_status = "SUCCESS",
                                                  .domain_validation_options = detail.domain_validation_options,
                                                  .updated_at = call.now};
          keep_certificate(*this, call, issue(*this, detail, call.now));
        });
  }
}

}  // namespace holm::acm
