// Lists of free frames by size, of each thread; a frame that has another thread's end goes to that thread's list.

#include "async/frame_memory.h"

#include <array>
#include <new>
#include <utility>

namespace holm::async::internal {

namespace {

// A cache line, so that a frame's beginning shares none.
constexpr size_t kStep = 64;
constexpr size_t kClasses = 192;  // Up to 12 KiB, which a whole request of the API takes. Larger ones are rare.
constexpr size_t kKeptMax = 128;  // Of each class; those that requests have are two MiB at most.

struct Free {
  Free* next;
};

struct FreeFrames {
  std::array<Free*, kClasses> first;
  std::array<size_t, kClasses> count;
  bool has_owner;  // Somebody gives them back at the thread's end.
  bool is_over;    // That has come.
};

constinit thread_local FreeFrames frames{};

// Gives everything back at the end of its thread.
class Owner {
 public:
  Owner() { frames.has_owner = true; }
  ~Owner() {
    frames.is_over = true;
    for (Free*& first : frames.first) {
      while (first) ::operator delete(std::exchange(first, first->next));
    }
  }
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
};

void own_frames() {
  thread_local Owner owner;
  static_cast<void>(owner);
}

constexpr size_t class_of(size_t bytes) { return (bytes + kStep - 1) / kStep - 1; }

}  // namespace

void* take_frame(size_t bytes) {
  const size_t own = class_of(bytes);
  if (own >= kClasses) return ::operator new(bytes);
  Free* const found = frames.first[own];
  if (!found) return ::operator new((own + 1) * kStep);
  frames.first[own] = found->next;
  --frames.count[own];
  return found;
}

void give_frame_back(void* frame, size_t bytes) noexcept {
  const size_t own = class_of(bytes);
  if (own >= kClasses || frames.count[own] >= kKeptMax || frames.is_over) return ::operator delete(frame);
  if (!frames.has_owner) own_frames();
  frames.first[own] = new (frame) Free{frames.first[own]};
  ++frames.count[own];
}

}  // namespace holm::async::internal
