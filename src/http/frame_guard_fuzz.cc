// The guard on any bytes: it passes no more than there is, and the same however they are split.

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "http/frame_guard.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using holm::http::FrameGuard;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  FrameGuard whole;
  const FrameGuard::Verdict verdict = whole.look(bytes, holm::SteadyTime());
  CHECK(verdict.passed <= size);
  CHECK(verdict.error || verdict.passed == size);
  FrameGuard split;
  size_t passed = 0;
  std::optional<holm::http::FrameError> error;
  for (size_t i = 0; i < size && !error; ++i) {
    const FrameGuard::Verdict each = split.look(bytes.substr(i, 1), holm::SteadyTime());
    passed += each.passed;
    error = each.error;
  }
  CHECK(error == verdict.error && passed == verdict.passed);
  return 0;
}
