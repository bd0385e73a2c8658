// The blocking side of the tests; named so that it is part of the test program only.

#include "http/test_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <thread>

#include "base/check.h"
#include "net/address.h"
#include "net/socket.h"
#include "net/tls.h"

namespace holm::http::test {

namespace {

constexpr int kPatienceSeconds = 20;

}  // namespace

TestServer::TestServer(Handler handler, Limits limits, size_t threads,
                       std::shared_ptr<const net::TlsServerContext> tls)
    : reactors_(threads, clock_), server_(reactors_, limits, std::move(handler), clock_) {
  Result<UniqueFd> socket = net::listen_on(net::Address::loopback(0));
  CHECK(socket.has_value());
  port_ = net::local_address(socket->get()).port();
  socket_ = server_.listen(std::move(*socket), std::move(tls));
}

void TestServer::wait_for_connections(size_t count) const {
  SteadyTime deadline = clock_.steady() + std::chrono::seconds(kPatienceSeconds);
  while (server_.connection_count() != count) {
    CHECK(clock_.steady() < deadline);
    std::this_thread::yield();
  }
}

RawClient::RawClient(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_storage storage;
  auto bytes = static_cast<socklen_t>(net::Address::loopback(port).to_sockaddr(storage));
  int connected = ::connect(socket_.get(), reinterpret_cast<sockaddr*>(&storage), bytes);
  CHECK(connected == 0);
}

void RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    // A server that refuses early may have closed already.
    if (sent < 0) return;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

bool RawClient::fill() {
  char buffer[65536];
  ssize_t count = ::recv(socket_.get(), buffer, sizeof buffer, 0);
  CHECK(count >= 0 || errno == ECONNRESET);
  if (count > 0) input_.append(buffer, static_cast<size_t>(count));
  return count > 0;
}

std::string RawClient::take(size_t bytes) {
  while (input_.size() < bytes && fill()) continue;
  std::string taken = input_.substr(0, bytes);
  input_.erase(0, bytes);
  return taken;
}

std::string RawClient::read_head() {
  while (input_.find("\r\n\r\n") == std::string::npos) {
    if (!fill()) return {};
  }
  return take(input_.find("\r\n\r\n") + 4);
}

RawResponse RawClient::read_response() {
  RawResponse response;
  response.head = read_head();
  response.status_line = response.head.substr(0, response.head.find("\r\n"));
  constexpr std::string_view kLength = "Content-Length: ";
  size_t at = response.head.find(kLength);
  if (at != std::string::npos) {
    response.body = take(std::stoull(response.head.substr(at + kLength.size())));
  }
  if (response.head.find("Transfer-Encoding: chunked") != std::string::npos) {
    while (true) {
      while (input_.find("\r\n") == std::string::npos && fill()) continue;
      size_t line = input_.find("\r\n");
      size_t bytes = std::stoull(take(line + 2), nullptr, 16);
      response.body += take(bytes);
      take(2);
      if (bytes == 0) break;
    }
  }
  return response;
}

std::string RawClient::read_until_closed() {
  while (fill()) continue;
  return std::exchange(input_, {});
}

async::Task<void> wait_then_respond(Exchange& exchange, async::Workers& workers, std::atomic<bool>& arrived,
                                    std::atomic<bool>& released) {
  auto wait = [&arrived, &released] {
    arrived = true;
    while (!released) std::this_thread::yield();
  };
  co_await workers.run(exchange.reactor(), wait);
  co_await exchange.respond(Response());
}

}  // namespace holm::http::test
