// The HTTP server: connections, and one Exchange for each request on them.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "async/byte_source.h"
#include "async/reactor.h"
#include "async/task.h"
#include "base/clock.h"
#include "base/unique_fd.h"
#include "http/message.h"

namespace holm::net {
class ConnectionRoom;
class Stream;
class TlsServerContext;
class TlsSession;
}  // namespace holm::net

namespace holm::http {

// Requests whose heads deviate from RFC 9112 so that it lets a server refuse them.
enum class Deviant : uint8_t {
  Refuse,  // Before the handler sees them.
  // The handler looks at Request::deviations. It answers those that cannot be read by calling
  // close_after_response() and responding; the body of such a request is nowhere.
  HandOver,
};

// AWS's limits for what a load balancer takes, and times that keep slow clients from staying for
// ever.
struct Limits {
  size_t request_line_bytes_max = 16 * 1024;
  size_t header_bytes_max = 16 * 1024;
  size_t headers_bytes_max = 64 * 1024;
  size_t header_count_max = 256;
  // While there are so many, others wait to be accepted, and those that have idled longest are closed.
  size_t connections_max = 40000;
  async::Duration idle{60000};     // Between requests.
  async::Duration head{10000};     // From a head's first byte to its last.
  async::Duration body{60000};     // Without a byte of the body coming.
  async::Duration send{60000};     // Without a byte of the response being taken.
  Deviant deviant = Deviant::Refuse;
};

// What has passed on behalf of one exchange: heads and bodies, without what frames them.
struct Traffic {
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
};

// What a handler keeps of a connection until its end, and how long that may be.
class ConnectionMark {
 public:
  virtual ~ConnectionMark() = default;

  // Without a byte from the client or to it: instead of the limits' idle, body and send.
  std::optional<async::Duration> silence_max;
  // From then on the response to a request is the connection's last.
  std::optional<SteadyTime> last_request_from;

  // Of one that may be null or say nothing.
  static async::Duration silence_of(const ConnectionMark* mark, async::Duration limit) {
    return mark && mark->silence_max ? *mark->silence_max : limit;
  }
  static bool has_lived(const ConnectionMark* mark, const Clock& clock) {
    return mark && mark->last_request_from && clock.steady() >= *mark->last_request_from;
  }
};

// What of a request did not come as it should.
enum class Missing : uint8_t { Head, Body };

// A connection that is there, or whose TLS came to nothing.
struct Arrived {
  int socket = -1;
  const net::Address& peer;
  const net::TlsSession* tls = nullptr;  // Null: none.
  bool is_established = true;
  std::chrono::nanoseconds handshake{};  // How long TLS took.
  uint64_t number = 0;                   // Request::connection of what comes on it.
};

// What a server's owner has to do with connections before there are requests. Called on any reactor; may be empty.
struct Reception {
  net::ConnectionRoom* room = nullptr;  // Shared with other servers: its number holds. Outlives them.
  std::function<void()> turned_away{};  // For each that has waited in vain to be accepted.
  std::function<std::unique_ptr<ConnectionMark>()> welcome{};  // For each that was accepted.
  // TLS was begun and came to nothing.
  std::function<void(std::string_view server_name)> failed_handshake{};
  std::function<void(const Arrived&)> arrived{};
  // What is answered without a handler: 408, and 414 or 431 for heads beyond limits, of which as much is there as
  // is known; 400 and 408 for bodies that the handler did not get and has not answered. Empty: that alone.
  std::function<Response(const Request& request, Missing missing, int status)> refusal{};
};

// A connection that has left HTTP: the socket, and bytes that came after the request.
struct TakenConnection {
  std::unique_ptr<net::Stream> stream;
  std::string already_read;
};

// One request and its response. Lives on the connection's reactor, until the handler's task ends.
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const Request& request() const = 0;
  // The request's body, decoded; sends "100 Continue" at the first read when the client waits for
  // it. Its read throws StreamError when the body is cut short, malformed, or does not come.
  virtual async::ByteSource& body() = 0;
  // What the client is to be told of a body that is malformed or has not come: 400 or 408; 0: of none.
  virtual int body_refusal() const = 0;
  // What followed a chunked body; complete once the body has ended.
  virtual const Headers& trailers() const = 0;

  // Sends the response; at most once. Throws StreamError when the client is gone. Without a
  // response the client is told 500.
  virtual async::Task<void> respond(Response response) = 0;
  // Sends an interim response (103, 102), before `respond`.
  virtual async::Task<void> respond_interim(int status, Headers headers) = 0;
  // No request is read from the connection after this one. Of a connection with many requests at a time,
  // that is not for one of them to say.
  virtual void close_after_response() = 0;
  // Makes the connection the caller's instead of responding: upgrades, tunnels. Nothing was sent.
  virtual TakenConnection take_over() = 0;

  // The client has closed its side: nobody may be there to read a response. For handlers that wait
  // long; they are not cancelled for it.
  virtual bool client_has_left() const = 0;
  virtual Traffic traffic() const = 0;
  // Of the connection; null until somebody puts one there.
  virtual std::unique_ptr<ConnectionMark>& mark() = 0;
  virtual async::Reactor& reactor() const = 0;
};

// Called on the connection's reactor for each request, one at a time per connection. An exception
// that escapes is logged and, if there is no response yet, answered with 500.
using Handler = std::function<async::Task<void>(Exchange&)>;

// Serves on all reactors of a pool or on one. Any thread may call it. The reactors outlive it.
class Server final {
 public:
  Server(async::ReactorPool& reactors, Limits limits, Handler handler, const Clock& clock,
         Reception reception = {});
  Server(async::Reactor& reactor, Limits limits, Handler handler, const Clock& clock);
  ~Server();  // Stops at once.
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Takes connections from `socket` too (made by net::listen_on, or inherited), with TLS if given. Returns
  // what names it for stop_listening().
  int listen(UniqueFd socket, std::shared_ptr<const net::TlsServerContext> tls = nullptr);
  // Closes that socket; connections that came through it go on. Not on a reactor's thread.
  void stop_listening(int socket);
  // Takes no new connections, closes idle ones, waits up to `grace` for requests that are running
  // and cancels the rest. Not called on a reactor's thread, unless `grace` is zero.
  void stop(async::Duration grace);
  size_t connection_count() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace holm::http
