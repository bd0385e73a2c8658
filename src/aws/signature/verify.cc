// Decides whether a request was signed with a key, now, for this service, and in all that matters.

#include "aws/signature/verify.h"

#include <algorithm>

#include "aws/signature/canonical.h"
#include "aws/signature/problems.h"
#include "base/check.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "crypto/hash.h"

namespace holm::aws::signature {

namespace {

using Checked = Result<void, Problem>;

Checked check_scope(const Signed& request, std::string_view time, const Expectation& expected) {
  if (request.scope.service != expected.service)
    return std::unexpected(wrong_service(request, expected.service));
  if (!expected.region.empty() && request.scope.region != expected.region) {
    return std::unexpected(wrong_region(request, expected.region));
  }
  if (request.scope.date != time.substr(0, 8))
    return std::unexpected(wrong_date(request));
  return {};
}

Checked check_time(const Signed& request, Time now) {
  switch (request.placement) {
    case Placement::Header:
      if (std::chrono::abs(now - request.time) > kMaxSkew)
        return std::unexpected(skewed(request, now));
      return {};
    case Placement::Query:
      if (request.time > now + kMaxSkew) return std::unexpected(not_yet_valid(request, now));
      if (now >= request.time + request.expires) return std::unexpected(expired(request, now));
      return {};
  }
  CHECK(false);
  return {};
}

// Whoever can change an unsigned x-amz- header can change what the request does.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
Checked check_signed_headers(const Signed& signed_request, const RequestView& request) {
  const auto is_signed = [&](std::string_view name) {
    return std::ranges::any_of(signed_request.signed_headers, [&](const std::string& listed) {
      return equals_ignoring_case(listed, name);
    });
  };
  const Dialect dialect = signed_request.dialect;
  if (!is_signed("host")) return std::unexpected(unsigned_header(dialect, "host"));
  std::vector<std::string> forgotten;
  for (const http::Header& header : request.headers) {
    if (header.name.size() < 6 || !equals_ignoring_case(header.name.substr(0, 6), "x-amz-"))
      continue;
    if (is_signed(header.name)) continue;
    const std::string name = to_lower(header.name);
    if (name == kContentHash && ignores_content_hash(signed_request)) continue;
    // Outside S3 the token may be added after signing; it is proven by belonging to the key. A hash
    // of the body is proven by the body.
    if (dialect != Dialect::S3 &&
        (name == "x-amz-security-token" || name == kContentHash))
      continue;
    if (std::ranges::find(forgotten, name) == forgotten.end()) forgotten.push_back(name);
  }
  if (!forgotten.empty()) {
    std::ranges::sort(forgotten);
    const bool tells_all = dialect == Dialect::S3;
    return std::unexpected(
        unsigned_header(dialect, tells_all ? join(forgotten, ", ") : forgotten.front()));
  }
  const bool dated_by_date =
      signed_request.placement == Placement::Header && !is_signed("x-amz-date");
  if (dated_by_date && !is_signed("date")) return std::unexpected(unsigned_header(dialect, "date"));
  return {};
}

// What S3 tells those whose signature does not match: how the server saw the request.
void add_details(Problem& problem, const Signed& request, std::string text_to_sign,
                 std::string canonical) {
  problem.members.emplace_back("AWSAccessKeyId", request.access_key_id);
  problem.members.emplace_back("StringToSignBytes", bytes_text(text_to_sign));
  problem.members.emplace_back("StringToSign", std::move(text_to_sign));
  problem.members.emplace_back("SignatureProvided", request.signature);
  // It would repeat the session token.
  if (!request.security_token.empty()) return;
  problem.members.emplace_back("CanonicalRequestBytes", bytes_text(canonical));
  problem.members.emplace_back("CanonicalRequest", std::move(canonical));
}

// What is compared with a signature.
struct Comparison {
  const Signed& claim;
  const Key& key;
  const RequestView& request;
  std::string_view payload, time, scope;
  std::string query = canonical_query(query_parameters(request.query),
                                      claim.placement == Placement::Query ? "X-Amz-Signature" : "");

  // Whether the request was signed with this canonical path.
  Checked with(std::string_view path) const {
    auto canonical = write_canonical({request.method, path, query, claim.signed_headers, payload}, request);
    if (!canonical) return std::unexpected(mismatch(claim.dialect));
    std::string text = string_to_sign(time, scope, *canonical);
    if (matches(key, text, claim.signature)) return {};
    Problem problem = mismatch(claim.dialect);
    if (claim.dialect == Dialect::S3)
      add_details(problem, claim, std::move(text), std::move(*canonical));
    return std::unexpected(std::move(problem));
  }
};

// A client may have signed one of two paths to S3, which mean the same resource.
Checked check_signature(const Comparison& comparison) {
  const std::string_view path = comparison.request.path;
  if (comparison.claim.dialect != Dialect::S3) return comparison.with(canonical_path(path));
  const std::string_view sent = path.empty() ? "/" : path;
  Checked checked = comparison.with(sent);
  if (checked) return checked;
  const std::string encoded = reencoded_path(sent);
  if (encoded != sent && comparison.with(encoded)) return {};
  return checked;
}

}  // namespace

bool ignores_content_hash(const Signed& claim) {
  return claim.dialect == Dialect::S3 && claim.placement == Placement::Query &&
         std::ranges::find(claim.signed_headers, kContentHash) == claim.signed_headers.end();
}

bool needs_body_hash(Dialect dialect) { return dialect != Dialect::S3; }

Result<Verified, Problem> verify(Signed signed_request, const Key& key, const RequestView& request,
                                 const Expectation& expected) {
  CHECK(!expected.service.empty());
  CHECK(!needs_body_hash(signed_request.dialect) || expected.body_sha256.size() == 64);
  std::string time = compact_date_time(signed_request.time);
  std::string scope = to_text(signed_request.scope);
  Checked checked = check_scope(signed_request, time, expected);
  if (checked) checked = check_signed_headers(signed_request, request);
  if (checked) checked = check_time(signed_request, expected.now);
  const std::string_view payload =
      needs_body_hash(signed_request.dialect)
          ? expected.body_sha256
          : payload_text(signed_request.payload, signed_request.declared_sha256);
  if (checked) checked = check_signature({signed_request, key, request, payload, time, scope});
  if (!checked) return std::unexpected(std::move(checked.error()));
  return Verified{.signing_key = key,
                  .time = std::move(time),
                  .scope = std::move(scope),
                  .signature = std::move(signed_request.signature),
                  .payload = signed_request.payload,
                  .declared_sha256 = std::move(signed_request.declared_sha256)};
}

}  // namespace holm::aws::signature
