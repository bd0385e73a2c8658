// Looks before anything is made.

#include "region/machine.h"

#include <sys/resource.h>

#include <algorithm>

#include "sandbox/probe.h"

namespace holm::region {

Result<void> check_machine() {
  const std::vector<std::string> reasons = sandbox::probe().blocking();
  if (!reasons.empty()) return failure(reasons.front());
  return {};
}

size_t raise_open_files_max() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  if (limit.rlim_cur < limit.rlim_max && ::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return limit.rlim_cur;
}

ConnectionShares share_open_files(size_t open_files_max) {
  constexpr size_t kConnectionsMax = 40000;
  const size_t traffic = std::min(kConnectionsMax, open_files_max / 8 * 3);
  return {.clients = traffic, .targets = traffic, .api = std::min(kConnectionsMax, open_files_max / 8)};
}

}  // namespace holm::region
