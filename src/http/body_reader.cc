// Bodies are read from what has already come in, then from the connection.

#include "http/body_reader.h"

#include <algorithm>

#include "http/placed_read.h"
#include "net/pipe.h"
#include "net/stream.h"

namespace holm::http {

namespace {

template <typename T>
void check(const Result<T>& result) {
  if (!result) throw async::StreamError(result.error().message);
}

}  // namespace

BodyReader::BodyReader(net::Stream& stream, InputBuffer& input, const Head& head,
                       async::Duration timeout)
    : stream_(stream),
      input_(input),
      framing_(head.framing),
      length_(head.length),
      left_(head.length),
      timeout_(timeout),
      ended_(framing_ == Framing::None || (framing_ == Framing::Length && length_ == 0)) {}

std::optional<uint64_t> BodyReader::length() const {
  if (framing_ == Framing::None) return 0;
  if (framing_ == Framing::Length) return length_;
  return std::nullopt;
}

std::optional<uint64_t> BodyReader::left() const {
  if (ended_) return 0;
  if (framing_ == Framing::Length) return left_;
  return std::nullopt;
}

std::unexpected<Error> BodyReader::fail(BodyTrouble trouble, const char* why) {
  trouble_ = trouble;
  return failure(why);
}

Result<void> BodyReader::settle(Fill filled) {
  switch (filled) {
    case Fill::Done:
      break;
    case Fill::End:
      if (framing_ != Framing::UntilClose) return fail(BodyTrouble::Gone, "the body was cut short");
      ended_ = true;
      break;
    case Fill::Failed:
      return fail(BodyTrouble::Gone, "the connection broke");
    case Fill::TimedOut:
      return fail(BodyTrouble::Late, "the body did not come in time");
  }
  return {};
}

void BodyReader::take(uint64_t bytes) {
  left_ -= bytes;
  ended_ = left_ == 0;
}

async::Task<Result<std::string_view>> BodyReader::next() {
  while (!ended_) {
    std::string_view unread = input_.unread();
    if (unread.empty()) {
      Result<void> filled = settle(co_await fill(stream_, input_, timeout_));
      if (!filled) co_return std::unexpected(filled.error());
      continue;
    }
    if (framing_ != Framing::Chunked) {
      uint64_t count = unread.size();
      if (framing_ == Framing::Length) {
        count = std::min(count, left_);
        take(count);
      }
      input_.consume(static_cast<size_t>(count));
      co_return unread.substr(0, static_cast<size_t>(count));
    }
    ChunkDecoder::Step step = decoder_.decode(unread);
    if (step.state == ChunkState::Failed) co_return fail(BodyTrouble::Malformed, "the chunked body is malformed");
    input_.consume(step.consumed);
    ended_ = step.state == ChunkState::End;
    if (!step.data.empty()) co_return step.data;
  }
  co_return std::string_view();
}

async::Task<Result<std::string_view>> BodyReader::next_to(std::span<char> place) {
  if (!is_on_stream()) co_return co_await next();
  // What follows the body is for whoever reads the next message.
  place = place.first(static_cast<size_t>(std::min<uint64_t>(place.size(), left_)));
  std::string_view piece;
  Result<void> filled = settle(co_await http::read_to(stream_, place, piece, timeout_));
  if (!filled) co_return std::unexpected(filled.error());
  take(piece.size());
  co_return piece;
}

// What is a copy of the stream's bytes needs none in between.
async::Task<std::string_view> BodyReader::read_shared() {
  if (!is_on_stream()) co_return co_await read();
  std::string_view piece;
  check(settle(co_await http::read_shared(stream_, piece, timeout_)));
  const size_t count = static_cast<size_t>(std::min<uint64_t>(piece.size(), left_));
  take(count);
  if (count < piece.size()) input_.append(piece.substr(count));
  co_return piece.substr(0, count);
}

async::Task<bool> BodyReader::read_into(net::Pipe& pipe) {
  if (!is_on_stream() || stream_.tls()) co_return false;
  const auto bytes_max = static_cast<size_t>(std::min<uint64_t>(left_, SIZE_MAX / 2));
  check(settle(co_await http::fill(stream_, pipe, bytes_max, timeout_)));
  take(pipe.bytes());
  co_return true;
}

async::Task<std::string_view> BodyReader::read() {
  Result<std::string_view> piece = co_await next();
  check(piece);
  co_return *piece;
}

}  // namespace holm::http
