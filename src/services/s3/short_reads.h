// Looking a few rows up, where the request runs.
#pragma once

#include <functional>

#include "async/task.h"
#include "aws/service/call.h"

namespace holm::s3 {

class Service;

// Calls `look` with a read transaction: at once and on this thread, if nothing has to be waited for, otherwise
// on a worker. It finds its rows by their keys, as the reactor has others to serve. Until it returns, the texts
// of `call` are in the call that it is given.
async::Task<void> look_up(Service& service, aws::LongCall& call, std::function<void(aws::Call&)> look);

}  // namespace holm::s3
