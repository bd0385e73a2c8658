// The state machine that undoes aws-chunked.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "aws/signature/canonical.h"
#include "aws/signature/chunked.h"
#include "aws/signature/problems.h"
#include "base/check.h"
#include "base/strings.h"

namespace holm::aws::signature {

namespace {

constexpr std::string_view kTrailerSignature = "x-amz-trailer-signature";
constexpr std::string_view kChunkSignature = ";chunk-signature=";

std::unexpected<Problem> broken_framing() {
  return std::unexpected(
      Problem{"IncompleteBody", 400, "The request body terminated unexpectedly", {}});
}

std::unexpected<Problem> wrong_length() {
  return std::unexpected(
      Problem{"IncompleteBody",
              400,
              "You did not provide the number of bytes specified by the Content-Length HTTP header",
              {}});
}

std::unexpected<Problem> malformed_trailer() {
  return std::unexpected(
      Problem{"MalformedTrailerError",
              400,
              "The request contained trailing data that was not well-formed or did not conform "
              "to our published schema.",
              {}});
}

std::optional<uint64_t> read_size(std::string_view text) {
  uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size, 16);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return size;
}

}  // namespace

ChunkDecoder::ChunkDecoder(const Verified& request, Options options)
    : payload_(request.payload),
      key_(request.signing_key),
      scope_lines_(fmt::format("{}\n{}\n", request.time, request.scope)),
      previous_signature_(request.signature),
      options_(std::move(options)) {
  CHECK(payload_ != PayloadMode::SignedHash && payload_ != PayloadMode::UnsignedPayload);
}

ChunkDecoder::Piece ChunkDecoder::decode(std::string_view& input) {
  if (state_ == State::Failed) return broken_framing();
  while (!input.empty()) {
    Piece piece = step(input);
    if (!piece) state_ = State::Failed;
    if (!piece || !piece->empty()) return piece;
  }
  return std::string_view();
}

ChunkDecoder::Checked ChunkDecoder::finish() {
  if (complete()) return {};
  const bool is_short = options_.decoded_bytes && decoded_ < *options_.decoded_bytes;
  state_ = State::Failed;
  return is_short ? Checked(wrong_length()) : Checked(broken_framing());
}

ChunkDecoder::Piece ChunkDecoder::step(std::string_view& input) {
  switch (state_) {
    case State::Data:
      return take_data(input);
    case State::End:
    case State::Failed:
      return broken_framing();
    case State::Header:
    case State::DataEnd:
    case State::Trailer:
      break;
  }
  const size_t bytes_max = state_ == State::Header    ? kMaxChunkHeaderBytes
                           : state_ == State::Trailer ? kMaxTrailerBytes
                                                      : 2;
  const auto whole = take_line(input, bytes_max);
  if (!whole) return std::unexpected(whole.error());
  if (!*whole) return std::string_view();
  if (state_ == State::DataEnd) {
    Piece released = line_.empty() ? release_chunk() : Piece(broken_framing());
    line_.clear();
    return released;
  }
  const Checked read = state_ == State::Header ? read_header() : read_trailer();
  line_.clear();
  if (!read) return std::unexpected(read.error());
  return std::string_view();
}

Result<bool, Problem> ChunkDecoder::take_line(std::string_view& input, size_t bytes_max) {
  const size_t newline = input.find('\n');
  const size_t count = newline == input.npos ? input.size() : newline + 1;
  if (line_.size() + count > bytes_max) {
    return state_ == State::Trailer ? Result<bool, Problem>(malformed_trailer())
                                    : Result<bool, Problem>(broken_framing());
  }
  line_ += input.substr(0, count);
  input.remove_prefix(count);
  if (!line_.ends_with('\n')) return false;
  if (!line_.ends_with("\r\n")) {
    // minio-go ends its trailers with "\n\r\n", as AWS's own example of them does.
    const bool goes_on = state_ == State::Trailer && line_.find('\n') == line_.size() - 1;
    return goes_on ? Result<bool, Problem>(false) : Result<bool, Problem>(broken_framing());
  }
  line_.resize(line_.size() - 2);
  if (line_.ends_with('\n')) line_.pop_back();
  return line_.find('\n') == line_.npos ? Result<bool, Problem>(true)
                                        : Result<bool, Problem>(malformed_trailer());
}

// "400;chunk-signature=<64 digits>", or "400" alone where chunks are not signed.
ChunkDecoder::Checked ChunkDecoder::read_header() {
  std::string_view size_text = line_;
  if (is_signed()) {
    const size_t at = size_text.find(kChunkSignature);
    if (at == size_text.npos) return broken_framing();
    chunk_signature_ = size_text.substr(at + kChunkSignature.size());
    size_text = size_text.substr(0, at);
  }
  const auto bytes = read_size(size_text);
  if (!bytes) return broken_framing();
  return begin_chunk(*bytes);
}

ChunkDecoder::Checked ChunkDecoder::begin_chunk(uint64_t bytes) {
  if (bytes == 0) {
    state_ = State::Trailer;
    if (options_.decoded_bytes && decoded_ != *options_.decoded_bytes) return wrong_length();
    return check_chunk_signature();
  }
  if (options_.decoded_bytes && bytes > *options_.decoded_bytes - decoded_) return wrong_length();
  if (bytes > UINT64_MAX - decoded_) return wrong_length();
  if (short_chunk_seen_) {
    return std::unexpected(
        Problem{"InvalidChunkSizeError",
                403,
                "Only the last chunk is allowed to have a size less than 8192 bytes",
                {}});
  }
  if (is_signed() && bytes > kMaxChunkBytes) {
    return std::unexpected(
        Problem{"InvalidRequest",
                400,
                fmt::format("A signed chunk may have at most {} bytes.", kMaxChunkBytes),
                {}});
  }
  short_chunk_seen_ = bytes < kMinChunkBytes;
  chunk_left_ = bytes;
  decoded_ += bytes;
  state_ = State::Data;
  chunk_.clear();  // What the chunk before released was valid until this call.
  return {};
}

ChunkDecoder::Piece ChunkDecoder::take_data(std::string_view& input) {
  const size_t count = static_cast<size_t>(std::min<uint64_t>(chunk_left_, input.size()));
  const std::string_view piece = input.substr(0, count);
  input.remove_prefix(count);
  chunk_left_ -= count;
  if (chunk_left_ == 0) state_ = State::DataEnd;
  if (!is_signed()) return piece;
  chunk_.append(piece);
  chunk_hash_.update(piece);
  return std::string_view();
}

// The chunk's data and the line break behind it are here.
ChunkDecoder::Piece ChunkDecoder::release_chunk() {
  state_ = State::Header;
  if (!is_signed()) return std::string_view();
  const Checked checked = check_chunk_signature();
  if (!checked) return std::unexpected(checked.error());
  return chunk_;
}

// Each chunk's signature covers the one before, back to the request's.
ChunkDecoder::Checked ChunkDecoder::check_chunk_signature() {
  if (!is_signed()) return {};
  const crypto::Sha256Digest digest = chunk_hash_.finish();
  const std::string text =
      fmt::format("AWS4-HMAC-SHA256-PAYLOAD\n{}{}\n{}\n{}", scope_lines_, previous_signature_,
                  kEmptySha256, hex_encode(crypto::bytes_of(digest)));
  previous_signature_ = signature_of(key_, text);
  if (!crypto::constant_time_equals(previous_signature_, chunk_signature_)) {
    return std::unexpected(mismatch(Dialect::S3));
  }
  return {};
}

ChunkDecoder::Checked ChunkDecoder::read_trailer() {
  if (line_.empty()) return finish_trailers();
  const std::string_view line = line_;
  const size_t colon = line.find(':');
  // Nothing may follow the signature, which covers all the others.
  if (colon == line.npos || payload_ == PayloadMode::StreamingSigned ||
      !trailer_signature_.empty()) {
    return malformed_trailer();
  }
  std::string name = to_lower(line.substr(0, colon)), value(trim(line.substr(colon + 1)));
  if (name == kTrailerSignature) {
    if (!is_signed() || value.empty()) return malformed_trailer();
    trailer_signature_ = std::move(value);
    return {};
  }
  const auto has_name = [&](const Trailer& trailer) { return trailer.name == name; };
  if (std::ranges::find(options_.trailer_names, name) == options_.trailer_names.end() ||
      std::ranges::any_of(trailers_, has_name) || trailers_.size() == kMaxTrailers) {
    return malformed_trailer();
  }
  trailer_text_ += fmt::format("{}:{}\n", name, value);
  if (trailer_text_.size() > kMaxTrailerBytes) return malformed_trailer();
  trailers_.push_back({std::move(name), std::move(value)});
  return {};
}

ChunkDecoder::Checked ChunkDecoder::finish_trailers() {
  if (payload_ == PayloadMode::StreamingSignedTrailer) {
    const std::string text = fmt::format("AWS4-HMAC-SHA256-TRAILER\n{}{}\n{}", scope_lines_,
                                         previous_signature_, sha256_hex(trailer_text_));
    if (!matches(key_, text, trailer_signature_)) {
      return std::unexpected(mismatch(Dialect::S3));
    }
  }
  if (payload_ != PayloadMode::StreamingSigned &&
      trailers_.size() != options_.trailer_names.size()) {
    return malformed_trailer();
  }
  state_ = State::End;
  return {};
}

}  // namespace holm::aws::signature
