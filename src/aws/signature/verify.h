// Signature Version 4 as a server sees it: who says they signed this request, and did they.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "aws/signature/request.h"
#include "base/clock.h"
#include "base/result.h"

namespace holm::aws::signature {

// "20150830/us-east-1/s3/aws4_request" without its end.
struct Scope {
  std::string date;
  std::string region;
  std::string service;
  friend bool operator==(const Scope&, const Scope&) = default;
};
std::string to_text(const Scope& scope);

// What the signature says about the body. Every switch over it names every enumerator.
enum class PayloadMode {
  SignedHash,                // The whole body's SHA-256 is signed.
  UnsignedPayload,           // S3 only.
  StreamingSigned,           // aws-chunked, each chunk signed. S3 only, as are the following.
  StreamingSignedTrailer,    // As before, with signed trailing headers.
  StreamingUnsignedTrailer,  // aws-chunked without signatures; trailing headers hold a checksum.
};

enum class Placement { Header, Query };

struct Anonymous {};

// What a signed request says about itself. Nothing of it is proven before `verify`.
struct Signed {
  Dialect dialect = Dialect::Query;
  Placement placement = Placement::Header;
  std::string access_key_id;
  Scope scope;
  std::vector<std::string> signed_headers;  // Lower case, as listed.
  std::string signature;                    // 64 lower-case hexadecimal digits.
  Time time{};
  std::chrono::seconds expires{};  // Placement::Query only.
  std::string security_token;      // Empty for long-lived keys.
  PayloadMode payload = PayloadMode::SignedHash;
  // In SignedHash the hash that was declared, lower-case hexadecimal; empty if none was (never in
  // S3).
  std::string declared_sha256;
};

// S3 takes no notice of an x-amz-content-sha256 that a URL was not signed with, while other such headers are
// refused.
bool ignores_content_hash(const Signed& claim);

// The scope a request claims, for finding out which service it is for; never a proof of anything.
std::optional<Scope> find_scope(const RequestView& request);

// What a request to S3 says that was signed with version 2. Nothing of it is proven before `verify` of
// version2.h.
struct SignedVersion2 {
  std::string access_key_id;
  std::string signature;  // Base 64, as given.
  Placement placement = Placement::Query;
  Time expires{};         // Of a URL.
  Time time{};            // Of a header: when it was signed, and the Date as it was; empty beside an x-amz-date.
  std::string date;
  std::string security_token;  // Empty for long-lived keys.
  PayloadMode payload = PayloadMode::UnsignedPayload;
  std::string declared_sha256;
};

// Reads the Authorization header or the query parameters. A request that carries neither is
// Anonymous; one that carries both, half of either, or a mechanism that is not spoken (SigV2 but of
// S3's, SigV4A) is a Problem.
std::variant<Anonymous, Signed, SignedVersion2, Problem> parse(const RequestView& request,
                                                               Dialect dialect);

using Key = std::array<uint8_t, 32>;

// Good for one secret, day, region and service: worth keeping beside the credentials.
Key derive_signing_key(std::string_view secret_access_key, const Scope& scope);

// What the server knows.
struct Expectation {
  Time now{};
  std::string_view service;  // The signing name of the service that will answer.
  std::string_view region;   // Empty: any.
  // SHA-256 of the whole body, lower-case hexadecimal. Needed unless `needs_body_hash` says
  // otherwise; ignored then, because `open_payload` checks the body while it streams.
  std::string_view body_sha256;
};

// Whether the body must have been read and hashed before `verify`: yes in all dialects but S3's.
bool needs_body_hash(Dialect dialect);

// Proof that `verify` succeeded; seeds the signatures of chunks.
struct Verified {
  Key signing_key{};
  std::string time;       // "20150830T123600Z"
  std::string scope;      // "20150830/us-east-1/s3/aws4_request"
  std::string signature;  // The request's.
  PayloadMode payload = PayloadMode::SignedHash;
  std::string declared_sha256;
};

// Checks scope, time, which headers are signed, and the signature (in constant time). `key` is that
// of `signed_request.scope`. `request` is the one that was parsed.
Result<Verified, Problem> verify(Signed signed_request, const Key& key, const RequestView& request,
                                 const Expectation& expected);

constexpr std::chrono::minutes kMaxSkew{15};
constexpr std::chrono::seconds kMaxExpires{604800};
constexpr size_t kMaxSignedHeaders = 128;
constexpr size_t kMaxAuthorizationBytes = 16384;

}  // namespace holm::aws::signature
