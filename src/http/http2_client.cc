// nghttp2 reads and writes the frames. One task reads; another sends, while there is something to send.

#include "http/http2_client.h"

#include <nghttp2/nghttp2.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/strings.h"
#include "http/http2_fields.h"
#include "http/http2_output.h"

namespace holm::http {

namespace {

constexpr uint32_t kWindowBytes = 256 * 1024;
constexpr uint32_t kCallsMax = 100;
// Large enough for the windows of all calls, so that none of them waits for what another does not read.
constexpr int32_t kConnectionWindowBytes = kWindowBytes * kCallsMax;
constexpr async::Duration kSendPatience{60000};
// Requests say how long they wait.
constexpr async::Duration kForEver{24 * 3600 * 1000};

}  // namespace

// What nghttp2 calls while it reads and writes; `self` is the connection.
struct Http2Client::Callbacks {
  static Http2Call* find(void* self, int32_t id) {
    auto& calls = static_cast<Http2Client*>(self)->calls_;
    const auto found = calls.find(id);
    return found == calls.end() ? nullptr : found->second;
  }

  static int header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_bytes,
                    const uint8_t* value, size_t value_bytes, uint8_t, void* self) {
    Http2Call* call = find(self, frame->hd.stream_id);
    if (call) call->add_header(view_of(name, name_bytes), view_of(value, value_bytes));
    return 0;
  }

  // Unless told so, nghttp2 leaves out headers that are none, and goes on.
  static int invalid_header(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t, const uint8_t*, size_t,
                            uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int frame(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
    if (frame->hd.type == NGHTTP2_GOAWAY) static_cast<Http2Client*>(self)->is_leaving_ = true;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    Http2Call* call = find(self, frame->hd.stream_id);
    if (!call) return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && !call->finish_head()) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_PROTOCOL_ERROR);
      return 0;
    }
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) call->ended_ = true;
    call->wake();
    return 0;
  }

  static int data(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* bytes, size_t count, void* self) {
    nghttp2_session_consume_connection(session, count);
    Http2Call* call = find(self, id);
    if (!call) {
      nghttp2_session_consume_stream(session, id, count);
      return 0;
    }
    call->arrived_.append(view_of(bytes, count));
    call->wake();
    return 0;
  }

  static int closed(nghttp2_session*, int32_t id, uint32_t error, void* self) {
    Http2Call* call = find(self, id);
    if (!call) return 0;
    static_cast<Http2Client*>(self)->calls_.erase(id);
    call->close(error);
    return 0;
  }

  static ssize_t request_body(nghttp2_session* session, int32_t id, uint8_t* into, size_t count, uint32_t* flags,
                              nghttp2_data_source*, void* self) {
    Http2Call* call = find(self, id);
    if (!call) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (call->offered_.empty() && !call->offers_end_) return NGHTTP2_ERR_DEFERRED;
    const std::string_view piece = call->offered_.substr(0, count);
    piece.copy(reinterpret_cast<char*>(into), piece.size());
    call->offered_.remove_prefix(piece.size());
    ++call->moved_;
    if (call->offered_.empty()) call->went_.notifier().notify();
    if (call->offered_.empty() && call->offers_end_) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!call->own_trailers_.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        Http2Fields list;
        list.add_all(call->own_trailers_, ContentLength::LeaveOut);
        const std::vector<nghttp2_nv> fields = list.fields();
        nghttp2_submit_trailer(session, id, fields.data(), fields.size());
      }
    }
    return static_cast<ssize_t>(piece.size());
  }
};

std::shared_ptr<Http2Client> Http2Client::make(std::unique_ptr<net::Stream> stream) {
  auto made = std::make_shared<Http2Client>(std::move(stream));
  made->flush();
  made->tasks_.spawn(made->read_all());
  return made;
}

Http2Client::Http2Client(std::unique_ptr<net::Stream> stream) : stream_(std::move(stream)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::header);
  nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, Callbacks::invalid_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::closed);
  nghttp2_option* options = nullptr;
  CHECK(nghttp2_option_new(&options) == 0);
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_no_closed_streams(options, 1);
  nghttp2_option_set_peer_max_concurrent_streams(options, kCallsMax);
  const int made = nghttp2_session_client_new2(&session_, callbacks, this, options);
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(callbacks);
  CHECK(made == 0);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindowBytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(Http2Limits().header_bytes_max)}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindowBytes);
}

Http2Client::~Http2Client() {
  tasks_.cancel();
  nghttp2_session_del(session_);
}

bool Http2Client::can_take() const {
  const uint32_t theirs =
      nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return !is_broken_ && !is_leaving_ && !stream_->peer_has_left() &&
         calls_.size() < std::min(kCallsMax, theirs) && nghttp2_session_check_request_allowed(session_) == 1;
}

std::unique_ptr<Http2Call> Http2Client::begin(const Http2RequestHead& head, RequestBody body) {
  if (is_broken_) return nullptr;
  Http2Fields list;
  list.add(":method", head.method);
  list.add(":scheme", head.scheme);
  list.add(":authority", head.authority);
  list.add(":path", head.path);
  list.add_all(head.headers, ContentLength::Keep);
  const std::vector<nghttp2_nv> fields = list.fields();
  nghttp2_data_provider provider{{0}, Callbacks::request_body};
  const int32_t id = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                            body == RequestBody::Follows ? &provider : nullptr, nullptr);
  if (id < 0) return nullptr;
  auto call = std::make_unique<Http2Call>(shared_from_this(), id);
  calls_.emplace(id, call.get());
  flush();
  return call;
}

void Http2Client::flush() {
  if (!is_sending_ && !is_broken_) tasks_.spawn(send_all());
}

void Http2Client::consumed(int32_t id, size_t bytes) {
  nghttp2_session_consume_stream(session_, id, bytes);
  flush();
}

void Http2Client::resume(int32_t id) {
  nghttp2_session_resume_data(session_, id);
  flush();
}

void Http2Client::forget(Http2Call& call) {
  if (calls_.erase(call.id_) == 0) return;
  if (is_broken_) return;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, call.id_, NGHTTP2_CANCEL);
  flush();
}

void Http2Client::break_off() {
  is_broken_ = true;
  std::map<int32_t, Http2Call*> calls = std::exchange(calls_, {});
  for (auto& [id, call] : calls) call->close(NGHTTP2_INTERNAL_ERROR);
}

async::Task<void> Http2Client::send_all() {
  is_sending_ = true;
  std::string out;
  while (true) {
    take_output(session_, out);
    if (out.empty()) break;
    std::array<std::string_view, 3> pieces = {out, {}, {}};
    const Sent sent = co_await http::send(*stream_, pieces, kSendPatience);
    if (sent == Sent::Done) continue;
    break_off();
    // The reading task sees the end of the input.
    ::shutdown(stream_->fd(), SHUT_RDWR);
    break;
  }
  is_sending_ = false;
}

async::Task<void> Http2Client::read_all() {
  while (!is_broken_) {
    const Fill filled = co_await fill(*stream_, input_, kForEver);
    if (filled == Fill::TimedOut) continue;
    if (filled != Fill::Done) break;
    const std::string_view bytes = input_.unread();
    const auto* raw = reinterpret_cast<const uint8_t*>(bytes.data());
    const ssize_t read = nghttp2_session_mem_recv(session_, raw, bytes.size());
    input_.consume(bytes.size());
    input_.shrink();
    flush();
    if (read < 0) break;
  }
  break_off();
}

}  // namespace holm::http
