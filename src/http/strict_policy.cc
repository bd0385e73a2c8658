// Everything that two recipients could read differently is refused; what only looks odd is not.

#include "http/strict_policy.h"

namespace holm::http {

namespace {

constexpr Deviations kAcceptedInRequests = {
    Deviation::LeadingEmptyLine,       Deviation::NonAsciiTarget,
    Deviation::UnknownMinorVersion,    Deviation::SuspiciousHeader,
    Deviation::DuplicateContentLength, Deviation::GetOrHeadWithZeroLength,
    Deviation::GetOrHeadWithLength,    Deviation::GetOrHeadWithChunked,
};

constexpr Deviations kAcceptedInResponses = {
    Deviation::LeadingEmptyLine,
    Deviation::UnknownMinorVersion,
    Deviation::SuspiciousHeader,
    Deviation::DuplicateContentLength,
};

}  // namespace

std::optional<int> refusal_of(const Head& head) {
  Deviations refused = head.deviations.without(kAcceptedInRequests);
  if (refused.empty()) return std::nullopt;
  if (refused == Deviations{Deviation::UnsupportedVersion}) return 505;
  // RFC 9112, section 6.1: a coding that is not understood is not implemented.
  if (refused == Deviations{Deviation::BadTransferEncoding}) return 501;
  return 400;
}

int refusal_of(HeadState state) { return state == HeadState::StartLineTooLong ? 414 : 431; }

bool is_sound_response(const Head& head) {
  return head.deviations.without(kAcceptedInResponses).empty();
}

}  // namespace holm::http
