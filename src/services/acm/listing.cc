// Listing certificates, page by page.

#include <algorithm>

#include "aws/codec/json_codec.h"
#include "base/check.h"
#include "base/strings.h"
#include "net/certificate_directory.h"
#include "services/acm/records.h"

namespace holm::acm {

namespace {

constexpr size_t kPage = 1000;
constexpr size_t kNamesShown = 100;

template <class T>
bool contains(const std::vector<T>& list, const std::optional<T>& value) {
  return value && std::ranges::find(list, *value) != list.end();
}

// https://docs.aws.amazon.com/acm/latest/APIReference/API_Filters.html
// Without a filter for keys, only those of RSA_1024 and RSA_2048 are listed, as AWS does for old clients' sake.
bool passes(const ListCertificatesRequest& request, const CertificateDetail& detail) {
  const auto& statuses = request.certificate_statuses;
  if (!statuses.empty() && !contains(statuses, detail.status)) return false;
  static const std::vector<std::string> kUsual = {"RSA_1024", "RSA_2048"};
  const bool asks_keys = request.includes && !request.includes->key_types.empty();
  if (!contains(asks_keys ? request.includes->key_types : kUsual, detail.key_algorithm)) return false;
  if (!request.includes) return true;
  if (!request.includes->extended_key_usage.empty()) throw aws::NotImplemented("Includes: extendedKeyUsage");
  if (!request.includes->key_usage.empty()) throw aws::NotImplemented("Includes: keyUsage");
  const auto& managed_by = request.includes->managed_by;
  if (managed_by && managed_by != detail.managed_by) return false;
  const auto& exported = request.includes->export_option;
  return !exported || exported == "DISABLED";
}

CertificateSummary summary_of(const CertificateDetail& detail, bool is_used) {
  CertificateSummary summary;
  summary.certificate_arn = detail.certificate_arn;
  summary.domain_name = detail.domain_name;
  summary.subject_alternative_name_summaries = detail.subject_alternative_names;
  const bool has_more = detail.subject_alternative_names.size() > kNamesShown;
  if (has_more) summary.subject_alternative_name_summaries.resize(kNamesShown);
  summary.has_additional_subject_alternative_names = has_more;
  summary.status = detail.status;
  summary.type = detail.type;
  summary.key_algorithm = detail.key_algorithm;
  for (const KeyUsage& each : detail.key_usages) summary.key_usages.push_back(each.name.value_or(""));
  for (const ExtendedKeyUsage& each : detail.extended_key_usages) {
    summary.extended_key_usages.push_back(each.name.value_or(""));
  }
  summary.export_option = "DISABLED";
  summary.in_use = is_used;
  summary.renewal_eligibility = is_used && detail.type == "AMAZON_ISSUED" ? "ELIGIBLE" : "INELIGIBLE";
  summary.not_before = detail.not_before;
  summary.not_after = detail.not_after;
  summary.created_at = detail.created_at;
  summary.issued_at = detail.issued_at;
  summary.imported_at = detail.imported_at;
  summary.managed_by = detail.managed_by;
  return summary;
}

}  // namespace

// https://docs.aws.amazon.com/acm/latest/APIReference/API_ListCertificates.html
ListCertificatesResponse list_certificates(Service& service, Call& call, const ListCertificatesRequest& request) {
  if (!request.certificate_key_pair_origins.empty()) throw aws::NotImplemented("CertificateKeyPairOrigins");
  if (request.sort_by.has_value() != request.sort_order.has_value()) {
    throw ValidationException("SortBy and SortOrder must be specified together.");
  }
  const bool descends = request.sort_order == "DESCENDING";
  int64_t after = descends ? INT64_MAX : 0;
  if (request.next_token) {
    auto position = parse_integer(*request.next_token);
    if (!position || *position < 1) throw InvalidArgsException("The NextToken is not valid.");
    after = *position;
  }
  const size_t page = static_cast<size_t>(request.max_items.value_or(kPage));
  ListCertificatesResponse result;
  int64_t last = 0;
  for (const sql::Row& row : call.transaction.run(
           descends ? "SELECT position, document FROM acm_certificate WHERE account = ?1 AND region = ?2"
                      " AND position < ?3 ORDER BY position DESC"
                    : "SELECT position, document FROM acm_certificate WHERE account = ?1 AND region = ?2"
                      " AND position > ?3 ORDER BY position",
           {call.account, call.region, after})) {
    CertificateDetail detail;
    CHECK(aws::read_kept_json(row.text(1), shape_of(detail), &detail).has_value());
    if (*detail.not_after <= call.now) detail.status = "EXPIRED";
    if (!passes(request, detail)) continue;
    if (result.certificate_summary_list.size() == page) {
      result.next_token = std::to_string(last);
      break;
    }
    const bool is_used = !service.use().certificates.users_of(*detail.certificate_arn).empty();
    result.certificate_summary_list.push_back(summary_of(detail, is_used));
    last = row.integer(0);
  }
  return result;
}

}  // namespace holm::acm
