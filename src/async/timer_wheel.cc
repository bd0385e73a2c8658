// The ring: insertion and removal are list operations; a bit for each list that is not empty makes
// the search for the next one short.

#include "async/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace holm::async {

namespace {

// Marks a timer that has left the ring and waits to be called.
constexpr uint64_t kDue = 0;

}  // namespace

uint64_t TimerWheel::tick_at(SteadyTime time) const {
  auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(time - start_).count();
  return passed <= 0 ? 0 : static_cast<uint64_t>(passed) / kTickMilliseconds;
}

void TimerWheel::insert(Timer& timer, SteadyTime due) {
  // One tick more, since the current one has partly passed: a timer never expires early.
  timer.tick_ = std::max(tick_at(due), done_) + 1;
  size_t slot = timer.tick_ % kSlots;
  timer.previous_ = nullptr;
  timer.next_ = slots_[slot];
  if (timer.next_) timer.next_->previous_ = &timer;
  slots_[slot] = &timer;
  occupied_[slot / 64] |= uint64_t{1} << (slot % 64);
  ++count_;
  timer.armed_ = true;
}

void TimerWheel::remove(Timer& timer) {
  size_t slot = timer.tick_ % kSlots;
  Timer*& head = timer.tick_ == kDue ? due_ : slots_[slot];
  if (timer.previous_) timer.previous_->next_ = timer.next_;
  if (timer.next_) timer.next_->previous_ = timer.previous_;
  if (head == &timer) head = timer.next_;
  if (!slots_[slot]) occupied_[slot / 64] &= ~(uint64_t{1} << (slot % 64));
  --count_;
  timer.armed_ = false;
}

void TimerWheel::collect(size_t slot, uint64_t tick) {
  for (Timer* timer = slots_[slot]; timer;) {
    Timer* next = timer->next_;
    if (timer->tick_ <= tick) {
      remove(*timer);
      timer->tick_ = kDue;
      timer->previous_ = nullptr;
      timer->next_ = due_;
      if (due_) due_->previous_ = timer;
      due_ = timer;
      timer->armed_ = true;
      ++count_;
    }
    timer = next;
  }
}

void TimerWheel::expire(SteadyTime now) {
  uint64_t tick = tick_at(now);
  if (tick <= done_) return;
  uint64_t first = std::max(done_ + 1, tick >= kSlots ? tick - kSlots + 1 : 0);
  for (uint64_t each = first; each <= tick && count_ > 0; ++each) collect(each % kSlots, tick);
  done_ = tick;
  // A function may disarm or destroy any timer, also one that is due, and arm new ones.
  while (due_) {
    Timer& timer = *due_;
    remove(timer);
    // Copied, because the function may destroy the timer it belongs to.
    std::function<void()> expired = timer.expired_;
    expired();
  }
}

std::optional<Duration> TimerWheel::until_next(SteadyTime now) const {
  if (count_ == 0) return std::nullopt;
  uint64_t tick = done_ + 1;
  for (size_t seen = 0; seen <= kSlots;) {
    size_t slot = tick % kSlots;
    uint64_t bits = occupied_[slot / 64] >> (slot % 64);
    size_t step = bits ? static_cast<size_t>(std::countr_zero(bits)) : 64 - slot % 64;
    tick += step;
    seen += step;
    if (bits) break;
  }
  SteadyTime due = start_ + Duration{tick * kTickMilliseconds};
  if (due <= now) return Duration{0};
  return std::chrono::ceil<Duration>(due - now);
}

}  // namespace holm::async
