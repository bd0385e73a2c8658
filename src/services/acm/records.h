// Certificates as rows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "acm/handlers.h"
#include "acm/schema.h"
#include "crypto/certificate.h"
#include "services/acm/service.h"

namespace holm::acm {

struct Record {
  CertificateDetail detail;
  std::string body;   // PEM, the certificate alone.
  std::string chain;  // PEM, what leads to the authority; may be empty.
  std::string key;    // PEM, opened. Never logged.
};

// The certificate of the caller's account and region; throws AWS's error when there is none.
Record require_certificate(Service& service, Call& call, const std::string& arn);
bool certificate_exists(Call& call, const std::string& arn);
CertificateDetail require_detail(Call& call, const std::string& arn);

// Inserts or replaces it, and has data planes serve it once that is durable.
void keep_certificate(Service& service, Call& call, const Record& record, const std::string& token = {});
void replace_detail(Call& call, const CertificateDetail& detail);

// Fills what the certificate itself says: names, numbers, times, usages. Fails in one sentence.
Result<void> describe_itself(CertificateDetail& detail, const std::string& body);

// What the region's authority issues for these names, with a new key; not_before is a day ago.
Record issue(Service& service, const CertificateDetail& asked, Time now);

void check_arn(const std::string& arn);
void write_tags(Call& call, const std::string& arn, const std::vector<Tag>& tags);

}  // namespace holm::acm
