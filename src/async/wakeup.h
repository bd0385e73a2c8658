// Wakeup: lets a task wait for word from any thread, for instance "there is a message now".
#pragma once

#include <memory>

#include "async/reactor.h"
#include "async/task.h"

namespace holm::async {

enum class Woken { Notified, TimedOut };

// Belongs to `reactor`, on whose thread one task at a time waits. Notices may be given from any
// thread, through a Notifier, and before the wait: they are remembered (as one).
class Wakeup final {
 private:
  struct State;

 public:
  // Copied to whoever gives notice; harmless when the Wakeup is gone. The reactor outlives it.
  class Notifier {
   public:
    void notify() const;

   private:
    friend class Wakeup;
    explicit Notifier(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
  };

  explicit Wakeup(Reactor& reactor);
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  Notifier notifier() const { return Notifier(state_); }
  Task<Woken> wait(Duration timeout);

 private:
  std::shared_ptr<State> state_;
};

}  // namespace holm::async
