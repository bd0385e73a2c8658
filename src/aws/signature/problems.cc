// The codes, statuses and words of each family of services.

#include "aws/signature/problems.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "base/time_format.h"

namespace holm::aws::signature {

namespace {

struct Words {
  const char* code;
  int status;
};

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
// https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
struct Vocabulary {
  Words mismatch, incomplete, missing, unknown_key, invalid_token, expired_token;
};

constexpr Vocabulary kS3 = {{"SignatureDoesNotMatch", 403}, {"AuthorizationHeaderMalformed", 400},
                            {"AccessDenied", 403},          {"InvalidAccessKeyId", 403},
                            {"InvalidToken", 400},          {"ExpiredToken", 400}};
constexpr Vocabulary kQuery = {{"SignatureDoesNotMatch", 403},      {"IncompleteSignature", 400},
                               {"MissingAuthenticationToken", 403}, {"InvalidClientTokenId", 403},
                               {"InvalidClientTokenId", 403},       {"ExpiredToken", 403}};
constexpr Vocabulary kEc2 = {{"AuthFailure", 401}, {"IncompleteSignature", 400},
                             {"AuthFailure", 401}, {"AuthFailure", 401},
                             {"AuthFailure", 401}, {"RequestExpired", 400}};
constexpr Vocabulary kJson = {
    {"InvalidSignatureException", 400},           {"IncompleteSignatureException", 400},
    {"MissingAuthenticationTokenException", 400}, {"UnrecognizedClientException", 400},
    {"UnrecognizedClientException", 400},         {"ExpiredTokenException", 400}};
constexpr Vocabulary kRestJson = {
    {"InvalidSignatureException", 403},           {"IncompleteSignatureException", 403},
    {"MissingAuthenticationTokenException", 403}, {"UnrecognizedClientException", 403},
    {"UnrecognizedClientException", 403},         {"ExpiredTokenException", 403}};

const Vocabulary& vocabulary(Dialect dialect) {
  switch (dialect) {
    case Dialect::S3:
      return kS3;
    case Dialect::Query:
      return kQuery;
    case Dialect::Ec2:
      return kEc2;
    case Dialect::Json:
      return kJson;
    case Dialect::RestJson:
      return kRestJson;
  }
  return kQuery;
}

constexpr const char* kEc2NotValidated =
    "AWS was not able to validate the provided access credentials";

Problem problem(Words words, Dialect dialect, std::string message) {
  const bool vague = std::string_view(words.code) == "AuthFailure" && dialect == Dialect::Ec2;
  return {words.code, words.status, vague ? kEc2NotValidated : std::move(message), {}};
}

}  // namespace

Problem missing_authentication(Dialect dialect) {
  switch (dialect) {
    case Dialect::S3:
      return {"AccessDenied", 403, "Access Denied", {}};
    case Dialect::Ec2:
      return {"AuthFailure",
              401,
              "AWS was not able to authenticate the request: access credentials are missing",
              {}};
    case Dialect::Query:
      return problem(kQuery.missing, dialect, "Request is missing Authentication Token");
    case Dialect::Json:
    case Dialect::RestJson:
      break;
  }
  return problem(vocabulary(dialect).missing, dialect, "Missing Authentication Token");
}

Problem unknown_access_key(Dialect dialect, std::string_view access_key_id) {
  if (dialect != Dialect::S3) {
    return problem(vocabulary(dialect).unknown_key, dialect,
                   "The security token included in the request is invalid.");
  }
  Problem result = problem(kS3.unknown_key, dialect,
                           "The AWS Access Key Id you provided does not exist in our records.");
  result.members.emplace_back("AWSAccessKeyId", access_key_id);
  return result;
}

Problem invalid_token(Dialect dialect) {
  return problem(vocabulary(dialect).invalid_token, dialect,
                 dialect == Dialect::S3 ? "The provided token is malformed or otherwise invalid."
                                        : "The security token included in the request is invalid.");
}

Problem expired_token(Dialect dialect) {
  switch (dialect) {
    case Dialect::S3:
      return problem(kS3.expired_token, dialect, "The provided token has expired.");
    case Dialect::Ec2:
      return problem(kEc2.expired_token, dialect, "Request has expired.");
    case Dialect::Query:
    case Dialect::Json:
    case Dialect::RestJson:
      break;
  }
  return problem(vocabulary(dialect).expired_token, dialect,
                 "The security token included in the request is expired");
}

Problem malformed(Dialect dialect, Placement placement, std::string detail) {
  if (dialect != Dialect::S3)
    return problem(vocabulary(dialect).incomplete, dialect, std::move(detail));
  if (placement == Placement::Query)
    return {"AuthorizationQueryParametersError", 400, std::move(detail), {}};
  return problem(kS3.incomplete, dialect, "The authorization header is malformed; " + detail);
}

Problem not_spoken(std::string_view mechanism) {
  return {"NotImplemented", 501, fmt::format("{} is not implemented by holm.", mechanism), {}};
}

Problem two_mechanisms(Dialect dialect) {
  if (dialect != Dialect::S3) {
    return malformed(
        dialect, Placement::Header,
        "Only one of the Authorization header and the signature in the query string may be given.");
  }
  return {"InvalidArgument",
          400,
          "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature "
          "query string "
          "parameter or the Authorization header should be specified",
          {{"ArgumentName", "Authorization"}}};
}

Problem unsupported_type(Dialect dialect, std::string_view type) {
  if (type == "AWS4-ECDSA-P256-SHA256")
    return not_spoken("Signature Version 4A (AWS4-ECDSA-P256-SHA256)");
  if (dialect != Dialect::S3) {
    return malformed(dialect, Placement::Header,
                     fmt::format("Unsupported AWS 'algorithm': '{}'.", type));
  }
  if (type == "AWS") {
    return {"InvalidRequest",
            400,
            "The authorization mechanism you have provided is not supported. Please use "
            "AWS4-HMAC-SHA256.",
            {}};
  }
  return {"InvalidArgument",
          400,
          "Unsupported Authorization Type",
          {{"ArgumentName", "Authorization"}}};
}

std::string bytes_text(std::string_view text) {
  std::string bytes;
  bytes.reserve(3 * text.size());
  for (const char c : text) {
    if (!bytes.empty()) bytes += ' ';
    bytes += hex_encode(std::string_view(&c, 1));
  }
  return bytes;
}

Problem unsigned_header(Dialect dialect, std::string_view name) {
  if (dialect == Dialect::S3) {
    return {"AccessDenied",
            403,
            "There were headers present in the request which were not signed",
            {{"HeadersNotSigned", std::string(name)}}};
  }
  const std::string shown = name == "host" ? "'Host' or ':authority'" : fmt::format("'{}'", name);
  return malformed(dialect, Placement::Header,
                   shown + " must be a 'SignedHeader' in the AWS Authorization.");
}

Problem wrong_region(const Signed& request, std::string_view expected) {
  if (request.dialect != Dialect::S3) {
    return problem(vocabulary(request.dialect).mismatch, request.dialect,
                   fmt::format("Credential should be scoped to a valid region, not '{}'. ",
                               request.scope.region));
  }
  std::string detail =
      fmt::format("the region '{}' is wrong; expecting '{}'", request.scope.region, expected);
  if (request.placement == Placement::Query)
    detail = "Error parsing the X-Amz-Credential parameter; " + detail;
  Problem result = malformed(request.dialect, request.placement, std::move(detail));
  result.members.emplace_back("Region", expected);
  return result;
}

Problem wrong_service(const Signed& request, std::string_view expected) {
  if (request.dialect != Dialect::S3) {
    return problem(vocabulary(request.dialect).mismatch, request.dialect,
                   fmt::format("Credential should be scoped to correct service: '{}'. ", expected));
  }
  std::string detail = fmt::format("incorrect service \"{}\". This endpoint belongs to \"{}\".",
                                   request.scope.service, expected);
  if (request.placement == Placement::Query)
    detail = "Error parsing the X-Amz-Credential parameter; " + detail;
  return malformed(request.dialect, request.placement, std::move(detail));
}

Problem wrong_date(const Signed& request) {
  const std::string time = compact_date_time(request.time);
  if (request.dialect != Dialect::S3) {
    return problem(
        vocabulary(request.dialect).mismatch, request.dialect,
        fmt::format(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
            "from HTTP: '{}' != '{}', from '{}'.",
            request.scope.date, time.substr(0, 8), time));
  }
  return malformed(
      request.dialect, request.placement,
      fmt::format(
          "Invalid credential date \"{}\". This date is not the same as X-Amz-Date: \"{}\".",
          request.scope.date, time.substr(0, 8)));
}

Problem skewed(const Signed& request, Time now) {
  const std::string time = compact_date_time(request.time), server = compact_date_time(now);
  switch (request.dialect) {
    case Dialect::S3:
      return {"RequestTimeTooSkewed",
              403,
              "The difference between the request time and the current time is too large.",
              {{"RequestTime", time},
               {"ServerTime", iso8601(now)},
               {"MaxAllowedSkewMilliseconds",
                std::to_string(std::chrono::milliseconds(kMaxSkew).count())}}};
    case Dialect::Ec2:
      return {"RequestExpired", 400, "Request has expired.", {}};
    case Dialect::Query:
    case Dialect::Json:
    case Dialect::RestJson:
      break;
  }
  const bool late = request.time < now;
  const std::string limit = compact_date_time(late ? now - kMaxSkew : now + kMaxSkew);
  return problem(
      vocabulary(request.dialect).mismatch, request.dialect,
      late ? fmt::format("Signature expired: {} is now earlier than {} ({} - 15 min.)", time, limit,
                         server)
           : fmt::format("Signature not yet current: {} is still later than {} ({} + 15 min.)",
                         time, limit, server));
}

Problem expired(const Signed& request, Time now) {
  if (request.dialect == Dialect::S3) {
    return {"AccessDenied",
            403,
            "Request has expired",
            {{"X-Amz-Expires", std::to_string(request.expires.count())},
             {"Expires", iso8601(request.time + request.expires)},
             {"ServerTime", iso8601(now)}}};
  }
  if (request.dialect == Dialect::Ec2) return skewed(request, now);
  return problem(
      vocabulary(request.dialect).mismatch, request.dialect,
      fmt::format("Signature expired: {} is now earlier than {}",
                  compact_date_time(request.time + request.expires), compact_date_time(now)));
}

Problem not_yet_valid(const Signed& request, Time now) {
  if (request.dialect != Dialect::S3) return skewed(request, now);
  return {"AccessDenied",
          403,
          "Request is not valid yet",
          {{"X-Amz-Date", compact_date_time(request.time)}, {"ServerTime", iso8601(now)}}};
}

Problem mismatch(Dialect dialect) {
  return problem(vocabulary(dialect).mismatch, dialect,
                 dialect == Dialect::S3 ? "The request signature we calculated does not match the "
                                          "signature you provided. Check your "
                                          "key and signing method."
                                        : "The request signature we calculated does not match the "
                                          "signature you provided. Check your "
                                          "AWS Secret Access Key and signing method. Consult the "
                                          "service documentation for details.");
}

}  // namespace holm::aws::signature
