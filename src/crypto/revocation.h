// What authorities take back: lists of revoked certificates; and texts with several things in PEM.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace holm::crypto {

// The pieces of `text` that are marked so ("CERTIFICATE"), each with its marks and a line end; whatever is between
// them is left out. None when one has no end.
std::vector<std::string> pem_pieces(std::string_view text, std::string_view mark);

// How many certificates the lists (X.509 CRL in PEM, at least one) revoke together.
Result<size_t> count_revoked(std::string_view lists);

}  // namespace holm::crypto
