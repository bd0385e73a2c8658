// Bodies as S3's clients send them: hashed as a whole, unsigned, or in signed or unsigned chunks
// with trailers. https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/byte_source.h"
#include "aws/signature/verify.h"
#include "crypto/hash.h"

namespace holm::aws::signature {

constexpr size_t kMaxChunkBytes = 16u
                                  << 20;  // Of a signed chunk, which is held until it is verified.
constexpr size_t kMinChunkBytes = 8192;   // Of all but the last.
constexpr size_t kMaxChunkHeaderBytes = 256;
constexpr size_t kMaxTrailerBytes = 8192;
constexpr size_t kMaxTrailers = 16;

struct Trailer {
  std::string name;  // Lower case.
  std::string value;
  friend bool operator==(const Trailer&, const Trailer&) = default;
};

// Undoes aws-chunked, fed with bytes as they come. Bytes of a signed chunk come out only once its
// signature is verified. After a Problem the decoder stays failed. One thread.
class ChunkDecoder final {
 public:
  struct Options {
    std::optional<uint64_t> decoded_bytes;   // x-amz-decoded-content-length
    std::vector<std::string> trailer_names;  // x-amz-trailer, lower case
  };
  // `request.payload` is one of the streaming modes.
  ChunkDecoder(const Verified& request, Options options);

  // Takes bytes off the front of `input` until there is a piece to give or the input is used up
  // (empty piece). A piece is valid as long as `input`'s bytes and until the next call.
  Result<std::string_view, Problem> decode(std::string_view& input);
  // The end was seen, and every length and signature was right. Bytes after it are a Problem.
  bool complete() const { return state_ == State::End; }
  // To be called when the input ends: a Problem unless complete.
  Result<void, Problem> finish();
  // Those sent, in order, without the trailer's signature; final once complete.
  const std::vector<Trailer>& trailers() const { return trailers_; }

 private:
  enum class State { Header, Data, DataEnd, Trailer, End, Failed };
  using Piece = Result<std::string_view, Problem>;
  using Checked = Result<void, Problem>;

  bool is_signed() const { return payload_ != PayloadMode::StreamingUnsignedTrailer; }
  Piece step(std::string_view& input);
  // True once `line_` holds a whole line; a Problem when it is too long.
  Result<bool, Problem> take_line(std::string_view& input, size_t bytes_max);
  Checked read_header();
  Checked begin_chunk(uint64_t bytes);
  Checked check_chunk_signature();
  Piece take_data(std::string_view& input);
  Piece release_chunk();
  Checked read_trailer();
  Checked finish_trailers();

  PayloadMode payload_;
  Key key_;
  std::string scope_lines_;  // "<time>\n<scope>\n"
  std::string previous_signature_;
  Options options_;
  State state_ = State::Header;
  std::string line_;
  std::string chunk_;            // Of signed chunks: what was read of this one.
  std::string chunk_signature_;  // As claimed.
  crypto::Sha256 chunk_hash_;
  uint64_t chunk_left_ = 0;
  bool short_chunk_seen_ = false;
  uint64_t decoded_ = 0;
  std::string trailer_text_;
  std::vector<Trailer> trailers_;
  std::string trailer_signature_;
};

// Thrown out of `Payload::read` when the body is not what was signed.
class PayloadError : public async::StreamError {
 public:
  explicit PayloadError(Problem problem)
      : StreamError(problem.message), problem(std::move(problem)) {}
  Problem problem;
};

// The body of a verified request as the client meant it. Whoever takes it must not let it be seen
// before the last, empty piece: until then the hash of the whole may yet be wrong, and read()
// throws PayloadError.
class Payload : public async::ByteSource {
 public:
  // Known once read() has given the empty piece.
  virtual const std::vector<Trailer>& trailers() const = 0;
};

// The one way from the wire's bytes to a body, for every payload mode; `request` is the one that
// was verified.
Result<std::unique_ptr<Payload>, Problem> open_payload(const Verified& verified,
                                                       const RequestView& request,
                                                       std::unique_ptr<async::ByteSource> body);

// Whether a body in that mode is in one piece, so that check_whole() can be asked instead.
bool is_whole(PayloadMode mode);
// The same check of such a body that is at hand already.
Result<void, Problem> check_whole(const Verified& verified, std::string_view body);

}  // namespace holm::aws::signature
