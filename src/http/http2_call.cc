// One call as its task sees it: what came waits here, what goes is taken from here.

#include <nghttp2/nghttp2.h>

#include "base/strings.h"
#include "http/characters.h"
#include "http/http2_client.h"

namespace holm::http {

Http2Call::Http2Call(std::shared_ptr<Http2Client> client, int32_t id)
    : client_(std::move(client)),
      id_(id),
      came_(client_->stream_->reactor()),
      went_(client_->stream_->reactor()) {}

Http2Call::~Http2Call() { client_->forget(*this); }

void Http2Call::add_header(std::string_view name, std::string_view value) {
  const Http2Limits limits;
  header_bytes_ += name.size() + value.size();
  if (header_bytes_ > limits.header_bytes_max || headers_.size() + trailers_.size() >= limits.header_count_max) {
    malformed_ = true;
    return;
  }
  if (name == ":status") {
    const std::optional<long long> status = parse_integer(value);
    status_ = status && *status >= 100 && *status <= 999 ? static_cast<int>(*status) : 0;
    return;
  }
  if (!all(kToken, name) || !all(kText, value)) malformed_ = true;
  (head_done_ ? trailers_ : headers_).add(name, value);
}

bool Http2Call::finish_head() {
  if (malformed_ || status_ < 100) return false;
  // What is said before the response is not passed on.
  if (!head_done_ && status_ < 200) {
    headers_ = {};
    return true;
  }
  head_done_ = true;
  return true;
}

void Http2Call::close(uint32_t error) {
  closed_ = true;
  refused_ = error == NGHTTP2_REFUSED_STREAM;
  went_.notifier().notify();
  came_.notifier().notify();
}

void Http2Call::wake() {
  ++moved_;
  came_.notifier().notify();
}

async::Task<Sent> Http2Call::send(std::string_view piece, async::Duration idle) {
  offered_ = piece;
  if (!closed_) client_->resume(id_);
  while (!closed_ && !offered_.empty()) {
    const uint64_t before = moved_;
    const async::Woken woken = co_await went_.wait(idle);
    if (woken == async::Woken::TimedOut && moved_ == before) {
      offered_ = {};
      co_return Sent::TimedOut;
    }
  }
  const bool is_done = offered_.empty();
  offered_ = {};
  co_return is_done ? Sent::Done : Sent::Failed;
}

void Http2Call::end(const Headers& trailers) {
  own_trailers_ = trailers;
  offers_end_ = true;
  if (!closed_) client_->resume(id_);
}

async::Task<bool> Http2Call::send_all(async::ByteSource& body, const Headers& trailers, async::Duration idle) {
  try {
    while (true) {
      const std::string_view piece = co_await body.read();
      if (piece.empty()) break;
      const Sent sent = co_await send(piece, idle);
      // Why, whoever waits for the answer finds out.
      if (sent != Sent::Done) co_return true;
    }
    end(trailers);
    co_return true;
  } catch (const async::StreamError&) {
    give_up();
  }
  co_return false;
}

void Http2Call::give_up() {
  client_->forget(*this);
  close(NGHTTP2_CANCEL);
}

async::Task<Http2Call::Answer> Http2Call::answer(async::Duration idle) {
  while (!head_done_ && !closed_) {
    const uint64_t before = moved_;
    const async::Woken woken = co_await came_.wait(idle);
    if (woken == async::Woken::TimedOut && moved_ == before) co_return Answer::TimedOut;
  }
  if (head_done_) co_return Answer::Head;
  co_return refused_ ? Answer::Refused : Answer::BrokenOff;
}

async::Task<Result<std::string_view>> Http2Call::next(async::Duration idle) {
  if (!reading_.empty()) {
    if (!closed_) client_->consumed(id_, reading_.size());
    reading_.clear();
  }
  while (arrived_.empty() && !ended_ && !closed_) {
    const uint64_t before = moved_;
    const async::Woken woken = co_await came_.wait(idle);
    if (woken == async::Woken::TimedOut && moved_ == before) co_return failure("the body did not come in time");
  }
  if (arrived_.empty() && !ended_) co_return failure("the connection broke");
  reading_.swap(arrived_);
  co_return reading_;
}

}  // namespace holm::http
