// Everything that two recipients could read differently is refused; what only looks odd is not.

#include "http/strict_policy.h"

namespace holm::http {

namespace {

constexpr Deviations kAcceptedInRequests = {
    Deviation::LeadingEmptyLine,    Deviation::NonAsciiTarget,
    Deviation::UnknownMinorVersion, Deviation::SuspiciousHeader,
    Deviation::ListedContentLength, Deviation::DuplicateContentLength,
    Deviation::GetOrHeadWithLength, Deviation::GetOrHeadWithZeroLength,
    Deviation::GetOrHeadWithChunked,
};

constexpr Deviations kVersions = {Deviation::UnsupportedVersion, Deviation::Http09};

// RFC 9112, section 6.1: a coding that is not understood is not implemented.
constexpr Deviations kCodings = {
    Deviation::BadTransferEncoding,
    Deviation::UnsupportedCoding,
    Deviation::IdentityCoding,
};

constexpr Deviations kAcceptedInResponses = {
    Deviation::LeadingEmptyLine,
    Deviation::UnknownMinorVersion,
    Deviation::SuspiciousHeader,
    Deviation::ListedContentLength,
    Deviation::DuplicateContentLength,
};

}  // namespace

std::optional<int> refusal_of(Deviations deviations) {
  Deviations refused = deviations.without(kAcceptedInRequests);
  if (refused.empty()) return std::nullopt;
  if (refused.without(kVersions).empty()) return 505;
  if (refused.without(kCodings).empty()) return 501;
  return 400;
}

int refusal_of(HeadState state) { return state == HeadState::StartLineTooLong ? 414 : 431; }

bool is_sound_response(const Head& head) {
  return head.deviations.without(kAcceptedInResponses).empty();
}

}  // namespace holm::http
