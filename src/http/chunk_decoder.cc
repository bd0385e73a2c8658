// A state machine over single characters, except for the data, which passes in pieces.

#include "http/chunk_decoder.h"

#include <algorithm>
#include <vector>

#include "http/characters.h"
#include "http/head_parser.h"

namespace holm::http {

namespace {

// The size in hexadecimal of at most 2^60 - 1 has that many digits; leading zeros count too.
constexpr int kDigitsMax = 15;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

ChunkDecoder::Step ChunkDecoder::decode(std::string_view input) {
  size_t at = 0;
  while (at < input.size() && place_ != Place::Done && place_ != Place::Failed) {
    if (place_ == Place::Data) {
      size_t count = static_cast<size_t>(std::min<uint64_t>(left_, input.size() - at));
      left_ -= count;
      if (left_ == 0) place_ = Place::DataCr;
      extension_bytes_ = 0;
      return {ChunkState::More, at + count, input.substr(at, count)};
    }
    place_ = after(input[at]);
    ++at;
  }
  ChunkState state = place_ == Place::Done     ? ChunkState::End
                     : place_ == Place::Failed ? ChunkState::Failed
                                               : ChunkState::More;
  return {state, at, {}};
}

ChunkDecoder::Place ChunkDecoder::after(char c) {
  switch (place_) {
    case Place::Size:
    case Place::SizeDigits:
    case Place::SizeSpace:
      return after_size_character(c);
    case Place::Extension:
    case Place::ExtensionQuoted:
    case Place::ExtensionEscape:
      return after_extension_character(c);
    case Place::SizeLf:
      if (c != '\n') return Place::Failed;
      digits_ = 0;
      return left_ == 0 ? Place::Trailer : Place::Data;
    case Place::DataCr:
      return c == '\r' ? Place::DataLf : Place::Failed;
    case Place::DataLf:
      return c == '\n' ? Place::Size : Place::Failed;
    case Place::Trailer:
      return add_to_trailer(c);
    case Place::Data:
    case Place::Done:
    case Place::Failed:
      break;
  }
  return Place::Failed;
}

ChunkDecoder::Place ChunkDecoder::after_size_character(char c) {
  int digit = hex_digit(c);
  if (digit >= 0 && place_ != Place::SizeSpace) {
    if (place_ == Place::Size) left_ = 0;
    if (++digits_ > kDigitsMax) return Place::Failed;
    left_ = left_ * 16 + static_cast<uint64_t>(digit);
    return Place::SizeDigits;
  }
  if (place_ == Place::Size) return Place::Failed;
  if (c == ';') return Place::Extension;
  // "Bad" whitespace may stand before an extension; servers of old fill the line with it.
  if (is_space(c)) {
    return ++extension_bytes_ > limits_.extension_bytes_max ? Place::Failed : Place::SizeSpace;
  }
  return c == '\r' ? Place::SizeLf : Place::Failed;
}

ChunkDecoder::Place ChunkDecoder::after_extension_character(char c) {
  if (++extension_bytes_ > limits_.extension_bytes_max) return Place::Failed;
  if (c == '\r') return place_ == Place::Extension ? Place::SizeLf : Place::Failed;
  if (!is(kText, c)) return Place::Failed;
  if (place_ == Place::ExtensionEscape) return Place::ExtensionQuoted;
  if (place_ == Place::ExtensionQuoted) {
    return c == '"' ? Place::Extension : c == '\\' ? Place::ExtensionEscape : place_;
  }
  return c == '"' ? Place::ExtensionQuoted : Place::Extension;
}

ChunkDecoder::Place ChunkDecoder::add_to_trailer(char c) {
  if (trailer_.size() == limits_.trailer_bytes_max) return Place::Failed;
  trailer_ += c;
  if (c != '\n') return Place::Trailer;
  if (!trailer_.ends_with("\r\n")) return Place::Failed;
  bool ended = trailer_.size() == 2 || trailer_.ends_with("\r\n\r\n");
  return ended ? finish_trailer() : Place::Trailer;
}

ChunkDecoder::Place ChunkDecoder::finish_trailer() {
  std::string_view lines(trailer_.data(), trailer_.size() - 2);
  if (std::ranges::count(lines, '\n') > static_cast<ptrdiff_t>(limits_.trailer_count_max)) {
    return Place::Failed;
  }
  std::vector<Header> views;
  Deviations deviations;
  parse_header_lines(lines, views, deviations);
  if (!deviations.empty()) return Place::Failed;
  trailers_ = Headers(lines, views, Headers::Content::Sound);
  return Place::Done;
}

}  // namespace holm::http
