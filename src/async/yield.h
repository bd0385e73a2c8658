// Letting others have their turn.
#pragma once

#include "async/reactor.h"
#include "async/task.h"

namespace holm::async {

// Resumes on the reactor, where it is called, after what else is ready: for tasks that could go on for long
// without waiting.
Task<void> yield(Reactor& reactor);

}  // namespace holm::async
