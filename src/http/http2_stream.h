// Http2Stream: one request on an HTTP/2 connection, and its response.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "async/byte_source.h"
#include "async/wakeup.h"
#include "http/server.h"

namespace holm::net {
class TlsSession;
}

namespace holm::http {

// What a stream needs of its connection.
class Http2Frames {
 public:
  virtual ~Http2Frames() = default;
  // False when the stream is closed, so that nobody is there.
  virtual bool submit_response(int32_t stream, const Response& response, std::string_view date, bool has_body,
                               std::optional<uint64_t> length) = 0;
  virtual void submit_interim(int32_t stream, int status, const Headers& headers) = 0;
  // There is more to be sent of the body.
  virtual void resume(int32_t stream) = 0;
  // The handler has taken so many bytes of the request's body, so the client may send more.
  virtual void consumed(int32_t stream, size_t bytes) = 0;
  virtual std::string_view date() = 0;
  virtual async::Reactor& reactor() const = 0;
  virtual bool is_broken() const = 0;
  virtual const Limits& limits() const = 0;
  // How long either side may be silent: this, unless the connection has a time of its own.
  virtual async::Duration silence_max(async::Duration limit) const = 0;
  virtual std::unique_ptr<ConnectionMark>& mark() = 0;
};

// Filled by the connection while frames come in, used by the request's handler; all on the reactor's thread.
class Http2Stream final : public Exchange, private async::ByteSource {
 public:
  Http2Stream(Http2Frames& frames, int32_t id);

  // ---- As the connection sees it.
  // One header of the request or, after the head, of its trailers.
  void add_header(std::string_view name, std::string_view value);
  // The head is complete; false when it is none of a request that can be passed on. `ended`: no body follows.
  bool finish_head(const net::Address& peer, const net::Address& local, bool ended);
  void set_connection(uint64_t number, const net::TlsSession& tls);
  void add_body(std::string_view bytes);
  void end_body();
  // Returns how many bytes of the request's body nobody has taken; nobody will say so later.
  size_t close();
  // Copies up to `count` bytes of the response's body. Nothing: there is none yet.
  struct Taken {
    size_t bytes = 0;
    bool is_end = false;
  };
  std::optional<Taken> take_body(char* into, size_t count);
  // What comes after the response's body, once that was taken.
  const Headers& own_trailers() const { return own_trailers_; }

  int32_t id() const { return id_; }
  int refusal() const { return refusal_; }
  // It cannot be said in HTTP/1, or means two things.
  bool is_malformed() const { return malformed_; }
  bool head_done() const { return head_done_; }
  bool is_closed() const { return closed_; }
  bool request_ended() const { return body_ended_; }
  bool responded() const { return responded_; }
  // The handler is done, and the rest of its response waits here for the client since then.
  bool is_left_since(SteadyTime time) const { return is_left_ && left_at_ <= time; }
  // Bytes of the request's body that nobody will read any more.
  void discard() { discards_ = true; }
  bool discards() const { return discards_; }

  // ---- As the handler sees it.
  const Request& request() const override { return request_; }
  async::ByteSource& body() override { return *this; }
  int body_refusal() const override { return is_late_ ? 408 : 0; }
  const Headers& trailers() const override { return trailers_; }
  async::Task<void> respond(Response response) override;
  async::Task<void> respond_interim(int status, Headers headers) override;
  void close_after_response() override {}
  TakenConnection take_over() override;
  bool client_has_left() const override { return closed_ || frames_.is_broken(); }
  Traffic traffic() const override { return traffic_; }
  std::unique_ptr<ConnectionMark>& mark() override { return frames_.mark(); }
  async::Reactor& reactor() const override { return frames_.reactor(); }

 private:
  async::Task<std::string_view> read() override;
  std::optional<uint64_t> length() const override;
  void add_pseudo_header(std::string_view name, std::string_view value);
  async::Task<void> offer(std::string_view bytes, bool is_end);
  async::Task<void> let_body_in();
  async::Task<async::Woken> wait_for(std::optional<async::Wakeup>& wakeup, async::Duration timeout) const;

  Http2Frames& frames_;
  const int32_t id_;
  Request request_;
  Headers trailers_;
  size_t header_bytes_ = 0;
  Traffic traffic_;
  std::string cookies_;
  int refusal_ = 0;  // The status that answers instead of the handler.
  bool head_done_ = false;
  bool malformed_ = false;

  std::string arrived_;  // Of the request's body, not read yet.
  std::string reading_;  // What read() gave last.
  std::optional<uint64_t> body_length_;
  bool body_begun_ = false;
  bool body_ended_ = false;
  bool continue_owed_ = false;
  bool discards_ = false;
  bool is_late_ = false;

  std::string_view offered_;  // Of the response's body, not taken yet.
  bool offered_end_ = false;
  Headers own_trailers_;
  bool end_taken_ = false;
  std::string last_;  // What was offered last, if its handler does not wait for it to be taken.
  bool is_left_ = false;
  SteadyTime left_at_{};
  bool responded_ = false;
  bool closed_ = false;
  // There once somebody has waited: most bodies are there, or leave, before anybody would.
  std::optional<async::Wakeup> body_came_;
  std::optional<async::Wakeup> body_went_;
};

}  // namespace holm::http
