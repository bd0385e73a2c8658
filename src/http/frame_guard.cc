// https://www.rfc-editor.org/rfc/rfc9113#section-5.1

#include "http/frame_guard.h"

#include <algorithm>

namespace holm::http {

namespace {

enum Type : uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kReset = 3,
  kSettings = 4,
  kPing = 6,
  kContinuation = 9
};
constexpr uint8_t kEndStream = 1;
constexpr uint8_t kEndHeaders = 4;
constexpr uint8_t kAck = 1;

// What one client may do in a window of time before it is told to calm down.
constexpr std::chrono::seconds kWindow{10};
constexpr size_t kCheapFramesMax = 2000;
constexpr size_t kResetsMax = 200;        // Above what was answered.
constexpr size_t kContinuationsMax = 16;  // Of one header block, which is at most 64 KiB.
constexpr size_t kOpenMax = 1000;
constexpr size_t kSkippedMax = 64;

}  // namespace

FrameGuard::Verdict FrameGuard::look(std::string_view bytes, SteadyTime now) {
  Verdict verdict;
  auto take = [&](size_t count) {
    verdict.passed += count;
    bytes.remove_prefix(count);
    return count;
  };
  while (!bytes.empty()) {
    if (preface_left_ > 0) {
      preface_left_ -= take(std::min(preface_left_, bytes.size()));
    } else if (payload_left_ > 0) {
      payload_left_ -= take(std::min(payload_left_, bytes.size()));
    } else {
      header_[header_bytes_++] = static_cast<uint8_t>(bytes.front());
      if (header_bytes_ == kHeaderBytes) verdict.error = check(now);
      // What was passed of the header already is harmless without the rest.
      if (verdict.error) return verdict;
      take(1);
    }
  }
  return verdict;
}

std::optional<FrameError> FrameGuard::check(SteadyTime now) {
  header_bytes_ = 0;
  payload_left_ = static_cast<size_t>(header_[0]) << 16 | static_cast<size_t>(header_[1]) << 8 | header_[2];
  const uint8_t type = header_[3];
  const uint8_t flags = header_[4];
  const uint32_t stream = (static_cast<uint32_t>(header_[5]) << 24 | static_cast<uint32_t>(header_[6]) << 16 |
                           static_cast<uint32_t>(header_[7]) << 8 | header_[8]) &
                          0x7fffffff;
  const bool is_cheap = (type == kSettings || type == kPing) ? (flags & kAck) == 0 : type == kPriority;
  const bool is_empty_data = type == kData && payload_left_ == 0 && (flags & kEndStream) == 0;
  if (is_cheap || is_empty_data) ++cheap_frames_;
  if (type == kReset) {
    ++resets_;
    open_.erase(stream);
  }
  if (type == kContinuation && ++continuations_ > kContinuationsMax) return FrameError::EnhanceYourCalm;
  if (type == kContinuation && (flags & kEndHeaders) != 0) continued_ = 0;
  if (type == kHeaders) continuations_ = 0;
  if (auto flood = check_flood(now)) return flood;
  if (type != kData && type != kHeaders) return std::nullopt;
  // Inside a header block any other frame is an error, which the library knows.
  const bool is_inside = continued_ != 0;
  continued_ = type == kHeaders && (flags & kEndHeaders) == 0 ? stream : 0;
  if (is_inside || stream % 2 == 0) return std::nullopt;
  if (type == kData && stream > highest_) return std::nullopt;
  return check_stream(stream, (flags & kEndStream) != 0);
}

std::optional<FrameError> FrameGuard::check_stream(uint32_t stream, bool ends) {
  if (stream > highest_) {
    if (stream > highest_ + 2 && highest_ + 2 <= stream - 2) {
      const uint32_t first = highest_ == 0 ? 1 : highest_ + 2;
      if (skipped_.size() < kSkippedMax) skipped_.emplace_back(first, stream - 2);
    }
    highest_ = stream;
    if (!ends) open_.insert(stream);
    if (open_.size() > kOpenMax) return FrameError::EnhanceYourCalm;
    return std::nullopt;
  }
  if (open_.contains(stream)) {
    if (ends) open_.erase(stream);
    return std::nullopt;
  }
  const bool was_never = std::ranges::any_of(
      skipped_, [&](const auto& range) { return stream >= range.first && stream <= range.second; });
  return was_never ? FrameError::Protocol : FrameError::StreamClosed;
}

std::optional<FrameError> FrameGuard::check_flood(SteadyTime now) {
  if (now - window_ >= kWindow) {
    window_ = now;
    cheap_frames_ = resets_ = responses_ = 0;
  }
  if (cheap_frames_ > kCheapFramesMax) return FrameError::EnhanceYourCalm;
  if (resets_ > kResetsMax + responses_) return FrameError::EnhanceYourCalm;
  return std::nullopt;
}

}  // namespace holm::http
