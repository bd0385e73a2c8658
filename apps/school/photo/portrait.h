// Makes the two small copies of a portrait.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace school {

constexpr std::int64_t kPixelsMax = 50'000'000;
constexpr int kWebSide = 1200;
constexpr int kThumbSide = 300;
constexpr std::size_t kWebBytesMax = 307'200;

struct Copies {
  std::string web;    // JPEG within 1200 × 1200 pixels and 307 200 bytes.
  std::string thumb;  // JPEG within 300 × 300 pixels.
};

struct PortraitProblem {
  // A refusal is for ever and its text is for the pupil; anything else is worth another try.
  enum class Kind { Refused, Failed };
  Kind kind = Kind::Failed;
  std::string text;
};

// Once, before any other call and before threads start. False when the library does not load.
bool start_imaging(const char* program);

// Upright, without metadata, on white where the original is transparent.
std::expected<Copies, PortraitProblem> make_copies(std::string_view original);

}  // namespace school
