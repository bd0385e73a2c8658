// Descriptors by epoll.

#include "init/event_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>

namespace holm::init {

EventLoop::EventLoop() : poll_(epoll_create1(EPOLL_CLOEXEC)) {}

EventLoop::Token EventLoop::watch(int descriptor, uint32_t events, Callback callback) {
  const Token token = next_++;
  watched_[token] = {descriptor, std::move(callback)};
  epoll_event event{.events = events, .data = {.u64 = token}};
  epoll_ctl(poll_.get(), EPOLL_CTL_ADD, descriptor, &event);
  return token;
}

void EventLoop::change(Token token, uint32_t events) {
  auto found = watched_.find(token);
  if (found == watched_.end()) return;
  epoll_event event{.events = events, .data = {.u64 = token}};
  epoll_ctl(poll_.get(), EPOLL_CTL_MOD, found->second.descriptor, &event);
}

void EventLoop::forget(Token token) {
  auto found = watched_.find(token);
  if (found == watched_.end()) return;
  epoll_ctl(poll_.get(), EPOLL_CTL_DEL, found->second.descriptor, nullptr);
  watched_.erase(found);
}

void EventLoop::run_once(Monotonic deadline) {
  int milliseconds = -1;
  if (deadline != kForever) {
    const int64_t left = (deadline - monotonic_now()).count() / 1000 + 1;
    milliseconds = static_cast<int>(std::clamp<int64_t>(left, 0, 1 << 30));
  }
  std::array<epoll_event, 64> events;
  const int count = epoll_wait(poll_.get(), events.data(), events.size(), milliseconds);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    auto found = watched_.find(event.data.u64);
    if (found == watched_.end()) continue;  // Forgotten by a callback before this one.
    const Callback callback = found->second.callback;
    callback(event.events);
  }
}

}  // namespace holm::init
