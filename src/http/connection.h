// ServerConnection: one HTTP/1 connection from its acceptance to its end.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "async/reactor.h"
#include "async/task.h"
#include "http/body_reader.h"
#include "http/head_parser.h"
#include "http/message.h"
#include "http/response_head.h"
#include "http/server.h"
#include "http/transfer.h"
#include "net/connection_room.h"
#include "net/stream.h"

namespace holm::http {

// What connections of one reactor have in common. Outlives them.
struct ConnectionContext {
  const Limits& limits;
  const Handler& handler;
  const Clock& clock;
  const Reception& reception;
  net::IdleList& idle;       // Those that wait for a request.
  uint64_t connections = 0;  // That there have been; the last is the one that begins.
  bool stopping = false;     // Each connection ends with the response it is at.
  // The Date header, and the second it is of.
  Time date_second{};
  std::string date;
  std::string output{};  // Memory for what connections send, between two of them that do.

  std::string_view current_date();
  // What a refusal that no handler is asked about says.
  Response refusal(const Request& request, Missing missing, int status) const;
};

// A connection as its server sees it.
class ClosableConnection : public net::Idler {
 public:
  virtual ~ClosableConnection() = default;
};

class ServerConnection final : public ClosableConnection {
 public:
  ServerConnection(ConnectionContext& context, std::unique_ptr<net::Stream> stream,
                   const net::Address& peer, std::unique_ptr<ConnectionMark> mark);
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  // Serves until the connection ends, one way or another.
  async::Task<void> serve();
  void close_if_idle() override;

 private:
  class OneExchange;
  enum class Next { Request, End };

  async::Task<Next> read_head();
  async::Task<void> handle(OneExchange& exchange);
  async::Task<Next> serve_request();
  async::Task<void> refuse(int status);
  async::Task<bool> drain(BodyReader& body);
  async::Task<void> linger();
  Request make_request() const;
  // One whose head cannot be read.
  Request unread_request() const;
  void tell_connection(Request& request) const;

  // How long either side may be silent.
  async::Duration silence_max(async::Duration limit) const {
    return ConnectionMark::silence_of(mark_.get(), limit);
  }
  // Sends all pieces in order; throws StreamError when the client does not take them.
  async::Task<void> send(std::array<std::string_view, 3> pieces);

  ConnectionContext& context_;
  std::unique_ptr<net::Stream> stream_;  // Null once taken over.
  net::Address peer_;
  net::Address local_;
  std::unique_ptr<ConnectionMark> mark_;
  const uint64_t number_;
  InputBuffer input_;
  HeadParser parser_;
  bool idle_ = false;
};

}  // namespace holm::http
