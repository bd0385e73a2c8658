// Any bytes as a chunked body, whole and in pieces: the same comes out.

#include <algorithm>
#include <cstdlib>
#include <string>

#include "http/chunk_decoder.h"

namespace {

using namespace holm::http;

struct Decoded {
  ChunkState state = ChunkState::More;
  std::string data;
  size_t consumed = 0;
  friend bool operator==(const Decoded&, const Decoded&) = default;
};

Decoded decode(std::string_view input, size_t piece_bytes) {
  ChunkLimits limits{.extension_bytes_max = 50, .trailer_bytes_max = 200, .trailer_count_max = 5};
  ChunkDecoder decoder(limits);
  Decoded decoded;
  while (!input.empty() && decoded.state == ChunkState::More) {
    // A copy of its own, so that reading beyond the piece is noticed.
    std::string piece(input.substr(0, std::min(piece_bytes, input.size())));
    ChunkDecoder::Step step = decoder.decode(piece);
    if (step.consumed == 0 || step.consumed > piece.size()) std::abort();
    decoded.state = step.state;
    decoded.data += step.data;
    decoded.consumed += step.consumed;
    input.remove_prefix(step.consumed);
  }
  if (decoded.state == ChunkState::End && decoder.trailers().size() > 5) std::abort();
  return decoded;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  size_t piece_bytes = data[0] % 16 + 1;
  if (decode(input, input.size()) != decode(input, piece_bytes)) std::abort();
  return 0;
}
