// How long connections of clients stay, when they go with their targets, and what requests are told that nobody
// can read.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>

#include "dataplane/balancer/test_balancer.h"

namespace holm::balancer {
namespace {

// Speaks raw bytes; blocks, at most some seconds.
class RawClient final {
 public:
  explicit RawClient(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  void send(std::string_view bytes) {
    if (bytes.empty()) return;
    EXPECT_GT(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
  }
  // Until there is `end`, or the connection's.
  std::string read_until(std::string_view end) {
    std::string answer;
    std::array<char, 4096> piece;
    while (end.empty() || answer.find(end) == std::string::npos) {
      const ssize_t count = ::recv(socket_.get(), piece.data(), piece.size(), 0);
      if (count < 0 && errno != ECONNRESET) return "not closed after " + answer;
      if (count <= 0) break;
      answer.append(piece.data(), static_cast<size_t>(count));
    }
    return answer;
  }

 private:
  UniqueFd socket_;
};

// What a client that sends these bytes gets, until the connection ends.
std::string answer_to(uint16_t port, std::string_view bytes) {
  RawClient client(port);
  client.send(bytes);
  return client.read_until("");
}

constexpr char kBadRequestPage[] =
    "<html>\r\n<head><title>400 Bad Request</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>"
    "\r\n</body>\r\n</html>\r\n";

TEST_F(BalancerTest, WhatItRefusesItselfHasAwsPages) {
  add_target(first_.address());
  ASSERT_TRUE(publish());
  const std::string cases[] = {
      "GET / HTTP/1.1\r\nHost: shop.elb.localhost\r\nX: " + std::string(20000, 'x') + "\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: shop.elb.localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
      "nonsense\r\n\r\n",
  };
  for (const uint16_t port : {listener_port(), edge_port_}) {
    for (const std::string& each : cases) {
      // Nobody knows at the edge for whom nonsense was.
      if (port == edge_port_ && each.starts_with("nonsense")) continue;
      const std::string answer = answer_to(port, each);
      EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n")) << answer;
      EXPECT_NE(answer.find("\r\nServer: awselb/2.0\r\n"), std::string::npos) << answer;
      EXPECT_NE(answer.find("\r\nContent-Type: text/html\r\n"), std::string::npos) << answer;
      EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos) << answer;
      EXPECT_TRUE(answer.ends_with(kBadRequestPage)) << answer;
    }
  }
}

TEST_F(BalancerTest, AClientMayBeSilentForAsLongAsTheLoadBalancerSays) {
  add_target(first_.address());
  balancer_settings_.idle_timeout = async::Duration(150);
  ASSERT_TRUE(publish());
  // Before the first request, after one, and in the middle of a body.
  EXPECT_EQ(answer_to(listener_port(), ""), "");
  for (const uint16_t port : {listener_port(), edge_port_}) {
    const std::string kept = answer_to(port, "GET / HTTP/1.1\r\nHost: shop.elb.localhost\r\n\r\n");
    EXPECT_TRUE(kept.starts_with("HTTP/1.1 200 OK\r\n")) << kept;
    EXPECT_EQ(kept.find("Connection: close"), std::string::npos) << kept;
  }
  const std::string late =
      answer_to(listener_port(), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_TRUE(late.starts_with("HTTP/1.1 408 ")) << late;
  EXPECT_NE(late.find("<h1>408 "), std::string::npos) << late;
}

TEST_F(BalancerTest, AnOldConnectionOfAClientEndsWithItsNextResponse) {
  add_target(first_.address());
  balancer_settings_.client_keep_alive = async::Duration(0);
  ASSERT_TRUE(publish());
  const std::string answer = answer_to(listener_port(), "GET / HTTP/1.1\r\nHost: shop.elb.localhost\r\n\r\n");
  EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos) << answer;
}

constexpr char kAsk[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

TEST_F(BalancerTest, ConnectionsThatAreCarriedOutliveTheirTargetsRegistrationOrEndWithIt) {
  balancer_settings_.listeners[0].carries = Carries::Connections;
  group_.protocol = TargetProtocol::Tcp;
  add_target(first_.address());
  ASSERT_TRUE(publish());
  RawClient client(listener_port());
  client.send(kAsk);
  EXPECT_NE(client.read_until("GET / ").find("200 OK"), std::string::npos);
  group_.targets.clear();
  add_target(second_.address());
  ASSERT_TRUE(publish());
  client.send(kAsk);
  EXPECT_NE(client.read_until("GET / ").find("Name: first"), std::string::npos) << "it goes on";
  group_.orphans = Orphans::End;
  ASSERT_TRUE(publish());
  EXPECT_EQ(client.read_until(""), "");
  RawClient next(listener_port());
  next.send(kAsk);
  EXPECT_NE(next.read_until("GET / ").find("Name: second"), std::string::npos);
  ASSERT_TRUE(publish());
  next.send(kAsk);
  EXPECT_NE(next.read_until("GET / ").find("Name: second"), std::string::npos) << "its target is there";
}

class FailingTargetTest : public BalancerTest {
 protected:
  // The port, once there is a target that is well.
  uint16_t publish_well(Orphans of_unhealthy) {
    balancer_settings_.listeners[0].carries = Carries::Connections;
    group_.protocol = TargetProtocol::Tcp;
    group_.of_unhealthy = of_unhealthy;
    add_target(first_.address());
    EXPECT_TRUE(publish());
    wait_for(Health::Healthy, "");
    return listener_port();
  }
  void fail_checks() {
    first_.status = 500;
    wait_for(Health::Unhealthy, "Target.ResponseCodeMismatch");
  }
  static std::string answer_to_ask(RawClient& client) {
    client.send(kAsk);
    return std::string(client.read_until("GET / "));
  }
};

TEST_F(FailingTargetTest, ConnectionsThatAreCarriedGoOn) {
  RawClient client(publish_well(Orphans::Leave));
  EXPECT_NE(answer_to_ask(client).find("200 OK"), std::string::npos);
  fail_checks();
  EXPECT_NE(answer_to_ask(client).find("Name: first"), std::string::npos);
}

TEST_F(FailingTargetTest, ConnectionsThatAreCarriedEndWhereThatIsWanted) {
  const uint16_t port = publish_well(Orphans::End);
  RawClient client(port);
  EXPECT_NE(answer_to_ask(client).find("200 OK"), std::string::npos);
  fail_checks();
  EXPECT_EQ(client.read_until(""), "");
  // None is well, so all are asked, and who comes now is not sent away.
  RawClient next(port);
  EXPECT_NE(answer_to_ask(next).find("Name: first"), std::string::npos);
}

}  // namespace
}  // namespace holm::balancer
