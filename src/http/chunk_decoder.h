// ChunkDecoder: takes the chunked transfer coding off a body, piece by piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

namespace holm::http {

struct ChunkLimits {
  size_t extension_bytes_max = 4 * 1024;  // Of all chunks since the last byte of data.
  size_t trailer_bytes_max = 16 * 1024;
  size_t trailer_count_max = 64;
};

enum class ChunkState : uint8_t { More, End, Failed };

// Pure: no I/O, no exceptions. Strict: whatever RFC 9112 section 7.1 does not allow is a failure.
class ChunkDecoder final {
 public:
  explicit ChunkDecoder(ChunkLimits limits = {}) : limits_(limits) {}

  struct Step {
    ChunkState state = ChunkState::More;
    size_t consumed = 0;    // Bytes of the input that are done with.
    std::string_view data;  // A part of the input: bytes of the body, possibly none.
  };
  // Decodes up to the end of `input`, of the body, or of one piece of data, whichever is first.
  // At the end, what is left of the input belongs to the next message.
  Step decode(std::string_view input);
  // After End.
  const Headers& trailers() const { return trailers_; }

 private:
  enum class Place : uint8_t {
    Size,
    SizeDigits,
    SizeSpace,
    Extension,
    ExtensionQuoted,
    ExtensionEscape,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Trailer,
    Done,
    Failed,
  };
  Place after(char c);
  Place after_size_character(char c);
  Place after_extension_character(char c);
  Place add_to_trailer(char c);
  Place finish_trailer();

  ChunkLimits limits_;
  Place place_ = Place::Size;
  uint64_t left_ = 0;  // Of the current chunk.
  int digits_ = 0;
  size_t extension_bytes_ = 0;
  std::string trailer_;
  Headers trailers_;
};

}  // namespace holm::http
