// Canonical paths, queries, headers; the string to sign and the chain of keys.

#include "aws/signature/canonical.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "base/check.h"
#include "base/hex.h"
#include "base/splitting.h"
#include "base/strings.h"
#include "crypto/hash.h"

namespace holm::aws::signature {

namespace {

bool is_space(char c) { return c <= ' ' && (c == ' ' || c == '\t' || c == '\r' || c == '\n'); }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A malformed escape stands for itself: whoever signed it meant these bytes, and the handler will
// refuse it.
std::string decode(std::string_view text, Plus plus) {
  std::string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      result += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      result += text[i] == '+' && plus == Plus::Space ? ' ' : text[i];
    }
  }
  return result;
}

// Without the spaces at its ends, and those within it as one.
void append_collapsed(std::string& out, std::string_view value) {
  value = trim(value);
  while (true) {
    const auto space = std::ranges::find_if(value, is_space);
    out.append(value.begin(), space);
    if (space == value.end()) return;
    out += ' ';
    const auto next = std::find_if_not(space, value.end(), is_space);
    value.remove_prefix(static_cast<size_t>(next - value.begin()));
  }
}

// What canonical_header() gives; false when there is none.
bool append_header(std::string& out, const RequestView& request, std::string_view lower_name) {
  bool is_there = false;
  for (const http::Header& header : request.headers) {
    if (!equals_ignoring_case(header.name, lower_name)) continue;
    if (is_there) out += ',';
    is_there = true;
    append_collapsed(out, header.value);
  }
  if (is_there || lower_name != "host" || request.authority.empty()) return is_there;
  out += request.authority;
  return true;
}

// Of a canonical request.
constexpr size_t kUsualBytes = 512;

std::string joined(std::initializer_list<std::string_view> parts) {
  size_t bytes = 0;
  for (std::string_view part : parts) bytes += part.size();
  std::string text;
  text.reserve(bytes);
  for (std::string_view part : parts) text += part;
  return text;
}

// In lower-case hexadecimal.
using Hex = std::array<char, 64>;

Hex hex_of(const crypto::Sha256Digest& digest) {
  Hex hex;
  hex_encode_to(crypto::bytes_of(digest), hex.data());
  return hex;
}

std::string_view view_of(const Hex& hex) { return {hex.data(), hex.size()}; }

}  // namespace

std::string to_text(const Scope& scope) {
  return joined({scope.date, "/", scope.region, "/", scope.service, "/aws4_request"});
}

std::string_view payload_text(PayloadMode mode, std::string_view declared_sha256) {
  switch (mode) {
    case PayloadMode::SignedHash:
      return declared_sha256;
    case PayloadMode::UnsignedPayload:
      return kUnsignedPayload;
    case PayloadMode::StreamingSigned:
      return "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
    case PayloadMode::StreamingSignedTrailer:
      return "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
    case PayloadMode::StreamingUnsignedTrailer:
      return "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
  }
  CHECK(false);
  return {};
}

Parameters query_parameters(std::string_view query) {
  Parameters parameters;
  for (Splitting rest(query, '&'); const auto part = rest.next();) {
    if (part->empty()) continue;
    const size_t equals = part->find('=');
    const std::string_view value =
        equals == part->npos ? std::string_view() : part->substr(equals + 1);
    parameters.emplace_back(decode(part->substr(0, equals), Plus::Space),
                            decode(value, Plus::Space));
  }
  return parameters;
}

std::string canonical_query(Parameters parameters, std::string_view left_out) {
  std::erase_if(parameters, [&](const auto& parameter) {
    return !left_out.empty() && parameter.first == left_out;
  });
  for (auto& [name, value] : parameters) {
    name = percent_encode(name);
    value = percent_encode(value);
  }
  std::ranges::sort(parameters);
  std::string text;
  for (const auto& [name, value] : parameters) {
    if (!text.empty()) text += '&';
    text += name;
    text += '=';
    text += value;
  }
  return text;
}

std::string canonical_path(std::string_view path) {
  std::vector<std::string_view> kept;
  for (std::string_view segment : split(path, '/')) {
    if (segment.empty() || segment == ".") continue;
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else {
      kept.push_back(segment);
    }
  }
  std::string text;
  for (std::string_view segment : kept) {
    text += '/';
    text += percent_encode(segment);
  }
  if (kept.empty() || path.ends_with('/')) text += '/';
  return text;
}

std::string reencoded_path(std::string_view path) {
  return percent_encode(decode(path, Plus::Literal), Slash::Keep);
}

std::optional<std::string> canonical_header(const RequestView& request,
                                            std::string_view lower_name) {
  std::string text;
  if (!append_header(text, request, lower_name)) return std::nullopt;
  return text;
}

std::optional<std::string> write_canonical(const CanonicalRequest& canonical,
                                           const RequestView& request) {
  std::string text;
  text.reserve(kUsualBytes);
  for (std::string_view part : {canonical.method, canonical.path, canonical.query}) {
    text += part;
    text += '\n';
  }
  for (const std::string& name : canonical.signed_headers) {
    text += name;
    text += ':';
    if (!append_header(text, request, name)) return std::nullopt;
    text += '\n';
  }
  text += '\n';
  for (const std::string& name : canonical.signed_headers) {
    if (&name != &canonical.signed_headers.front()) text += ';';
    text += name;
  }
  text += '\n';
  text += canonical.payload;
  return text;
}

std::string sha256_hex(std::string_view bytes) { return std::string(view_of(hex_of(crypto::sha256(bytes)))); }

std::string string_to_sign(std::string_view time, std::string_view scope,
                           std::string_view canonical_request) {
  return joined({kAlgorithm, "\n", time, "\n", scope, "\n", view_of(hex_of(crypto::sha256(canonical_request)))});
}

std::string signature_of(const Key& key, std::string_view text) {
  return std::string(view_of(hex_of(crypto::hmac_sha256(crypto::bytes_of(key), text))));
}

bool matches(const Key& key, std::string_view text, std::string_view signature) {
  const Hex own = hex_of(crypto::hmac_sha256(crypto::bytes_of(key), text));
  return crypto::constant_time_equals(view_of(own), signature);
}

Key derive_signing_key(std::string_view secret_access_key, const Scope& scope) {
  crypto::Sha256Digest key =
      crypto::hmac_sha256("AWS4" + std::string(secret_access_key), scope.date);
  key = crypto::hmac_sha256(crypto::bytes_of(key), scope.region);
  key = crypto::hmac_sha256(crypto::bytes_of(key), scope.service);
  return crypto::hmac_sha256(crypto::bytes_of(key), "aws4_request");
}

}  // namespace holm::aws::signature
