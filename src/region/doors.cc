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

std::function<void()> Doors::when_open(std::function<void()> listen) {
  struct Waiting {
    std::mutex mutex;
    std::function<void()> listen;
  };
  auto waiting = std::make_shared<Waiting>();
  waiting->listen = std::move(listen);
  give([waiting] {
    std::lock_guard lock(waiting->mutex);
    if (auto work = std::exchange(waiting->listen, nullptr)) work();
  });
  return [waiting] {
    std::lock_guard lock(waiting->mutex);
    waiting->listen = nullptr;
  };
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
