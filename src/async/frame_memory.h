// Memory of coroutines' frames: each thread keeps what its coroutines gave back for the next ones, up to a bound.
#pragma once

#include <cstddef>

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
