// The server over loopback.

#include "kit/web_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

namespace kit {
namespace {

constexpr std::chrono::seconds kPatience{30};  // Less than connections are kept for.

TEST(WebServer, StopsAtOnceWhileAClientKeepsItsConnection) {
  WebServer server({}, [](const Request&) { return Response{.body = "hello"}; });
  ASSERT_GT(server.port(), 0);
  auto running = std::async(std::launch::async, [&] { server.run(); });
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(static_cast<uint16_t>(server.port()))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_EQ(::send(client, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[1024];
  while (!answer.ends_with("hello")) {
    const ssize_t count = ::recv(client, buffer, sizeof buffer, 0);
    ASSERT_GT(count, 0);
    answer.append(buffer, static_cast<size_t>(count));
  }
  server.stop();
  EXPECT_EQ(running.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(::recv(client, buffer, sizeof buffer, 0), 0);
  ::close(client);
}

}  // namespace
}  // namespace kit
