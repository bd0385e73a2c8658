// FrameGuard: looks at the frames of an HTTP/2 client before they are read, for what the library below lets pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace holm::http {

// The error codes of RFC 9113, section 7, that are used here.
enum class FrameError : uint32_t { Protocol = 1, StreamClosed = 5, EnhanceYourCalm = 11 };

// Follows the client's side of the connection's streams: which it has opened, which it has ended. Frames on a
// stream that the client itself has ended, and new streams with lower numbers than older ones, are errors of the
// whole connection; so are floods of frames that cost us more than the client. Pure, but for the time it is told.
class FrameGuard final {
 public:
  struct Verdict {
    size_t passed = 0;  // So many bytes may be read.
    std::optional<FrameError> error;
  };
  // The next bytes of the connection, preface included, however they are split.
  Verdict look(std::string_view bytes, SteadyTime now);
  // A response was sent to its end: the client's resets until then were its right.
  void count_response() { ++responses_; }

 private:
  static constexpr size_t kPrefaceBytes = 24;
  static constexpr size_t kHeaderBytes = 9;

  std::optional<FrameError> check(SteadyTime now);
  std::optional<FrameError> check_stream(uint32_t stream, bool ends);
  std::optional<FrameError> check_flood(SteadyTime now);

  size_t preface_left_ = kPrefaceBytes;
  size_t payload_left_ = 0;
  uint8_t header_[kHeaderBytes] = {};
  size_t header_bytes_ = 0;
  uint32_t highest_ = 0;
  uint32_t continued_ = 0;  // The stream whose header block goes on; 0: none.
  size_t continuations_ = 0;
  std::set<uint32_t> open_;                             // Not ended by the client.
  std::vector<std::pair<uint32_t, uint32_t>> skipped_;  // Numbers that were never used: first, last.
  SteadyTime window_{};                                  // Of the counts below.
  size_t cheap_frames_ = 0;                              // SETTINGS, PING, PRIORITY, empty DATA.
  size_t resets_ = 0;
  size_t responses_ = 0;
};

}  // namespace holm::http
