// What the model demands of an input, in the words of the operation's protocol.
#pragma once

#include "aws/service/operation.h"

namespace holm::gateway {

// Throws the service's validation error, or NotImplemented naming the first member that is given but that no
// code honours. Any thread.
void require_valid(const aws::Operation& operation, const void* input);

}  // namespace holm::gateway
