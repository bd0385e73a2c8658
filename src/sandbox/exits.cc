// Who is told when a sandbox ends.

#include "sandbox/exits.h"

namespace holm::sandbox {

void Exits::subscribe(std::string prefix, Listener listener) {
  std::vector<std::pair<std::string, ExitStatus>> missed;
  {
    std::lock_guard lock(mutex_);
    std::erase_if(waiting_, [&](auto& each) {
      if (!each.first.starts_with(prefix)) return false;
      missed.push_back(std::move(each));
      return true;
    });
    listeners_.emplace_back(std::move(prefix), listener);
  }
  for (const auto& [id, status] : missed) listener(id, status);
}

void Exits::deliver(const std::string& id, const ExitStatus& status) {
  Listener listener;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [prefix, each] : listeners_) {
      if (id.starts_with(prefix)) listener = each;
    }
    if (!listener) waiting_.emplace_back(id, status);
  }
  if (listener) listener(id, status);
}

}  // namespace holm::sandbox
