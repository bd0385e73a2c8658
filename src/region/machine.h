// What a region needs of the machine.
#pragma once

#include <cstddef>

#include "base/result.h"

namespace holm::region {

// Fails in one sentence when no region can run here, before anything has been made.
Result<void> check_machine();

// Raises the number of descriptors that this process may have open to what it may raise it to; returns that.
size_t raise_open_files_max();

// How many connections there may be at a time, of a number of descriptors; the rest is for everything else.
struct ConnectionShares {
  size_t clients;  // Of the edge and of load balancers; a request of each may need a connection to a target.
  size_t targets;
  size_t api;
};
ConnectionShares share_open_files(size_t open_files_max);

}  // namespace holm::region
