// The HTTP client: requests to an address, over connections that are kept.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "async/byte_source.h"
#include "async/reactor.h"
#include "async/task.h"
#include "base/result.h"
#include "http/message.h"
#include "net/address.h"
#include "net/socket.h"

namespace holm::net {
class TlsClientContext;
}

namespace holm::http {

struct OutgoingRequest {
  std::string method = "GET";
  std::string target = "/";
  Headers headers;  // Host is added unless given; framing is added.
  std::string body;
  // Used instead of `body` when set.
  std::unique_ptr<async::ByteSource> body_stream;
};

// Where a request goes. Connections are shared by requests with equal targets.
struct Target {
  net::Address address;
  net::Namespace where;
  std::shared_ptr<const net::TlsClientContext> tls;  // Null for plain HTTP.
  std::string server_name;                           // For TLS; also the Host header if set.
};

enum class Reuse { Allowed, Never };
enum class BodyMode {
  Whole,   // In `Response::body`, up to `body_bytes_max`.
  Stream,  // In `Response::body_stream`, which must not outlive the client.
};

struct RequestOptions {
  async::Duration connect_timeout{5000};
  async::Duration response_timeout{60000};  // From sending the request to the end of the head.
  async::Duration body_timeout{60000};      // Without a byte of the body coming.
  size_t body_bytes_max = 8 * 1024 * 1024;
  BodyMode body = BodyMode::Whole;
  Reuse reuse = Reuse::Allowed;  // Never: a new connection, closed afterwards (health checks).
};

struct ClientLimits {
  size_t idle_connections_max = 64;
  async::Duration idle{30000};
  size_t head_bytes_max = 64 * 1024;
  size_t header_count_max = 256;
};

// Lives on one reactor's thread; made and destroyed there or while it is not running. Other threads
// use async::sync_wait(client.reactor(), client.request(…)). Requests end before the client does.
class Client final {
 public:
  explicit Client(async::Reactor& reactor, ClientLimits limits = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // The response, whatever its status, or why there is none. A kept connection that turns out to be
  // closed is replaced when the request can be repeated. Redirects are not followed.
  async::Task<Result<Response>> request(OutgoingRequest request, Target target,
                                        RequestOptions options = {});
  async::Reactor& reactor() const;
  size_t idle_connection_count() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace holm::http
