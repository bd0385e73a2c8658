// BodyReader: the body of a message on a connection.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "async/byte_source.h"
#include "async/reactor.h"
#include "base/result.h"
#include "http/chunk_decoder.h"
#include "http/head_parser.h"
#include "http/transfer.h"

namespace holm::net {
class Pipe;
}

namespace holm::http {

// Bytes that may be had without a copy of them.
class SharedSource : public async::ByteSource {
 public:
  // As read(), but the piece may lie in memory that the thread shares: it is to be used before anything else runs.
  virtual async::Task<std::string_view> read_shared() = 0;
  // Moves a piece to the pipe, which is empty. False: not this one, it is for read_shared().
  virtual async::Task<bool> read_into(net::Pipe& pipe) = 0;
};

// Why a body has not come to its end.
enum class BodyTrouble : uint8_t { None, Gone, Late, Malformed };

// Reads one body off the buffer and the stream, which outlive it. A timeout or a broken or
// malformed body throws StreamError and leaves the reader at no end.
class BodyReader final : public SharedSource {
 public:
  BodyReader(net::Stream& stream, InputBuffer& input, const Head& head, async::Duration timeout);

  // As next(), but throws StreamError.
  async::Task<std::string_view> read() override;
  async::Task<std::string_view> read_shared() override;
  async::Task<bool> read_into(net::Pipe& pipe) override;
  // The next piece, empty at the end, or why there is none.
  async::Task<Result<std::string_view>> next();
  // The same, in `place` where that spares a copy (async/placing.h).
  async::Task<Result<std::string_view>> next_to(std::span<char> place);
  std::optional<uint64_t> length() const override;
  const Headers& trailers() const { return decoder_.trailers(); }
  bool at_end() const { return ended_; }
  // After a read has failed.
  BodyTrouble trouble() const { return trouble_; }
  // Bytes that are known to be left; none when chunked.
  std::optional<uint64_t> left() const;

 private:
  // After a read of the stream: whether the body goes on, or has come to the end that only the stream tells.
  Result<void> settle(Fill filled);
  // So many bytes of a body with a length were handed out.
  void take(uint64_t bytes);
  // Whether the next bytes of the stream are the next of the body, and nothing of it is here already.
  bool is_on_stream() const { return !ended_ && framing_ == Framing::Length && input_.unread().empty(); }
  std::unexpected<Error> fail(BodyTrouble trouble, const char* why);

  net::Stream& stream_;
  InputBuffer& input_;
  Framing framing_;
  uint64_t length_;
  uint64_t left_;
  async::Duration timeout_;
  ChunkDecoder decoder_;
  bool ended_ = false;
  BodyTrouble trouble_ = BodyTrouble::None;
};

}  // namespace holm::http
