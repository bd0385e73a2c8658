// Listening sockets whose connections wait until everything that answers them is there.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/unique_fd.h"

namespace holm::region {

// Any thread. What is added outlives it.
class Doors final {
 public:
  // `server` listens on the socket from open() on, or at once when that was before. Returns what closes that
  // door; the server must still be there then.
  template <class Server>
  std::function<void()> add(Server& server, UniqueFd socket) {
    auto door = std::make_shared<Door>(std::move(socket));
    give([&server, door] {
      std::lock_guard lock(door->mutex);
      if (door->socket) door->listening = server.listen(std::move(door->socket));
    });
    return [&server, door] {
      std::lock_guard lock(door->mutex);
      door->socket.reset();
      if (door->listening >= 0) server.stop_listening(std::exchange(door->listening, -1));
    };
  }
  // Calls `listen` at open(), or now. Returns what takes that back, if it has not happened yet.
  std::function<void()> when_open(std::function<void()> listen);
  // Once.
  void open();

 private:
  struct Door {
    explicit Door(UniqueFd own) : socket(std::move(own)) {}
    std::mutex mutex;
    UniqueFd socket;     // Until the server has it.
    int listening = -1;  // What the server calls it.
  };
  void give(std::function<void()> listen);

  std::mutex mutex_;
  // Nothing once they are open.
  std::optional<std::vector<std::function<void()>>> waiting_ = std::vector<std::function<void()>>();
};

}  // namespace holm::region
