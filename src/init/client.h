// A client's side of the control socket.
#pragma once

#include "base/result.h"
#include "init/control_message.h"

namespace holm::init {

// Waits for the reply, however long the job takes.
Result<Fields> ask_init(const Fields& request);

}  // namespace holm::init
