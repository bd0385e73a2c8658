// Desync mitigation: how dangerous a request is that not everybody reads alike, and what becomes of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dataplane/balancer/config.h"
#include "http/deviations.h"

namespace holm::balancer {

enum class Safety : uint8_t {
  Compliant,
  Acceptable,  // Against the standard, and everybody reads it alike.
  Ambiguous,   // Against the standard, and it may be read in more than one way.
  Severe,      // Made to be read in more than one way, as far as anybody can tell.
};

struct Classification {
  Safety safety = Safety::Compliant;
  std::string_view reason;  // As access logs name it; empty of what is compliant.
  friend bool operator==(const Classification&, const Classification&) = default;
};
// Of several deviations, the worst.
Classification classify(http::Deviations deviations);
// "Acceptable", …; "-" of what is compliant.
std::string_view name_of(Safety safety);

struct Verdict {
  std::optional<int> refusal;  // The status to answer with instead of passing it on.
  bool closes = false;         // Neither connection is used for another request.
};
Verdict judge(http::Deviations deviations, DesyncMitigation mode);

}  // namespace holm::balancer
