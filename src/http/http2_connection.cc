// Frames come in by one task and go out by another, which exists while there is something to send; each request
// has a task of its own.

#include "http/http2_connection.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <optional>
#include <utility>

#include "async/frame_memory.h"
#include "base/check.h"
#include "base/log.h"
#include "http/http2_fields.h"
#include "http/http2_output.h"
#include "net/socket.h"
#include "net/tls.h"

namespace holm::http {

namespace {

constexpr uint32_t kStreamsMax = 128;  // As AWS's load balancers.
constexpr uint32_t kWindowBytes = 256 * 1024;
constexpr int32_t kConnectionWindowBytes = 1024 * 1024;
constexpr async::Duration kLinger{2000};
constexpr size_t kLingerReadsMax = 64;

}  // namespace

// What nghttp2 calls while it reads and writes; `self` is the connection.
struct Http2Connection::Callbacks {
  static Http2Stream* find(Http2Connection& connection, int32_t id) {
    auto found = connection.streams_.find(id);
    return found == connection.streams_.end() ? nullptr : found->second.get();
  }

  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    auto& connection = *static_cast<Http2Connection*>(self);
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    const int32_t id = frame->hd.stream_id;
    net::IdleList::remove(connection);
    Http2Frames& frames = connection;
    const async::FrameAllocator<Http2Stream> memory;
    connection.streams_.emplace(id, std::allocate_shared<Http2Stream>(memory, frames, id));
    return 0;
  }

  static int header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_bytes,
                    const uint8_t* value, size_t value_bytes, uint8_t, void* self) {
    Http2Stream* stream = find(*static_cast<Http2Connection*>(self), frame->hd.stream_id);
    if (!stream) return 0;
    stream->add_header(view_of(name, name_bytes), view_of(value, value_bytes));
    return 0;
  }

  // Unless told so, nghttp2 leaves out headers that are none, and goes on.
  static int invalid_header(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t, const uint8_t*, size_t,
                            uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int frame(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
    auto& connection = *static_cast<Http2Connection*>(self);
    const bool may_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    Http2Stream* stream = may_end ? find(connection, frame->hd.stream_id) : nullptr;
    if (!stream) return 0;
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (stream->head_done() && !stream->is_malformed()) {
      if (ends) stream->end_body();
      return 0;
    }
    if (stream->is_malformed() || !stream->finish_head(connection.peer_, connection.local_, ends)) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_PROTOCOL_ERROR);
      return 0;
    }
    if (const net::TlsSession* tls = connection.stream_->tls()) stream->set_connection(connection.number_, *tls);
    connection.arrived_.push_back(connection.streams_[frame->hd.stream_id]);
    return 0;
  }

  static int data(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* bytes, size_t count, void* self) {
    Http2Stream* stream = find(*static_cast<Http2Connection*>(self), id);
    if (!stream || stream->discards()) {
      nghttp2_session_consume(session, id, count);
    } else {
      stream->add_body(view_of(bytes, count));
    }
    return 0;
  }

  static int closed(nghttp2_session* session, int32_t id, uint32_t, void* self) {
    auto& connection = *static_cast<Http2Connection*>(self);
    auto found = connection.streams_.find(id);
    if (found == connection.streams_.end()) return 0;
    if (found->second->responded()) connection.guard_.count_response();
    nghttp2_session_consume_connection(session, found->second->close());
    connection.streams_.erase(found);
    if (connection.streams_.empty()) connection.context_.idle.add(connection);
    return 0;
  }

  static ssize_t response_body(nghttp2_session* session, int32_t id, uint8_t* into, size_t count, uint32_t* flags,
                               nghttp2_data_source*, void* self) {
    Http2Stream* stream = find(*static_cast<Http2Connection*>(self), id);
    if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    auto taken = stream->take_body(reinterpret_cast<char*>(into), count);
    if (!taken) return NGHTTP2_ERR_DEFERRED;
    if (taken->is_end) *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (taken->is_end && !stream->own_trailers().empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      Http2Fields list;
      list.add_all(stream->own_trailers(), ContentLength::LeaveOut);
      const std::vector<nghttp2_nv> fields = list.fields();
      nghttp2_submit_trailer(session, id, fields.data(), fields.size());
    }
    return static_cast<ssize_t>(taken->bytes);
  }
};

Http2Connection::Http2Connection(ConnectionContext& context, std::unique_ptr<net::Stream> stream,
                                 const net::Address& peer, std::unique_ptr<ConnectionMark> mark)
    : context_(context),
      stream_(std::move(stream)),
      peer_(peer),
      local_(net::local_address(stream_->fd())),
      mark_(std::move(mark)),
      number_(context.connections),
      sent_(stream_->reactor()),
      turned_(stream_->reactor()) {
  nghttp2_session_callbacks* callbacks = nullptr;
  CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Callbacks::begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::header);
  nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, Callbacks::invalid_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::closed);
  nghttp2_option* options = nullptr;
  CHECK(nghttp2_option_new(&options) == 0);
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_no_closed_streams(options, 1);
  const int made = nghttp2_session_server_new2(&session_, callbacks, this, options);
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(callbacks);
  CHECK(made == 0);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kStreamsMax},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindowBytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(context.limits.headers_bytes_max)}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindowBytes);
}

Http2Connection::~Http2Connection() {
  tasks_.cancel();
  nghttp2_session_del(session_);
}

void Http2Connection::say_goodbye() {
  if (std::exchange(is_leaving_, true)) return;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

void Http2Connection::close_if_idle() {
  if (is_terminated_ || is_broken_) return;
  say_goodbye();
  flush_now();
  if (streams_.empty()) ::shutdown(stream_->fd(), SHUT_RD);
}

void Http2Connection::terminate(uint32_t error) {
  is_terminated_ = true;
  nghttp2_session_terminate_session(session_, error);
}

bool Http2Connection::feed(std::string_view bytes) {
  FrameGuard::Verdict verdict = guard_.look(bytes, context_.clock.steady());
  if (verdict.passed > 0) {
    const auto* raw = reinterpret_cast<const uint8_t*>(bytes.data());
    if (nghttp2_session_mem_recv(session_, raw, verdict.passed) < 0) {
      // Not even HTTP/2.
      terminate(NGHTTP2_PROTOCOL_ERROR);
      return false;
    }
  }
  if (verdict.error) terminate(static_cast<uint32_t>(*verdict.error));
  return !verdict.error;
}

void Http2Connection::start_requests() {
  std::vector<std::shared_ptr<Http2Stream>> arrived = std::exchange(arrived_, {});
  for (std::shared_ptr<Http2Stream>& each : arrived) {
    // What the client has taken back already is not begun.
    if (!each->is_closed()) tasks_.spawn(run_request(std::move(each)));
  }
}

namespace {

struct Trouble {
  std::string what;
  bool is_of_stream = false;  // Bytes were cut short or did not come.
};

// What `work` failed with, if it did.
async::Task<std::optional<Trouble>> trouble_of(async::Task<void> work) {
  try {
    co_await std::move(work);
    co_return std::nullopt;
  } catch (const async::StreamError& error) {
    co_return Trouble{error.what(), true};
  } catch (const std::exception& error) {
    co_return Trouble{error.what(), false};
  }
}

}  // namespace

async::Task<void> Http2Connection::run_request(std::shared_ptr<Http2Stream> stream) {
  std::optional<Trouble> trouble;
  if (stream->refusal() == 0) {
    async::Task<void> work = context_.handler(*stream);
    trouble = co_await trouble_of(std::move(work));
  }
  if (trouble && !trouble->is_of_stream) log::error(fmt::format("a handler failed: {}", trouble->what));
  if (!stream->responded() && !stream->client_has_left()) {
    Response response;
    response.status = 500;
    const int of_body = stream->body_refusal();
    if (stream->refusal() != 0) response = context_.refusal(stream->request(), Missing::Head, stream->refusal());
    if (of_body != 0) response = context_.refusal(stream->request(), Missing::Body, of_body);
    async::Task<void> work = stream->respond(std::move(response));
    trouble = co_await trouble_of(std::move(work));
  }
  stream->discard();
  // Of a request that was answered early the rest is not wanted.
  if (!stream->is_closed() && (trouble || !stream->request_ended())) {
    const uint32_t error = trouble ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_NO_ERROR;
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream->id(), error);
  }
  flush();
  // The reading task sees the end of the input.
  if (is_done()) ::shutdown(stream_->fd(), SHUT_RD);
}

bool Http2Connection::submit_response(int32_t stream, const Response& response, std::string_view date,
                                      bool has_body, std::optional<uint64_t> length) {
  if (is_broken_ || !streams_.contains(stream)) return false;
  Http2Fields list;
  list.add(":status", std::to_string(response.status));
  const bool keeps_length = response.status != 204 && (!length || *length == 0);
  list.add_all(response.headers, keeps_length ? ContentLength::Keep : ContentLength::LeaveOut);
  if (!response.headers.has("date")) list.add("date", date);
  const bool tells = response.headers.has("content-length") && (!length || *length == 0);
  if (length && !tells) list.add("content-length", std::to_string(*length));
  std::vector<nghttp2_nv> fields = list.fields();
  nghttp2_data_provider body{{0}, Callbacks::response_body};
  const int done =
      nghttp2_submit_response(session_, stream, fields.data(), fields.size(), has_body ? &body : nullptr);
  if (ConnectionMark::has_lived(mark_.get(), context_.clock)) say_goodbye();
  flush();
  return done == 0;
}

void Http2Connection::submit_interim(int32_t stream, int status, const Headers& headers) {
  if (is_broken_ || !streams_.contains(stream)) return;
  Http2Fields list;
  list.add(":status", std::to_string(status));
  list.add_all(headers, ContentLength::LeaveOut);
  std::vector<nghttp2_nv> fields = list.fields();
  nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream, nullptr, fields.data(), fields.size(), nullptr);
  flush();
}

void Http2Connection::resume(int32_t stream) {
  nghttp2_session_resume_data(session_, stream);
  flush();
}

void Http2Connection::consumed(int32_t stream, size_t bytes) {
  nghttp2_session_consume(session_, stream, bytes);
  flush();
}

void Http2Connection::flush() {
  if (is_sending_ || is_scheduled_ || is_broken_) return;
  is_scheduled_ = true;
  tasks_.spawn(send_later());
  turned_.notifier().notify();
}

void Http2Connection::flush_now() {
  if (is_sending_ || is_broken_) return;
  tasks_.spawn(send_all());
}

async::Task<void> Http2Connection::send_later() {
  co_await turned_.wait(silence_max(context_.limits.send));
  is_scheduled_ = false;
  if (!is_sending_ && !is_broken_) co_await send_all();
  sent_.notifier().notify();
}

async::Task<void> Http2Connection::send_all() {
  is_sending_ = true;
  std::string out = std::exchange(context_.output, {});
  while (true) {
    take_output(session_, out);
    if (out.empty()) break;
    std::array<std::string_view, 3> pieces = {out, {}, {}};
    std::optional<Sent> sent = send_now(*stream_, pieces);
    if (!sent) sent = co_await http::send(*stream_, pieces, silence_max(context_.limits.send));
    if (*sent == Sent::Done) continue;
    is_broken_ = true;
    for (auto& [id, stream] : streams_) stream->close();
    ::shutdown(stream_->fd(), SHUT_RDWR);
    break;
  }
  context_.output = std::move(out);
  is_sending_ = false;
  sent_.notifier().notify();
  // The reading task sees the end of the input.
  if (is_done()) ::shutdown(stream_->fd(), SHUT_RD);
}

void Http2Connection::end_stuck_streams() {
  const SteadyTime latest = context_.clock.steady() - silence_max(context_.limits.send);
  for (const auto& [id, stream] : streams_) {
    if (!stream->is_left_since(latest)) continue;
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  }
}

bool Http2Connection::is_over() const {
  if (is_broken_ || is_terminated_) return true;
  if (is_done()) return true;
  return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

async::Task<void> Http2Connection::linger() {
  while (is_sending_ || is_scheduled_) co_await sent_.wait(silence_max(context_.limits.send));
  if (is_broken_) co_return;
  stream_->end_writing();
  for (size_t i = 0; i < kLingerReadsMax; ++i) {
    std::string_view ignored;
    Fill filled = co_await read_shared(*stream_, ignored, kLinger);
    if (filled != Fill::Done) co_return;
  }
}

async::Task<void> Http2Connection::serve() {
  context_.idle.add(*this);
  flush_now();
  while (!is_over()) {
    // What came is read before anything else can run.
    std::string_view bytes;
    Fill filled = co_await read_shared(*stream_, bytes, silence_max(context_.limits.idle));
    if (!streams_.empty()) end_stuck_streams();
    if (filled == Fill::TimedOut) {
      if (streams_.empty()) terminate(NGHTTP2_NO_ERROR);
    } else if (filled == Fill::Done) {
      if (feed(bytes)) start_requests();
    } else {
      is_broken_ = true;
    }
    flush_now();
  }
  net::IdleList::remove(*this);
  for (auto& [id, stream] : streams_) stream->close();
  co_await linger();
  tasks_.cancel();
}

}  // namespace holm::http
