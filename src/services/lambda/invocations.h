// From a function's name to what can be run.
#pragma once

#include <memory>

#include "services/lambda/functions.h"

namespace holm::lambda {

// What an invocation of `id` runs now. Throws when there is no such function or its code is not
// ready.
std::shared_ptr<const Target> require_target(Service& service, Call& call, const FunctionId& id);

}  // namespace holm::lambda
