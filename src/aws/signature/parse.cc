// Reads what a request says about its signature, from its headers or from its query.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aws/signature/canonical.h"
#include "aws/signature/problems.h"
#include "aws/signature/verify.h"
#include "base/splitting.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace holm::aws::signature {

namespace {

constexpr size_t kMaxNameBytes = 128;
constexpr size_t kMaxHeaderNameBytes = 2200;  // Keys of S3's user metadata have up to 2048.
constexpr long long kLastSecond = 253402300799;  // Of the year 9999.

std::unexpected<Problem> wrong(Problem problem) { return std::unexpected(std::move(problem)); }

// All headers of one name: how many there are, and the first's value.
struct Values {
  size_t count = 0;
  std::string_view first;
};

Values header_values(const RequestView& request, std::string_view name) {
  Values values;
  for (const http::Header& header : request.headers) {
    if (!equals_ignoring_case(header.name, name)) continue;
    if (values.count++ == 0) values.first = trim(header.value);
  }
  return values;
}

// Which characters a text may have; one look each, as every request has some hundred of them.
using Alphabet = std::array<bool, 256>;

consteval Alphabet alphabet_of(std::string_view characters) {
  Alphabet alphabet{};
  for (const char c : characters) alphabet[static_cast<unsigned char>(c)] = true;
  return alphabet;
}

constexpr Alphabet kDigits = alphabet_of("0123456789");
constexpr Alphabet kLowerHex = alphabet_of("0123456789abcdef");
constexpr Alphabet kScope = alphabet_of("0123456789abcdefghijklmnopqrstuvwxyz-_");
constexpr Alphabet kAccessKey =
    alphabet_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_");
// Of a header's name in lower case.
constexpr Alphabet kHeaderName = alphabet_of("0123456789abcdefghijklmnopqrstuvwxyz-!#$%&'*+.^_`|~");

bool is_all_of(std::string_view text, const Alphabet& alphabet) {
  return std::ranges::all_of(text, [&](char c) { return alphabet[static_cast<unsigned char>(c)]; });
}

bool is_name_of(std::string_view text, const Alphabet& alphabet, size_t bytes_max = kMaxNameBytes) {
  return !text.empty() && text.size() <= bytes_max && is_all_of(text, alphabet);
}

bool is_sha256_hex(std::string_view text) { return text.size() == 64 && is_all_of(text, kLowerHex); }

struct Credential {
  std::string_view access_key_id, date, region, service;
  Scope scope() const { return {std::string(date), std::string(region), std::string(service)}; }
};

// "AKID/20150830/us-east-1/s3/aws4_request"
std::optional<Credential> read_credential(std::string_view text) {
  std::array<std::string_view, 5> parts;
  size_t count = 0;
  for (Splitting rest(text, '/'); const auto part = rest.next();) {
    if (count == parts.size()) return std::nullopt;
    parts[count++] = *part;
  }
  if (count != parts.size() || parts[4] != "aws4_request") return std::nullopt;
  if (parts[1].size() != 8 || !is_all_of(parts[1], kDigits)) return std::nullopt;
  // No region has capitals, but clients are told so in the words that make them sign for another one.
  if (!is_name_of(parts[0], kAccessKey) || !is_name_of(to_lower(parts[2]), kScope) ||
      !is_name_of(parts[3], kScope)) {
    return std::nullopt;
  }
  return Credential{parts[0], parts[1], parts[2], parts[3]};
}

// What is wrong with one that cannot be read.
std::string problem_of_credential(std::string_view text) {
  const auto parts = split(text, '/');
  if (parts.size() == 5 && parts[4] != "aws4_request")
    return fmt::format("incorrect terminal \"{}\". This endpoint uses \"aws4_request\".", parts[4]);
  if (parts.size() == 5 && (parts[1].size() != 8 || !is_all_of(parts[1], kDigits))) {
    return fmt::format(
        "incorrect date format \"{}\". This date in the credential must be in the format \"yyyyMMdd\".",
        parts[1]);
  }
  return "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".";
}

std::optional<std::vector<std::string>> read_signed_headers(std::string_view text) {
  std::vector<std::string> names;
  names.reserve(static_cast<size_t>(std::ranges::count(text.substr(0, kMaxAuthorizationBytes), ';')) + 1);
  for (Splitting rest(text, ';'); const auto name = rest.next();) {
    if (!is_name_of(*name, kHeaderName, kMaxHeaderNameBytes) || names.size() == kMaxSignedHeaders)
      return std::nullopt;
    if (std::ranges::find(names, *name) != names.end()) return std::nullopt;
    names.emplace_back(*name);
  }
  return names;
}

// The parts both placements have, still as text of the request.
struct Parts {
  std::optional<std::string_view> credential, signed_headers, signature;
};

Result<Parts, Problem> split_authorization(std::string_view text, Dialect dialect) {
  Parts parts;
  for (Splitting rest(text, ','); const auto next = rest.next();) {
    const std::string_view component = trim(*next);
    const size_t equals = component.find('=');
    const std::string_view name = component.substr(0, equals);
    std::optional<std::string_view>* part = name == "Credential"      ? &parts.credential
                                       : name == "SignedHeaders" ? &parts.signed_headers
                                       : name == "Signature"     ? &parts.signature
                                                                 : nullptr;
    if (equals == component.npos || part == nullptr || part->has_value()) {
      return wrong(
          malformed(dialect, Placement::Header, "a component of the authorization is malformed."));
    }
    part->emplace(component.substr(equals + 1));
  }
  return parts;
}

std::string missing_components(const Parts& parts, Dialect dialect) {
  if (dialect == Dialect::S3) {
    return "the authorization header requires three components: Credential, SignedHeaders, and "
           "Signature.";
  }
  std::string text;
  if (!parts.credential) text += "Authorization header requires 'Credential' parameter. ";
  if (!parts.signature) text += "Authorization header requires 'Signature' parameter. ";
  if (!parts.signed_headers) text += "Authorization header requires 'SignedHeaders' parameter. ";
  text.pop_back();
  return text;
}

// Fills what credential, signed headers and signature say.
Result<void, Problem> take_parts(const Parts& parts, Signed& result) {
  const auto refuse = [&](std::string_view name, std::string detail) {
    const bool in_query = result.placement == Placement::Query;
    if (in_query) detail = fmt::format("Error parsing the X-Amz-{} parameter; {}", name, detail);
    return wrong(malformed(result.dialect, result.placement, std::move(detail)));
  };
  auto credential = read_credential(*parts.credential);
  if (!credential) return refuse("Credential", problem_of_credential(*parts.credential));
  auto names = read_signed_headers(*parts.signed_headers);
  if (!names) return refuse("SignedHeaders", "the SignedHeaders are mal-formed.");
  if (!is_sha256_hex(*parts.signature)) return refuse("Signature", "the Signature is mal-formed.");
  result.access_key_id = credential->access_key_id;
  result.scope = credential->scope();
  result.signed_headers = std::move(*names);
  result.signature = *parts.signature;
  return {};
}

// The time of a request signed in its header: X-Amz-Date, else Date.
Result<Time, Problem> header_time(const RequestView& request, Dialect dialect) {
  const auto amazon = header_values(request, "x-amz-date"), plain = header_values(request, "date");
  std::optional<Time> time;
  if (amazon.count == 1) {
    time = parse_compact_date_time(amazon.first);
  } else if (amazon.count == 0 && plain.count == 1) {
    time = parse_compact_date_time(plain.first);
    // Python's botocore writes Date headers as mail does.
    if (!time) time = parse_http_date(replace_all(plain.first, " -0000", " GMT"));
  }
  if (time) return *time;
  if (dialect == Dialect::S3) {
    return wrong(
        {"AccessDenied", 403, "AWS authentication requires a valid Date or x-amz-date header", {}});
  }
  return wrong(malformed(
      dialect, Placement::Header,
      amazon.count == 0 && plain.count == 0
          ? "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
          : "Date must be in ISO-8601 'basic format'."));
}

struct Payload {
  PayloadMode mode = PayloadMode::SignedHash;
  std::string declared_sha256;
};

Result<Payload, Problem> read_payload(std::string_view text, Dialect dialect) {
  if (is_sha256_hex(text)) return Payload{PayloadMode::SignedHash, std::string(text)};
  for (PayloadMode mode :
       {PayloadMode::UnsignedPayload, PayloadMode::StreamingSigned,
        PayloadMode::StreamingSignedTrailer, PayloadMode::StreamingUnsignedTrailer}) {
    if (text != payload_text(mode, {})) continue;
    // TODO(aws): a few operations outside S3 have unsigned or streamed payloads.
    if (dialect != Dialect::S3)
      return wrong(not_spoken(fmt::format("{}: {}", kContentHash, text)));
    return Payload{mode, {}};
  }
  if (text == "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD" ||
      text == "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER" ||
      text == "STREAMING-AWS4-HMAC-SHA256-EVENTS") {
    return wrong(not_spoken(fmt::format("{}: {}", kContentHash, text)));
  }
  return wrong(
      {"InvalidArgument",
       400,
       "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
       "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, "
       "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER "
       "or a "
       "valid sha256 value.",
       {{"ArgumentName", std::string(kContentHash)}, {"ArgumentValue", std::string(text)}}});
}

// `values` are those of the header, `in_query` is that of X-Amz-Content-Sha256, if the query has it.
Result<Payload, Problem> find_payload(const Values& values, const std::string* in_query, Dialect dialect,
                                      Placement placement) {
  const size_t count = values.count + (in_query != nullptr ? 1 : 0);
  const bool is_s3 = dialect == Dialect::S3;
  if (count == 0) {
    if (is_s3 && placement == Placement::Header) {
      return wrong({"InvalidRequest",
                    400,
                    "Missing required header for this request: x-amz-content-sha256",
                    {}});
    }
    return Payload{is_s3 ? PayloadMode::UnsignedPayload : PayloadMode::SignedHash, {}};
  }
  if (count > 1) {
    return wrong(malformed(dialect, placement, "x-amz-content-sha256 is given more than once."));
  }
  return read_payload(in_query != nullptr ? std::string_view(*in_query) : values.first, dialect);
}

Result<void, Problem> take_payload(const RequestView& request, const std::string* in_query,
                                   Signed& result) {
  const Values values = ignores_content_hash(result) ? Values{} : header_values(request, kContentHash);
  auto payload = find_payload(values, in_query, result.dialect, result.placement);
  if (!payload) return std::unexpected(std::move(payload.error()));
  result.payload = payload->mode;
  result.declared_sha256 = std::move(payload->declared_sha256);
  return {};
}

Result<Signed, Problem> parse_header(const RequestView& request, std::string_view authorization,
                                     Dialect dialect) {
  Signed result{.dialect = dialect, .placement = Placement::Header};
  if (authorization.size() > kMaxAuthorizationBytes) {
    return wrong(malformed(dialect, Placement::Header, "the header is too long."));
  }
  const size_t space = authorization.find(' ');
  const std::string_view type = authorization.substr(0, space);
  if (type != kAlgorithm) return wrong(unsupported_type(dialect, type));
  if (space == authorization.npos) {
    return wrong(malformed(dialect, Placement::Header, missing_components({}, dialect)));
  }
  auto parts = split_authorization(authorization.substr(space + 1), dialect);
  if (!parts) return std::unexpected(std::move(parts.error()));
  if (!parts->credential || !parts->signed_headers || !parts->signature) {
    return wrong(malformed(dialect, Placement::Header, missing_components(*parts, dialect)));
  }
  if (auto taken = take_parts(*parts, result); !taken)
    return std::unexpected(std::move(taken.error()));
  auto time = header_time(request, dialect);
  if (!time) return std::unexpected(std::move(time.error()));
  result.time = *time;
  const auto tokens = header_values(request, "x-amz-security-token");
  if (tokens.count > 1) {
    return wrong(
        malformed(dialect, Placement::Header, "x-amz-security-token is given more than once."));
  }
  if (tokens.count > 0) result.security_token = tokens.first;
  if (auto taken = take_payload(request, nullptr, result); !taken)
    return std::unexpected(std::move(taken.error()));
  return result;
}

// The one parameter of that name; null when there is none.
struct Lookup {
  const Parameters& parameters;
  bool repeated = false;

  const std::string* find(std::string_view name) {
    const std::string* found = nullptr;
    for (const auto& [key, value] : parameters) {
      if (key != name) continue;
      if (found != nullptr) repeated = true;
      found = &value;
    }
    return found;
  }
};

Result<std::chrono::seconds, Problem> read_expires(const std::string& text, Dialect dialect) {
  const auto number = parse_integer(text);
  const auto refuse = [&](const char* detail) {
    return wrong(malformed(dialect, Placement::Query, detail));
  };
  if (!number) return refuse("X-Amz-Expires should be a number");
  if (*number < 0) return refuse("X-Amz-Expires must be non-negative");
  if (*number > kMaxExpires.count()) {
    return refuse(
        "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires "
        "must be "
        "less than 604800 seconds");
  }
  return std::chrono::seconds(*number);
}

// What a presigned request must have.
struct QueryParts {
  const std::string *algorithm, *credential, *date, *expires, *signed_headers, *signature;
  bool complete() const {
    return algorithm && credential && date && expires && signed_headers && signature;
  }
};

std::string missing_parameters(const QueryParts& parts, Dialect dialect) {
  if (dialect == Dialect::S3) {
    return "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
           "X-Amz-Signature, "
           "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.";
  }
  std::string text;
  const auto add = [&](const std::string* part, const char* name) {
    if (part == nullptr)
      text += fmt::format("AWS query-string parameters must include '{}'. ", name);
  };
  add(parts.algorithm, "X-Amz-Algorithm");
  add(parts.credential, "X-Amz-Credential");
  add(parts.signature, "X-Amz-Signature");
  add(parts.signed_headers, "X-Amz-SignedHeaders");
  add(parts.date, "X-Amz-Date");
  add(parts.expires, "X-Amz-Expires");
  return text + "Re-examine the query-string parameters.";
}

Result<Signed, Problem> parse_query(const RequestView& request, const Parameters& parameters,
                                    Dialect dialect) {
  Signed result{.dialect = dialect, .placement = Placement::Query};
  Lookup lookup{parameters};
  const QueryParts parts{lookup.find("X-Amz-Algorithm"),     lookup.find("X-Amz-Credential"),
                         lookup.find("X-Amz-Date"),          lookup.find("X-Amz-Expires"),
                         lookup.find("X-Amz-SignedHeaders"), lookup.find("X-Amz-Signature")};
  const std::string* token = lookup.find("X-Amz-Security-Token");
  const std::string* payload = lookup.find("X-Amz-Content-Sha256");
  const auto refuse = [&](std::string detail) {
    return wrong(malformed(dialect, Placement::Query, std::move(detail)));
  };
  if (parts.algorithm != nullptr && *parts.algorithm != kAlgorithm) {
    if (*parts.algorithm == "AWS4-ECDSA-P256-SHA256")
      return wrong(unsupported_type(dialect, *parts.algorithm));
    return refuse("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\"");
  }
  if (!parts.complete()) return refuse(missing_parameters(parts, dialect));
  if (lookup.repeated) return refuse("A parameter of the signature is given more than once.");
  const Parts common{*parts.credential, *parts.signed_headers, *parts.signature};
  if (auto taken = take_parts(common, result); !taken)
    return std::unexpected(std::move(taken.error()));
  const auto time = parse_compact_date_time(*parts.date);
  if (!time)
    return refuse("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  result.time = *time;
  auto expires = read_expires(*parts.expires, dialect);
  if (!expires) return std::unexpected(std::move(expires.error()));
  result.expires = *expires;
  if (token != nullptr) result.security_token = *token;
  if (auto taken = take_payload(request, payload, result); !taken)
    return std::unexpected(std::move(taken.error()));
  return result;
}

std::unexpected<Problem> denied(std::string message) {
  return wrong({"AccessDenied", 403, std::move(message), {}});
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html#RESTAuthenticationQueryStringAuth
Result<SignedVersion2, Problem> parse_version_2(const RequestView& request, const Parameters& parameters) {
  Lookup lookup{parameters};
  const std::string *key = lookup.find("AWSAccessKeyId"), *signature = lookup.find("Signature"),
                    *expires = lookup.find("Expires"), *token = lookup.find("x-amz-security-token"),
                    *payload_text = lookup.find(kContentHash);
  if (key == nullptr || signature == nullptr || expires == nullptr) {
    return denied("Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters");
  }
  if (lookup.repeated) return denied("A parameter of the signature is given more than once.");
  const auto seconds = parse_integer(*expires);
  if (!seconds || *seconds < 0 || *seconds > kLastSecond) {
    return denied(fmt::format("Invalid date (should be seconds since epoch): {}", *expires));
  }
  if (!is_name_of(*key, kAccessKey)) return wrong(unknown_access_key(Dialect::S3, *key));
  auto payload = find_payload(header_values(request, kContentHash), payload_text, Dialect::S3, Placement::Query);
  if (!payload) return std::unexpected(std::move(payload.error()));
  if (payload->mode == PayloadMode::StreamingSigned || payload->mode == PayloadMode::StreamingSignedTrailer) {
    return wrong(not_spoken("A body in signed chunks under a signature of version 2"));
  }
  const auto tokens = header_values(request, "x-amz-security-token");
  SignedVersion2 result{.access_key_id = *key,
                        .signature = *signature,
                        .expires = Time(std::chrono::seconds(*seconds)),
                        .payload = payload->mode,
                        .declared_sha256 = std::move(payload->declared_sha256)};
  if (tokens.count > 0) {
    result.security_token = tokens.first;
  } else if (token != nullptr) {
    result.security_token = *token;
  }
  return result;
}

// "Tue, 27 Mar 2007 19:36:42 +0000"; nothing before 1970.
std::optional<Time> mail_date(std::string_view text) {
  std::string date(trim(text));
  for (const char* zone : {" +0000", " -0000"}) {
    if (date.ends_with(zone)) date.replace(date.size() - 6, 6, " GMT");
  }
  const auto time = parse_http_date(date);
  return time && *time >= Time{} ? time : std::nullopt;
}

// "AWS key:signature".
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html#ConstructingTheAuthenticationHeader
Result<SignedVersion2, Problem> parse_header_version_2(const RequestView& request,
                                                       std::string_view authorization) {
  const std::string_view claim = trim(authorization.substr(authorization.find(' ') + 1));
  const size_t colon = claim.rfind(':');
  if (authorization.size() > kMaxAuthorizationBytes || colon == claim.npos || colon == 0) {
    return wrong({"InvalidArgument", 400, "AWS authorization header is invalid. Expected AwsAccessKeyId:signature",
                  {{"ArgumentName", "Authorization"}}});
  }
  const std::string key(claim.substr(0, colon));
  if (!is_name_of(key, kAccessKey)) return wrong(unknown_access_key(Dialect::S3, key));
  const auto amazon = header_values(request, "x-amz-date"), plain = header_values(request, "date");
  const Values& dates = amazon.count == 0 ? plain : amazon;
  const auto time = dates.count == 1 ? mail_date(dates.first) : std::nullopt;
  if (!time) return denied("AWS authentication requires a valid Date or x-amz-date header");
  auto payload = find_payload(header_values(request, kContentHash), nullptr, Dialect::S3, Placement::Query);
  if (!payload) return std::unexpected(std::move(payload.error()));
  if (payload->mode == PayloadMode::StreamingSigned || payload->mode == PayloadMode::StreamingSignedTrailer) {
    return wrong(not_spoken("A body in signed chunks under a signature of version 2"));
  }
  const auto tokens = header_values(request, "x-amz-security-token");
  return SignedVersion2{.access_key_id = key,
                        .signature = std::string(trim(claim.substr(colon + 1))),
                        .placement = Placement::Header,
                        .time = *time,
                        .date = amazon.count == 0 ? std::string(plain.first) : std::string(),
                        .security_token = std::string(tokens.first),
                        .payload = payload->mode,
                        .declared_sha256 = std::move(payload->declared_sha256)};
}

bool mentions(const Parameters& parameters, std::initializer_list<std::string_view> names) {
  return std::ranges::any_of(parameters, [&](const auto& parameter) {
    return std::ranges::find(names, parameter.first) != names.end();
  });
}

}  // namespace

std::optional<Scope> find_scope(const RequestView& request) {
  const auto authorization = header_values(request, "authorization");
  const auto scope_in = [](std::string_view text) -> std::optional<Scope> {
    const auto credential = read_credential(text);
    return credential ? std::optional(credential->scope()) : std::nullopt;
  };
  if (authorization.count > 0) {
    constexpr std::string_view kName = "Credential=";
    const size_t at = authorization.first.find(kName);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view rest = authorization.first.substr(at + kName.size());
    return scope_in(trim(rest.substr(0, rest.find(','))));
  }
  if (request.query.find("X-Amz-Credential") == std::string_view::npos) return std::nullopt;
  const Parameters parameters = query_parameters(request.query);
  Lookup lookup{parameters};
  const std::string* text = lookup.find("X-Amz-Credential");
  return text != nullptr ? scope_in(*text) : std::nullopt;
}

std::variant<Anonymous, Signed, SignedVersion2, Problem> parse(const RequestView& request, Dialect dialect) {
  const auto authorization = header_values(request, "authorization");
  const Parameters parameters = query_parameters(request.query);
  const bool in_query =
      mentions(parameters, {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"});
  // Signature Version 2: of S3, and of the query protocol.
  if (mentions(parameters, {"AWSAccessKeyId"}) && mentions(parameters, {"Signature"})) {
    if (authorization.count > 0 || in_query) return two_mechanisms(dialect);
    if (dialect != Dialect::S3) return unsupported_type(dialect, "AWS");
    auto result = parse_version_2(request, parameters);
    if (!result) return std::move(result.error());
    return std::move(*result);
  }
  if (authorization.count == 0 && !in_query) return Anonymous{};
  if (authorization.count > 0 && in_query) return two_mechanisms(dialect);
  if (authorization.count > 1) {
    return malformed(dialect, Placement::Header,
                     "the Authorization header is given more than once.");
  }
  if (!in_query && dialect == Dialect::S3 && authorization.first.starts_with("AWS ")) {
    auto result = parse_header_version_2(request, authorization.first);
    if (!result) return std::move(result.error());
    return std::move(*result);
  }
  auto result = in_query ? parse_query(request, parameters, dialect)
                         : parse_header(request, authorization.first, dialect);
  if (!result) return std::move(result.error());
  return std::move(*result);
}

}  // namespace holm::aws::signature
