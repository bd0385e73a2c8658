// Signature Version 4.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

#include "kit/sigv4.h"

#include <algorithm>
#include <cctype>
#include <ctime>
#include <map>

#include "kit/crypto.h"

namespace kit {

namespace {

std::string date_of(std::int64_t unix_seconds) { return amz_date(unix_seconds).substr(0, 8); }

std::string credential_scope(const SigningScope& scope) {
  return date_of(scope.unix_seconds) + "/" + scope.region + "/" + scope.service + "/aws4_request";
}

// Leading and trailing space goes, runs of it become one.
std::string trimmed(std::string_view value) {
  std::string text;
  for (char c : value) {
    bool is_space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!is_space) {
      text += c;
    } else if (!text.empty() && text.back() != ' ') {
      text += ' ';
    }
  }
  if (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::map<std::string, std::string> canonical_headers(const Fields& headers) {
  std::map<std::string, std::string> canonical;
  for (const auto& [name, value] : headers) {
    std::string key = name;
    for (char& c : key) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    auto [place, is_first] = canonical.try_emplace(key, trimmed(value));
    if (!is_first) place->second += "," + trimmed(value);
  }
  return canonical;
}

std::string signed_headers(const Fields& headers) {
  std::string names;
  for (const auto& [name, value] : canonical_headers(headers)) {
    if (!names.empty()) names += ';';
    names += name;
  }
  return names;
}

std::string canonical_query(const Fields& query) {
  Fields encoded;
  for (const auto& [name, value] : query) {
    encoded.emplace_back(percent_encode(name), percent_encode(value));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string text;
  for (const auto& [name, value] : encoded) {
    if (!text.empty()) text += '&';
    text += name + "=" + value;
  }
  return text;
}

std::string signature(std::string_view text, const SigningScope& scope,
                      const Credentials& credentials) {
  std::string key = hmac_sha256("AWS4" + credentials.secret_key, date_of(scope.unix_seconds));
  key = hmac_sha256(key, scope.region);
  key = hmac_sha256(key, scope.service);
  key = hmac_sha256(key, "aws4_request");
  return hex(hmac_sha256(key, text));
}

}  // namespace

std::string amz_date(std::int64_t unix_seconds) {
  std::time_t time = unix_seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[17];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
  return text;
}

std::string canonical_request(const SignableRequest& request, const SigningScope& scope) {
  std::string path = percent_encode(request.path.empty() ? "/" : request.path, Slash::Keep);
  if (scope.service != "s3") path = percent_encode(path, Slash::Keep);
  std::string text = request.method + "\n" + path + "\n" + canonical_query(request.query) + "\n";
  for (const auto& [name, value] : canonical_headers(request.headers)) {
    text += name + ":" + value + "\n";
  }
  return text + "\n" + signed_headers(request.headers) + "\n" + request.payload_hash;
}

std::string string_to_sign(std::string_view canonical, const SigningScope& scope) {
  return "AWS4-HMAC-SHA256\n" + amz_date(scope.unix_seconds) + "\n" + credential_scope(scope) +
         "\n" + hex(sha256(canonical));
}

std::string authorization(const SignableRequest& request, const SigningScope& scope,
                          const Credentials& credentials) {
  std::string text = string_to_sign(canonical_request(request, scope), scope);
  return "AWS4-HMAC-SHA256 Credential=" + credentials.access_key + "/" + credential_scope(scope) +
         ", SignedHeaders=" + signed_headers(request.headers) +
         ", Signature=" + signature(text, scope, credentials);
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
std::string presigned_query(SignableRequest request, const SigningScope& scope,
                            const Credentials& credentials, int seconds) {
  request.query.insert(
      request.query.end(),
      {{"X-Amz-Algorithm", "AWS4-HMAC-SHA256"},
       {"X-Amz-Credential", credentials.access_key + "/" + credential_scope(scope)},
       {"X-Amz-Date", amz_date(scope.unix_seconds)},
       {"X-Amz-Expires", std::to_string(seconds)},
       {"X-Amz-SignedHeaders", signed_headers(request.headers)}});
  if (!credentials.session_token.empty()) {
    request.query.emplace_back("X-Amz-Security-Token", credentials.session_token);
  }
  request.payload_hash = "UNSIGNED-PAYLOAD";
  std::string text = string_to_sign(canonical_request(request, scope), scope);
  return canonical_query(request.query) +
         "&X-Amz-Signature=" + signature(text, scope, credentials);
}

}  // namespace kit
