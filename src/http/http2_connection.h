// Http2Connection: one HTTP/2 connection of the server, from its acceptance to its end. nghttp2 reads and writes the
// frames; what it lets pass and RFC 9113 does not, FrameGuard stops.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/task_set.h"
#include "async/wakeup.h"
#include "http/connection.h"
#include "http/frame_guard.h"
#include "http/http2_stream.h"

struct nghttp2_session;

namespace holm::http {

class Http2Connection final : public ClosableConnection, private Http2Frames {
 public:
  Http2Connection(ConnectionContext& context, std::unique_ptr<net::Stream> stream, const net::Address& peer,
                  std::unique_ptr<ConnectionMark> mark);
  ~Http2Connection() override;
  Http2Connection(const Http2Connection&) = delete;
  Http2Connection& operator=(const Http2Connection&) = delete;

  // Serves until the connection ends, one way or another.
  async::Task<void> serve();
  // Tells the client to go, and ends once its requests are answered.
  void close_if_idle() override;

 private:
  struct Callbacks;
  using Streams = std::map<int32_t, std::shared_ptr<Http2Stream>>;

  bool submit_response(int32_t stream, const Response& response, std::string_view date, bool has_body,
                       std::optional<uint64_t> length) override;
  void submit_interim(int32_t stream, int status, const Headers& headers) override;
  void resume(int32_t stream) override;
  void consumed(int32_t stream, size_t bytes) override;
  std::string_view date() override { return context_.current_date(); }
  async::Reactor& reactor() const override { return stream_->reactor(); }
  bool is_broken() const override { return is_broken_; }
  const Limits& limits() const override { return context_.limits; }
  async::Duration silence_max(async::Duration limit) const override {
    return ConnectionMark::silence_of(mark_.get(), limit);
  }
  std::unique_ptr<ConnectionMark>& mark() override { return mark_; }

  // Reads what has come in; false when no more is to be read.
  bool feed(std::string_view bytes);
  void start_requests();
  bool is_over() const;
  // Tells the client to make another connection for what it has not begun.
  void say_goodbye();
  // No request more is taken, and none is left.
  bool is_done() const { return (context_.stopping || is_leaving_) && streams_.empty(); }
  void terminate(uint32_t error);
  // Sends what there is to send: at the end of the reactor's turn, with what others say until then, or at once.
  void flush();
  void flush_now();
  async::Task<void> send_later();
  // Ends the streams whose clients take nothing of what was left for them.
  void end_stuck_streams();
  async::Task<void> send_all();
  async::Task<void> run_request(std::shared_ptr<Http2Stream> stream);
  async::Task<void> linger();

  ConnectionContext& context_;
  std::unique_ptr<net::Stream> stream_;
  net::Address peer_;
  net::Address local_;
  std::unique_ptr<ConnectionMark> mark_;
  const uint64_t number_;
  FrameGuard guard_;
  nghttp2_session* session_ = nullptr;
  Streams streams_;
  std::vector<std::shared_ptr<Http2Stream>> arrived_;  // Whose handlers are to be started.
  bool is_sending_ = false;
  bool is_scheduled_ = false;
  bool is_broken_ = false;      // Nothing more can be sent.
  bool is_leaving_ = false;     // The client was told to go.
  bool is_terminated_ = false;  // The client has broken the protocol.
  async::Wakeup sent_;
  async::Wakeup turned_;
  async::TaskSet tasks_;  // Last, so that they end before what they use.
};

}  // namespace holm::http
