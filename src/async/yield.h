// Letting others have their turn, and knowing whether there are any.
#pragma once

#include "async/reactor.h"
#include "async/task.h"

namespace holm::async {

// Resumes on the reactor, where it is called, after what else is ready: for tasks that could go on for long
// without waiting.
Task<void> yield(Reactor& reactor);

// Of the reactor whose thread this is: it had waited for what it is doing now, and that is all there is to be
// done, so nobody waits for it meanwhile.
bool is_quiet_here();

}  // namespace holm::async
