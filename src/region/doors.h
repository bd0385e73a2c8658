// Listening sockets whose connections wait until everything that answers them is there.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/unique_fd.h"

namespace holm::region {

// Any thread. What is added outlives it.
class Doors final {
 public:
  // `server` listens on the socket from open() on, or at once when that was before.
  template <class Server>
  void add(Server& server, UniqueFd socket) {
    auto shared = std::make_shared<UniqueFd>(std::move(socket));
    give([&server, shared] { server.listen(std::move(*shared)); });
  }
  // Once.
  void open();

 private:
  void give(std::function<void()> listen);

  std::mutex mutex_;
  // Nothing once they are open.
  std::optional<std::vector<std::function<void()>>> waiting_ = std::vector<std::function<void()>>();
};

}  // namespace holm::region
