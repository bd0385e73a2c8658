// https://www.rfc-editor.org/rfc/rfc9113#section-8
// A request is passed on as HTTP/1.1, so whatever would read differently there is refused here.

#include "http/http2_stream.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/strings.h"
#include "http/characters.h"
#include "http/head_meaning.h"
#include "http/outgoing_head.h"
#include "http/response_head.h"
#include "net/stream.h"
#include "net/tls.h"

namespace holm::http {

namespace {

// So much is counted for a header besides its bytes (RFC 9113, section 6.5.2).
constexpr size_t kHeaderOverhead = 32;

// How much of a body that nobody reads, and for how long, a response waits for.
constexpr size_t kUnreadBodyMax = 64 * 1024;
constexpr size_t kLeftMax = 16 * 1024;
constexpr async::Duration kBodyPatience{500};

bool is_of_connection(std::string_view name) {
  switch (name.size()) {
    case 7: return name == "upgrade";
    case 10: return name == "connection" || name == "keep-alive";
    case 16: return name == "proxy-connection";
    case 17: return name == "transfer-encoding";
    default: return false;
  }
}

// Bytes above 0x7f may stand there as in HTTP/1.
bool is_path(std::string_view target) {
  auto may_stand = [](char c) { return is(kTarget, c) || static_cast<uint8_t>(c) >= 0x80; };
  return !target.empty() && std::ranges::all_of(target, may_stand);
}

// Whoever has not begun to wait looks for himself first.
void notify(const std::optional<async::Wakeup>& wakeup) {
  if (wakeup) wakeup->notifier().notify();
}

}  // namespace

Http2Stream::Http2Stream(Http2Frames& frames, int32_t id) : frames_(frames), id_(id) {
  constexpr size_t kUsualHeaders = 16;
  request_.headers.reserve(kUsualHeaders);
  request_.version = Version::Http2;
  request_.scheme = Scheme::Https;
}

void Http2Stream::add_pseudo_header(std::string_view name, std::string_view value) {
  if (name == ":method") request_.method = value;
  if (name == ":path") request_.target = value;
  if (name == ":authority") request_.authority = value;
  if (name == ":scheme" && value != "http" && value != "https") malformed_ = true;
}

void Http2Stream::add_header(std::string_view name, std::string_view value) {
  const Limits& limits = frames_.limits();
  header_bytes_ += name.size() + value.size() + kHeaderOverhead;
  traffic_.received_bytes += name.size() + value.size();
  const bool is_large = name.size() + value.size() > limits.header_bytes_max ||
                        header_bytes_ > limits.headers_bytes_max ||
                        request_.headers.size() + trailers_.size() >= limits.header_count_max;
  if (is_large) {
    refusal_ = 431;
    return;
  }
  if (name.starts_with(':')) {
    if (name == ":path" && value.size() > limits.request_line_bytes_max) refusal_ = 414;
    add_pseudo_header(name, value);
    return;
  }
  // nghttp2 has seen to it that the name is a token in lower case, and that the value is text.
  if (is_of_connection(name)) malformed_ = true;
  if (name != "content-length" && resembles_framing(name)) request_.deviations.add(Deviation::SuspiciousHeader);
  if (head_done_) {
    trailers_.add(name, value);
  } else if (name == "cookie") {
    // They may come one by one, and are one header in HTTP/1.
    cookies_.append(cookies_.empty() ? "" : "; ").append(value);
  } else {
    request_.headers.add(name, value);
  }
}

bool Http2Stream::finish_head(const net::Address& peer, const net::Address& local, bool ended) {
  head_done_ = true;
  request_.peer = peer;
  request_.local = local;
  if (!cookies_.empty()) request_.headers.add("cookie", cookies_);
  if (ended) end_body();
  if (malformed_) return false;
  if (request_.method == "CONNECT") refusal_ = 405;
  if (refusal_ != 0) return true;
  if (request_.method.empty() || !all(kToken, request_.method)) return false;
  if (!is_path(request_.target)) return false;
  if (request_.target.find('#') != std::string::npos) request_.deviations.add(Deviation::Fragment);
  const bool is_star = request_.target == "*" && request_.method == "OPTIONS";
  if (!is_star && !request_.target.starts_with('/')) return false;
  if (request_.authority.empty()) request_.authority = request_.headers.get("host");
  if (request_.authority.empty() || !all(kHost, request_.authority)) refusal_ = 400;
  request_.headers.set("host", request_.authority);
  std::string authority = request_.authority;
  split_target(request_);
  request_.authority = std::move(authority);
  if (const auto length = request_.headers.find("content-length")) {
    std::optional<long long> number = parse_integer(*length);
    if (!number || *number < 0) return false;
    body_length_ = static_cast<uint64_t>(*number);
  }
  continue_owed_ = !ended && equals_ignoring_case(request_.headers.get("expect"), "100-continue");
  return true;
}

void Http2Stream::set_connection(uint64_t number, const net::TlsSession& tls) {
  request_.connection = number;
  request_.tls_version = tls.version();
  request_.tls_cipher = tls.cipher();
  request_.tls_server_name = tls.server_name();
  request_.client_certificate = tls.client_certificate();
}

void Http2Stream::add_body(std::string_view bytes) {
  body_begun_ = true;
  traffic_.received_bytes += bytes.size();
  arrived_.append(bytes);
  notify(body_came_);
}

void Http2Stream::end_body() {
  if (body_ended_) return;
  body_ended_ = true;
  if (!body_length_ && !body_begun_) body_length_ = 0;
  notify(body_came_);
}

size_t Http2Stream::close() {
  const size_t left = closed_ ? 0 : arrived_.size() + reading_.size();
  closed_ = true;
  notify(body_came_);
  notify(body_went_);
  return left;
}

std::optional<Http2Stream::Taken> Http2Stream::take_body(char* into, size_t count) {
  if (offered_.empty() && !offered_end_) return std::nullopt;
  Taken taken;
  taken.bytes = std::min(count, offered_.size());
  std::memcpy(into, offered_.data(), taken.bytes);
  offered_.remove_prefix(taken.bytes);
  if (!is_left_) traffic_.sent_bytes += taken.bytes;
  taken.is_end = offered_.empty() && offered_end_;
  end_taken_ = end_taken_ || taken.is_end;
  if (offered_.empty()) notify(body_went_);
  return taken;
}

std::optional<uint64_t> Http2Stream::length() const { return body_length_; }

async::Task<std::string_view> Http2Stream::read() {
  if (!reading_.empty()) {
    if (!closed_) frames_.consumed(id_, reading_.size());
    reading_.clear();
  }
  if (continue_owed_ && !responded_ && arrived_.empty()) frames_.submit_interim(id_, 100, Headers());
  continue_owed_ = false;
  while (arrived_.empty() && !body_ended_ && !closed_ && !frames_.is_broken()) {
    async::Woken woken = co_await wait_for(body_came_, frames_.silence_max(frames_.limits().body));
    if (woken != async::Woken::TimedOut) continue;
    is_late_ = true;
    throw async::StreamError("the request's body does not come");
  }
  if (arrived_.empty() && !body_ended_) throw async::StreamError("the client is gone");
  reading_.swap(arrived_);
  co_return reading_;
}

// A response before the end of the request has to reset the stream, and what is wrong with the rest is never seen.
// So the rest of a short body, which is on its way, is let in first.
async::Task<void> Http2Stream::let_body_in() {
  const SteadyTime deadline = reactor().clock().steady() + kBodyPatience;
  while (!body_ended_ && !closed_ && !frames_.is_broken() && arrived_.size() < kUnreadBodyMax) {
    async::Duration left = std::chrono::ceil<async::Duration>(deadline - reactor().clock().steady());
    if (left <= async::Duration::zero()) co_return;
    co_await wait_for(body_came_, left);
  }
}

async::Task<async::Woken> Http2Stream::wait_for(std::optional<async::Wakeup>& wakeup,
                                                async::Duration timeout) const {
  if (!wakeup) wakeup.emplace(frames_.reactor());
  return wakeup->wait(timeout);
}

async::Task<void> Http2Stream::offer(std::string_view bytes, bool is_end) {
  // A short end is left here, so that frames of many streams can go out together; unless the stream has to be
  // reset as soon as its handler is done.
  if (is_end && body_ended_ && bytes.size() <= kLeftMax && !closed_ && !frames_.is_broken()) {
    last_ = bytes;
    bytes = last_;
    is_left_ = true;
    left_at_ = reactor().clock().steady();
    traffic_.sent_bytes += bytes.size();
  }
  offered_ = bytes;
  offered_end_ = is_end;
  frames_.resume(id_);
  if (is_left_) co_return;
  while (!closed_ && !frames_.is_broken() && (!offered_.empty() || (is_end && !end_taken_))) {
    async::Woken woken = co_await wait_for(body_went_, frames_.silence_max(frames_.limits().send));
    if (woken == async::Woken::TimedOut && !offered_.empty()) {
      throw async::StreamError("the client takes no response");
    }
  }
  if (!offered_.empty() || frames_.is_broken()) {
    offered_ = {};
    throw async::StreamError("the client is gone");
  }
}

async::Task<void> Http2Stream::respond(Response response) {
  CHECK(!responded_ && response.status >= 200 && response.status <= 999);
  CHECK(can_be_sent(response.headers));
  if (!body_ended_ && !continue_owed_ && !response.is_early) co_await let_body_in();
  ResponsePlan plan = plan_response(response, request_.method, Version::Http2, AfterResponse::KeepOpen);
  std::optional<uint64_t> length;
  if (plan.framing == Framing::Length) length = plan.length;
  const bool has_body = plan.has_body && length != uint64_t{0};
  responded_ = true;
  for (const Header& header : response.headers) {
    traffic_.sent_bytes += header.name.size() + header.value.size();
  }
  if (!frames_.submit_response(id_, response, frames_.date(), has_body, length)) {
    throw async::StreamError("the client is gone");
  }
  if (!has_body) co_return;
  if (!response.body_stream) {
    co_await offer(body_of(response), true);
    co_return;
  }
  uint64_t sent = 0;
  while (true) {
    std::string_view piece = co_await response.body_stream->read();
    sent += piece.size();
    if (length) CHECK(sent <= *length);
    const bool is_end = piece.empty() || (length && sent == *length && !response.trailers);
    if (is_end && response.trailers) own_trailers_ = *response.trailers;
    co_await offer(piece, is_end);
    if (!is_end) continue;
    // The source learns that its end was reached, and keeps its connection.
    if (!piece.empty()) co_await response.body_stream->read();
    co_return;
  }
}

async::Task<void> Http2Stream::respond_interim(int status, Headers headers) {
  CHECK(!responded_ && status >= 100 && status < 200 && status != 101 && can_be_sent(headers));
  frames_.submit_interim(id_, status, headers);
  co_return;
}

TakenConnection Http2Stream::take_over() { throw InternalFailure("a stream of HTTP/2 is no connection"); }

}  // namespace holm::http
