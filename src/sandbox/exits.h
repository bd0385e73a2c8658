// Who is told when a sandbox ends: each owner of sandboxes has a prefix of ids of its own.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/exit_status.h"

namespace holm::sandbox {

// Any thread. Ends that come before anybody has subscribed to their prefix wait for it.
class Exits final {
 public:
  using Listener = std::function<void(const std::string& id, const ExitStatus&)>;

  void subscribe(std::string prefix, Listener listener);
  void deliver(const std::string& id, const ExitStatus& status);

 private:
  std::mutex mutex_;
  std::vector<std::pair<std::string, Listener>> listeners_;
  std::vector<std::pair<std::string, ExitStatus>> waiting_;
};

}  // namespace holm::sandbox
