// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#desync-mitigation-mode
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html#classification-reasons

#include "dataplane/balancer/desync.h"

#include "http/strict_policy.h"

namespace holm::balancer {

namespace {

using http::Deviation;
using http::Deviations;

struct Row {
  Deviations any_of;
  Classification classification;
};

// The first that applies counts: the worst first and, of those that are as bad, the one that tells more.
constexpr Row kRows[] = {
    {{Deviation::BadMethod}, {Safety::Severe, "BadMethod"}},
    {{Deviation::BadTarget, Deviation::NulOrCrInTarget}, {Safety::Severe, "BadUri"}},
    {{Deviation::BadVersion, Deviation::SeveralVersions, Deviation::UnsupportedVersion},
     {Safety::Severe, "BadVersion"}},
    {{Deviation::NulByte, Deviation::BareCr, Deviation::BareLf, Deviation::ObsFold, Deviation::NoColon,
      Deviation::NoHost, Deviation::SeveralHosts, Deviation::BadHost},
     {Safety::Severe, "BadHeader"}},
    {{Deviation::SeveralChunked}, {Safety::Severe, "MultipleTransferEncodingChunked"}},
    {{Deviation::BadTransferEncoding}, {Safety::Severe, "BadTransferEncoding"}},
    {{Deviation::BadContentLength, Deviation::ListedContentLength}, {Safety::Severe, "BadContentLength"}},
    {{Deviation::DifferentContentLengths}, {Safety::Severe, "MultipleContentLength"}},
    {{Deviation::ControlInTarget}, {Safety::Ambiguous, "AmbiguousUri"}},
    {{Deviation::EmptyHeaderName}, {Safety::Ambiguous, "EmptyHeader"}},
    {{Deviation::SuspiciousHeader}, {Safety::Ambiguous, "SuspiciousHeader"}},
    {{Deviation::DuplicateContentLength}, {Safety::Ambiguous, "DuplicateContentLength"}},
    {{Deviation::ContentLengthWithChunked}, {Safety::Ambiguous, "BothTeClPresent"}},
    {{Deviation::GetOrHeadWithLength, Deviation::ContentLengthInHttp09},
     {Safety::Ambiguous, "UndefinedContentLengthSemantics"}},
    {{Deviation::GetOrHeadWithChunked, Deviation::TransferEncodingInHttp10},
     {Safety::Ambiguous, "UndefinedTransferEncodingSemantics"}},
    {{Deviation::SpaceInTarget, Deviation::ExtraWhitespace}, {Safety::Acceptable, "SpaceInUri"}},
    {{Deviation::UnknownMinorVersion, Deviation::NoVersion, Deviation::Http09, Deviation::SpaceAfterVersion},
     {Safety::Acceptable, "NonCompliantVersion"}},
    {{Deviation::SpaceBeforeColon, Deviation::BadHeaderName, Deviation::ControlInHeader},
     {Safety::Acceptable, "NonCompliantHeader"}},
    {{Deviation::GetOrHeadWithZeroLength}, {Safety::Acceptable, "GetHeadZeroContentLength"}},
};

// What these say cannot be found out, so there is nothing that could be passed on, whatever the mode.
constexpr Deviations kUnreadable = {
    Deviation::BadMethod,           Deviation::BadTarget,        Deviation::BadVersion,
    Deviation::SeveralVersions,     Deviation::NoHost,           Deviation::SeveralHosts,
    Deviation::BadHost,             Deviation::BadContentLength, Deviation::UnsupportedVersion,
    Deviation::BadTransferEncoding, Deviation::UnsupportedCoding,
};

}  // namespace

Classification classify(Deviations deviations) {
  for (const Row& row : kRows) {
    if (deviations.any_of(row.any_of)) return row.classification;
  }
  return {};
}

std::string_view name_of(Safety safety) {
  switch (safety) {
    case Safety::Compliant: return "-";
    case Safety::Acceptable: return "Acceptable";
    case Safety::Ambiguous: return "Ambiguous";
    case Safety::Severe: return "Severe";
  }
  return "-";
}

Verdict judge(Deviations deviations, DesyncMitigation mode) {
  const Safety safety = classify(deviations).safety;
  // A coding that is not supported is none that deviates, and the words for it are the load balancer's own.
  const Deviations unreadable = deviations.without(deviations.without(kUnreadable));
  const std::optional<int> why = http::refusal_of(unreadable);
  if (safety == Safety::Compliant) return {.refusal = why, .closes = why.has_value()};
  if (mode == DesyncMitigation::Strictest) return {.refusal = why.value_or(400), .closes = true};
  // The body of what is refused is not looked for, so nothing can be read after it.
  if (mode == DesyncMitigation::Monitor) return {.refusal = why, .closes = why || safety == Safety::Severe};
  if (safety == Safety::Severe) return {.refusal = why.value_or(400), .closes = true};
  return {.refusal = why, .closes = why || safety == Safety::Ambiguous};
}

}  // namespace holm::balancer
