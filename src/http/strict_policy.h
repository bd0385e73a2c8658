// The policy of a server that answers for itself: what RFC 9112 lets a server reject, it rejects.
#pragma once

#include <optional>

#include "http/head_parser.h"

namespace holm::http {

// The status to refuse a request with (then the connection is closed), or none to go on.
std::optional<int> refusal_of(Deviations deviations);
// Likewise for a state of the parser that is no Complete and no Incomplete.
int refusal_of(HeadState state);
// Whether a client can rely on this response; if not, it is an error.
bool is_sound_response(const Head& head);

}  // namespace holm::http
