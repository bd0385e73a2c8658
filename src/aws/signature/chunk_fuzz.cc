// Chunked bodies as a stranger may send them: however they are cut, the outcome is the same, and
// without the key nothing comes out of the signed forms.

#include <cstdlib>

#include "aws/signature/chunked.h"

using namespace holm;
using namespace holm::aws::signature;

namespace {

struct Outcome {
  std::string decoded, code;
  bool complete = false;
  bool operator==(const Outcome&) const = default;
};

Outcome run(PayloadMode mode, std::string_view wire, size_t step) {
  ChunkDecoder decoder({.signature = "seed", .payload = mode},
                       {.trailer_names = {"x-amz-checksum-crc32"}});
  Outcome outcome;
  for (size_t at = 0; at < wire.size(); at += step) {
    std::string_view input = wire.substr(at, step);
    while (!input.empty()) {
      const auto piece = decoder.decode(input);
      if (!piece) {
        outcome.code = piece.error().code;
        return outcome;
      }
      outcome.decoded += *piece;
    }
  }
  outcome.complete = decoder.finish().has_value();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view wire(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t step = data[0] % 64 + 1;
  for (PayloadMode mode : {PayloadMode::StreamingSigned, PayloadMode::StreamingSignedTrailer,
                           PayloadMode::StreamingUnsignedTrailer}) {
    const Outcome whole = run(mode, wire, wire.size() + 1);
    if (whole != run(mode, wire, step)) std::abort();
    if (mode != PayloadMode::StreamingUnsignedTrailer && (whole.complete || !whole.decoded.empty()))
      std::abort();
  }
  return 0;
}
