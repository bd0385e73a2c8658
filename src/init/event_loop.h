// Waits for descriptors and calls whoever they belong to. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "base/unique_fd.h"
#include "init/clock.h"
#include "init/time_span.h"

namespace holm::init {

class EventLoop final {
 public:
  EventLoop();
  using Callback = std::function<void(uint32_t events)>;  // EPOLLIN …
  using Token = uint64_t;

  // `descriptor` stays the caller's, who takes it out before closing it.
  Token watch(int descriptor, uint32_t events, Callback callback);
  void change(Token token, uint32_t events);
  // Also within a callback, its own as well.
  void forget(Token token);
  // Calls back for what is ready; waits for it no longer than until `deadline`.
  void run_once(Monotonic deadline);

 private:
  struct Watched {
    int descriptor = -1;
    Callback callback;
  };

  UniqueFd poll_;
  std::map<Token, Watched> watched_;
  Token next_ = 1;
};

}  // namespace holm::init
