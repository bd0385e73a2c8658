// Tags of certificates.

#include "services/acm/records.h"

namespace holm::acm {

aws::Nothing add_tags_to_certificate(Service&, Call& call, const AddTagsToCertificateRequest& request) {
  require_detail(call, request.certificate_arn);
  write_tags(call, request.certificate_arn, request.tags);
  return {};
}

// https://docs.aws.amazon.com/acm/latest/APIReference/API_RemoveTagsFromCertificate.html
// A value, if given, has to be the tag's.
aws::Nothing remove_tags_from_certificate(Service&, Call& call,
                                          const RemoveTagsFromCertificateRequest& request) {
  require_detail(call, request.certificate_arn);
  for (const Tag& tag : request.tags) {
    if (tag.value) {
      call.transaction.run("DELETE FROM acm_tag WHERE arn = ?1 AND key = ?2 AND value = ?3",
                           {request.certificate_arn, tag.key, *tag.value});
    } else {
      call.transaction.run("DELETE FROM acm_tag WHERE arn = ?1 AND key = ?2",
                           {request.certificate_arn, tag.key});
    }
  }
  return {};
}

ListTagsForCertificateResponse list_tags_for_certificate(Service&, Call& call,
                                                         const ListTagsForCertificateRequest& request) {
  require_detail(call, request.certificate_arn);
  ListTagsForCertificateResponse result;
  for (const sql::Row& row : call.transaction.run(
           "SELECT key, value FROM acm_tag WHERE arn = ?1 ORDER BY key", {request.certificate_arn})) {
    result.tags.push_back({.key = row.text(0), .value = row.text(1)});
  }
  return result;
}

}  // namespace holm::acm
