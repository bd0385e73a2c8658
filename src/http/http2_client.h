// Http2Client: a connection to a server that speaks HTTP/2, for many requests at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "async/byte_source.h"
#include "async/task_set.h"
#include "async/wakeup.h"
#include "base/result.h"
#include "http/message.h"
#include "http/transfer.h"
#include "net/stream.h"

struct nghttp2_session;

namespace holm::http {

class Http2Client;

// Of what a server answers.
struct Http2Limits {
  size_t header_bytes_max = 64 * 1024;
  size_t header_count_max = 256;
};

struct Http2RequestHead {
  std::string method;
  std::string scheme;
  std::string authority;
  std::string path;  // With the query.
  Headers headers;   // Without Host.
};

enum class RequestBody : uint8_t { None, Follows };

// One request and its response, on the connection's reactor. Its end before the response's takes the request back.
// One task may send while another reads.
class Http2Call final {
 public:
  Http2Call(std::shared_ptr<Http2Client> client, int32_t id);
  ~Http2Call();
  Http2Call(const Http2Call&) = delete;
  Http2Call& operator=(const Http2Call&) = delete;

  // Sends a piece of the request's body, and waits until the server lets it be sent, up to `idle` for each part.
  async::Task<Sent> send(std::string_view piece, async::Duration idle);
  // Ends the request; the trailers may be none.
  void end(const Headers& trailers);
  // Sends all of `body`, and then the trailers, which are complete by then. False: the body has failed, and the
  // request was taken back.
  async::Task<bool> send_all(async::ByteSource& body, const Headers& trailers, async::Duration idle);
  // Takes the request back; who waits is told that it was broken off.
  void give_up();

  enum class Answer : uint8_t {
    Head,        // Of the response: status() and headers() tell.
    TimedOut,    // Nothing has come or gone for so long.
    Refused,     // The server says that it has done nothing.
    BrokenOff,
  };
  async::Task<Answer> answer(async::Duration idle);
  int status() const { return status_; }
  Headers& headers() { return headers_; }
  // The next piece of the response's body, until the next call; empty at its end.
  async::Task<Result<std::string_view>> next(async::Duration idle);
  // The response has no body, or all of it was read.
  bool at_end() const { return ended_ && arrived_.empty() && reading_.empty(); }
  // Complete at the end.
  const Headers& trailers() const { return trailers_; }

 private:
  friend class Http2Client;
  // ---- As the connection sees it.
  void add_header(std::string_view name, std::string_view value);
  // False when it is none that can be passed on.
  bool finish_head();
  void close(uint32_t error);
  void wake();

  std::shared_ptr<Http2Client> client_;
  const int32_t id_;
  int status_ = 0;
  Headers headers_;
  Headers trailers_;
  size_t header_bytes_ = 0;
  bool head_done_ = false;
  bool malformed_ = false;
  bool ended_ = false;      // The response has.
  bool refused_ = false;
  bool closed_ = false;     // Nothing more will come or go.
  std::string arrived_;     // Of the response's body, not read yet.
  std::string reading_;     // What next() gave last.
  std::string_view offered_;  // Of the request's body, not taken yet.
  bool offers_end_ = false;
  Headers own_trailers_;
  uint64_t moved_ = 0;  // Counts what has come and gone.
  async::Wakeup came_;
  async::Wakeup went_;
};

// Lives on its stream's reactor. Given up when it can_take() nothing more and has no calls.
class Http2Client final : public std::enable_shared_from_this<Http2Client> {
 public:
  // `stream` is connected; with TLS, "h2" was agreed on.
  static std::shared_ptr<Http2Client> make(std::unique_ptr<net::Stream> stream);
  explicit Http2Client(std::unique_ptr<net::Stream> stream);  // For make().
  ~Http2Client();
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;

  // One request more. Until the server has said how many it takes, it is thought to take a hundred.
  bool can_take() const;
  bool has_calls() const { return !calls_.empty(); }
  // Null when it cannot be begun.
  std::unique_ptr<Http2Call> begin(const Http2RequestHead& head, RequestBody body);

 private:
  friend class Http2Call;
  struct Callbacks;

  async::Task<void> read_all();
  async::Task<void> send_all();
  void flush();
  void consumed(int32_t id, size_t bytes);
  void resume(int32_t id);
  void forget(Http2Call& call);
  void break_off();

  std::unique_ptr<net::Stream> stream_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, Http2Call*> calls_;
  InputBuffer input_;
  bool is_sending_ = false;
  bool is_broken_ = false;
  bool is_leaving_ = false;  // The server takes no more requests here.
  async::TaskSet tasks_;     // Last, so that they end before what they use.
};

}  // namespace holm::http
