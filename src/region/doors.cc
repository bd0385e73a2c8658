// They wait in the order in which they came.

#include "region/doors.h"

#include <utility>

namespace holm::region {

void Doors::give(std::function<void()> listen) {
  {
    std::lock_guard lock(mutex_);
    if (waiting_) return waiting_->push_back(std::move(listen));
  }
  listen();
}

void Doors::open() {
  std::vector<std::function<void()>> waiting;
  {
    std::lock_guard lock(mutex_);
    waiting = *std::exchange(waiting_, std::nullopt);
  }
  for (const std::function<void()>& listen : waiting) listen();
}

}  // namespace holm::region
