// What the guard lets pass and what it stops, however the bytes are split.

#include "http/frame_guard.h"

#include <gtest/gtest.h>

#include <string>

namespace holm::http {
namespace {

constexpr char kPreface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
enum : uint8_t { kData, kHeaders, kPriority, kReset, kSettings, kPush, kPing, kGoaway, kWindow, kContinuation };
constexpr uint8_t kEnd = 1;
constexpr uint8_t kWhole = 4;

std::string frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload = {}) {
  std::string out;
  out += static_cast<char>(payload.size() >> 16);
  out += static_cast<char>(payload.size() >> 8);
  out += static_cast<char>(payload.size());
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(stream >> shift);
  return out.append(payload);
}

// Nothing, or the error; the same for each way to split the bytes in two.
std::optional<FrameError> error_of(const std::string& frames) {
  const std::string bytes = kPreface + frames;
  FrameGuard whole;
  const FrameGuard::Verdict verdict = whole.look(bytes, SteadyTime());
  for (size_t cut = 0; cut <= bytes.size() && bytes.size() < 2000; ++cut) {
    FrameGuard split;
    FrameGuard::Verdict first = split.look(std::string_view(bytes).substr(0, cut), SteadyTime());
    if (!first.error) first.error = split.look(std::string_view(bytes).substr(cut), SteadyTime()).error;
    EXPECT_EQ(first.error, verdict.error) << "split at " << cut;
  }
  if (!verdict.error) EXPECT_EQ(verdict.passed, bytes.size());
  return verdict.error;
}

TEST(FrameGuard, StopsWhatFollowsTheClientsOwnEnd) {
  struct Row {
    const char* what;
    std::string frames;
    std::optional<FrameError> error;
  };
  const std::string open = frame(kHeaders, kWhole, 1, "block");
  const std::string done = frame(kHeaders, kWhole | kEnd, 1, "block");
  const Row rows[] = {
      {"a request and its body", open + frame(kData, 0, 1, "x") + frame(kData, kEnd, 1, "y"), std::nullopt},
      {"a request and trailers", open + frame(kHeaders, kWhole | kEnd, 1, "t"), std::nullopt},
      {"requests in order", done + frame(kHeaders, kWhole | kEnd, 3, "b"), std::nullopt},
      {"a body after the end", done + frame(kData, 0, 1, "x"), FrameError::StreamClosed},
      {"headers after the end", done + done, FrameError::StreamClosed},
      {"a body after a reset", open + frame(kReset, 0, 1, "code") + frame(kData, 0, 1, "x"),
       FrameError::StreamClosed},
      {"a window after the end", done + frame(kWindow, 0, 1, "more"), std::nullopt},
      {"a priority after the end", done + frame(kPriority, 0, 1, "five!"), std::nullopt},
      {"a number that was passed over", frame(kHeaders, kWhole | kEnd, 5, "b") + frame(kHeaders, kWhole, 3, "b"),
       FrameError::Protocol},
      {"a header block in pieces", frame(kHeaders, kEnd, 1, "bl") + frame(kContinuation, kWhole, 1, "ock") +
                                       frame(kHeaders, kWhole | kEnd, 3, "b"),
       std::nullopt},
      {"an idle stream, which is the library's", frame(kData, 0, 7, "x"), std::nullopt},
  };
  for (const Row& row : rows) EXPECT_EQ(error_of(row.frames), row.error) << row.what;
}

TEST(FrameGuard, StopsFloods) {
  auto repeat = [](size_t count, const std::string& text) {
    std::string all;
    for (size_t i = 0; i < count; ++i) all += text;
    return all;
  };
  EXPECT_EQ(error_of(repeat(1000, frame(kPing, 0, 0, "12345678"))), std::nullopt);
  EXPECT_EQ(error_of(repeat(3000, frame(kPing, 0, 0, "12345678"))), FrameError::EnhanceYourCalm);
  EXPECT_EQ(error_of(repeat(3000, frame(kPing, 1, 0, "12345678"))), std::nullopt) << "answers to ours";
  EXPECT_EQ(error_of(repeat(3000, frame(kSettings, 0, 0))), FrameError::EnhanceYourCalm);
  EXPECT_EQ(error_of(frame(kHeaders, kWhole, 1, "b") + repeat(3000, frame(kData, 0, 1))),
            FrameError::EnhanceYourCalm);
  EXPECT_EQ(error_of(frame(kHeaders, 0, 1, "b") + repeat(17, frame(kContinuation, 0, 1, "b"))),
            FrameError::EnhanceYourCalm);
}

TEST(FrameGuard, ResetsAreCountedAgainstResponses) {
  auto resets = [](size_t responses) {
    FrameGuard guard;
    std::optional<FrameError> error = guard.look(kPreface, SteadyTime()).error;
    for (size_t i = 0; i < responses; ++i) guard.count_response();
    for (uint32_t i = 0; i < 300 && !error; ++i) {
      const uint32_t stream = 2 * i + 1;
      const std::string both = frame(kHeaders, kWhole | kEnd, stream, "b") + frame(kReset, 0, stream, "code");
      error = guard.look(both, SteadyTime()).error;
    }
    return error;
  };
  EXPECT_EQ(resets(0), FrameError::EnhanceYourCalm);
  EXPECT_EQ(resets(200), std::nullopt);
}

TEST(FrameGuard, TimeForgives) {
  FrameGuard guard;
  SteadyTime now{std::chrono::hours(1)};
  EXPECT_FALSE(guard.look(kPreface, now).error);
  for (int i = 0; i < 10; ++i) {
    for (int j = 0; j < 1500; ++j) ASSERT_FALSE(guard.look(frame(kPing, 0, 0, "12345678"), now).error);
    now += std::chrono::seconds(10);
  }
}

}  // namespace
}  // namespace holm::http
