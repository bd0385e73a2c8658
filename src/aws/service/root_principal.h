// An account as the one who asks.
#pragma once

#include <string>

#include "aws/service/call.h"

namespace holm::aws {

// The account itself, which may do there whatever nobody denies: for what somebody was allowed when it was asked
// for, and which is done later.
Principal root_principal(const std::string& account);

}  // namespace holm::aws
