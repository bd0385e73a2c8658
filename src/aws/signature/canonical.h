// The canonical form of a request, over which both sides compute the signature.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/signature/request.h"
#include "aws/signature/verify.h"

namespace holm::aws::signature {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
constexpr std::string_view kEmptySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// The header, or the parameter, that says how the body is proven.
constexpr std::string_view kContentHash = "x-amz-content-sha256";
// What it holds in `mode`.
std::string_view payload_text(PayloadMode mode, std::string_view declared_sha256);

using Parameters = std::vector<std::pair<std::string, std::string>>;
// Decoded, in the order of the wire; `+` is a space and a malformed escape stands for itself.
Parameters query_parameters(std::string_view query);
// Sorted and encoded again, without the parameter called `left_out`.
std::string canonical_query(Parameters parameters, std::string_view left_out);

// Of all services but S3: dot segments and doubled slashes are resolved, and what came encoded is
// encoded again.
std::string canonical_path(std::string_view path);
// S3's, for clients that send a path less encoded than they sign it: decoded and encoded once.
std::string reencoded_path(std::string_view path);

// The values of all headers of that lower-case name, trimmed, their spaces collapsed, joined by
// commas. The authority stands in for a missing Host.
std::optional<std::string> canonical_header(const RequestView& request,
                                            std::string_view lower_name);

struct CanonicalRequest {
  std::string_view method, path, query;  // The latter two in canonical form.
  const std::vector<std::string>& signed_headers;
  std::string_view payload;
};
// Nothing when a signed header is absent.
std::optional<std::string> write_canonical(const CanonicalRequest& canonical,
                                           const RequestView& request);

std::string string_to_sign(std::string_view time, std::string_view scope,
                           std::string_view canonical_request);
// In lower-case hexadecimal.
std::string signature_of(const Key& key, std::string_view text);
// Whether that is the signature of `text`; takes as long whatever it is.
bool matches(const Key& key, std::string_view text, std::string_view signature);
std::string sha256_hex(std::string_view bytes);

}  // namespace holm::aws::signature
