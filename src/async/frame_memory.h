// Memory of coroutines' frames: each thread keeps what its coroutines gave back for the next ones, up to a bound.
#pragma once

#include <cstddef>
#include <new>

// Where the address sanitizer looks for uses after the end, frames come from it and go back to it.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOLM_FRAMES_ARE_SANITIZED 1
#endif
#endif

namespace holm::async::internal {

void* take_frame(size_t bytes);
void give_frame_back(void* frame, size_t bytes) noexcept;

// A promise with this base has its coroutine's frame in such memory.
struct FrameMemory {
#ifndef HOLM_FRAMES_ARE_SANITIZED
  static void* operator new(size_t bytes) { return take_frame(bytes); }
  static void operator delete(void* frame, size_t bytes) noexcept { give_frame_back(frame, bytes); }
#endif
};

}  // namespace holm::async::internal

namespace holm::async {

// The same memory for objects that come and go as often, which malloc would have to look for: its lists of free
// pieces for a thread end at a KiB.
template <class T>
struct FrameAllocator {
  using value_type = T;
  FrameAllocator() = default;
  template <class Other>
  FrameAllocator(const FrameAllocator<Other>&) {}
#ifndef HOLM_FRAMES_ARE_SANITIZED
  T* allocate(size_t count) { return static_cast<T*>(internal::take_frame(count * sizeof(T))); }
  void deallocate(T* memory, size_t count) noexcept { internal::give_frame_back(memory, count * sizeof(T)); }
#else
  T* allocate(size_t count) { return static_cast<T*>(::operator new(count * sizeof(T))); }
  void deallocate(T* memory, size_t) noexcept { ::operator delete(memory); }
#endif
  friend bool operator==(const FrameAllocator&, const FrameAllocator&) { return true; }
};

}  // namespace holm::async
