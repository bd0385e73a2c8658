// For tests: a server on a free port of loopback, and a client that speaks raw bytes.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "async/reactor.h"
#include "async/workers.h"
#include "base/system_clock.h"
#include "base/unique_fd.h"
#include "http/server.h"
#include "net/stream.h"

namespace holm::http::test {

class TestServer final {
 public:
  explicit TestServer(Handler handler, Limits limits = {}, size_t threads = 2,
                      std::shared_ptr<const net::TlsServerContext> tls = nullptr);

  uint16_t port() const { return port_; }
  async::ReactorPool& reactors() { return reactors_; }
  void stop(async::Duration grace) { server_.stop(grace); }
  void stop_listening() { server_.stop_listening(socket_); }
  // Blocks until so many connections are open; gives up after some seconds.
  void wait_for_connections(size_t count) const;

 private:
  SystemClock clock_;
  async::ReactorPool reactors_;
  Server server_;
  uint16_t port_ = 0;
  int socket_ = -1;
};

struct RawResponse {
  std::string status_line;
  std::string head;  // With the empty line.
  std::string body;  // Decoded.
};

// Blocks, at most some seconds.
class RawClient final {
 public:
  explicit RawClient(uint16_t port);
  void send(std::string_view bytes);
  std::string read_head();
  RawResponse read_response();
  std::string read_until_closed();
  bool is_closed() { return read_until_closed().empty(); }

 private:
  bool fill();
  std::string take(size_t bytes);

  UniqueFd socket_;
  std::string input_;
};

// Says that it has arrived, waits on a worker until it is released and answers 200.
async::Task<void> wait_then_respond(Exchange& exchange, async::Workers& workers, std::atomic<bool>& arrived,
                                    std::atomic<bool>& released);

}  // namespace holm::http::test
