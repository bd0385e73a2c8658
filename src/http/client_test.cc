// The client against our server, and against servers that misbehave.

#include "http/client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "async/sync_wait.h"
#include "base/system_clock.h"
#include "http/test_server.h"
#include "net/socket.h"

namespace holm::http {
namespace {

using test::TestServer;

async::Task<void> echo(Exchange& exchange) {
  auto body = co_await async::read_all(exchange.body(), 1024 * 1024);
  const Request& request = exchange.request();
  Response response;
  response.body = request.method + " " + request.target + " " + request.authority + " " + *body;
  co_await exchange.respond(std::move(response));
}

// A client on a reactor of its own, used from the test's thread.
class ClientTest : public ::testing::Test {
 protected:
  ClientTest() {
    pool_.at(0).call([this] { client_.emplace(pool_.at(0)); });
  }
  ~ClientTest() override {
    pool_.at(0).call([this] { client_.reset(); });
  }

  Result<Response> request(OutgoingRequest request, uint16_t port, RequestOptions options = {}) {
    Target target{.address = net::Address::loopback(port)};
    return async::sync_wait(pool_.at(0), client_->request(std::move(request), target, options));
  }
  size_t idle_count() {
    size_t count = 0;
    pool_.at(0).call([&] { count = client_->idle_connection_count(); });
    return count;
  }

  SystemClock clock_;
  async::ReactorPool pool_{1, clock_};
  std::optional<Client> client_;
};

TEST_F(ClientTest, GetsAResponseAndKeepsTheConnection) {
  TestServer server(echo);
  for (int i = 0; i < 3; ++i) {
    Result<Response> response = request({.target = "/x?y"}, server.port());
    ASSERT_TRUE(response.has_value()) << response.error().message;
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "GET /x?y 127.0.0.1:" + std::to_string(server.port()) + " ");
    EXPECT_EQ(idle_count(), 1u);
    server.wait_for_connections(1);
  }
}

TEST_F(ClientTest, ClosesTheConnectionWhenToldNotToReuseIt) {
  TestServer server(echo);
  ASSERT_TRUE(request({}, server.port(), {.reuse = Reuse::Never}).has_value());
  EXPECT_EQ(idle_count(), 0u);
  server.wait_for_connections(0);
}

TEST_F(ClientTest, SendsBodiesWholeAndInPieces) {
  TestServer server(echo);
  Result<Response> whole = request({.method = "POST", .body = "abc"}, server.port());
  ASSERT_TRUE(whole.has_value());
  EXPECT_TRUE(whole->body.ends_with(" abc"));
  OutgoingRequest streamed{.method = "PUT"};
  streamed.body_stream = std::make_unique<async::StringSource>(std::string(500000, 'x'));
  Result<Response> pieces = request(std::move(streamed), server.port());
  ASSERT_TRUE(pieces.has_value());
  EXPECT_TRUE(pieces->body.ends_with(std::string(500000, 'x')));
}

async::Task<std::string> read_streamed(Client& client, Target target) {
  OutgoingRequest request{.method = "POST", .body = std::string(300000, 'y')};
  RequestOptions options{.body = BodyMode::Stream};
  Result<Response> response = co_await client.request(std::move(request), target, options);
  auto body = co_await async::read_all(*response->body_stream, 1000000);
  co_return *body;
}

TEST_F(ClientTest, StreamsTheResponseAndThenKeepsTheConnection) {
  TestServer server(echo);
  Target target{.address = net::Address::loopback(server.port())};
  std::string body = async::sync_wait(pool_.at(0), read_streamed(*client_, target));
  EXPECT_TRUE(body.ends_with(std::string(300000, 'y')));
  EXPECT_EQ(idle_count(), 1u);
}

TEST_F(ClientTest, UsesANewConnectionWhenTheKeptOneWasClosed) {
  Limits limits;
  limits.idle = async::Duration{50};
  TestServer server(echo, limits);
  ASSERT_TRUE(request({}, server.port()).has_value());
  server.wait_for_connections(0);
  EXPECT_TRUE(request({}, server.port()).has_value());
}

TEST_F(ClientTest, RefusesToSendWhatWouldBeSomethingElse) {
  EXPECT_FALSE(request({.method = "GET /x"}, 1).has_value());
  EXPECT_FALSE(request({.target = "/a b"}, 1).has_value());
  EXPECT_FALSE(request({.headers = {{"A", "1\r\nB: 2"}}}, 1).has_value());
}

TEST_F(ClientTest, SaysWhyItCannotConnect) {
  Result<UniqueFd> socket = net::listen_on(net::Address::loopback(0));
  uint16_t port = net::local_address(socket->get()).port();
  socket->reset();
  Result<Response> response = request({}, port);
  ASSERT_FALSE(response.has_value());
  EXPECT_NE(response.error().message.find("Connection refused"), std::string::npos);
}

TEST_F(ClientTest, DoesNotTakeABodyBeyondTheLimit) {
  TestServer server(echo);
  OutgoingRequest large{.method = "POST", .body = std::string(2000, 'x')};
  Result<Response> response = request(std::move(large), server.port(), {.body_bytes_max = 1000});
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().message, "the response's body is too large");
}

// Accepts one connection, reads the head of a request, sends `answer` and closes (or keeps silent).
class ScriptedServer {
 public:
  enum class Then { Close, Wait };
  ScriptedServer(std::string answer, Then then)
      : socket_(std::move(*net::listen_on(net::Address::loopback(0)))) {
    port_ = net::local_address(socket_.get()).port();
    thread_ = std::thread([this, answer, then] { serve(answer, then); });
  }
  ~ScriptedServer() {
    done_ = true;
    thread_.join();
  }
  uint16_t port() const { return port_; }

 private:
  void serve(const std::string& answer, Then then) {
    UniqueFd connection;
    while (!connection && !done_) connection.reset(::accept(socket_.get(), nullptr, nullptr));
    std::string head;
    char c;
    while (!head.ends_with("\r\n\r\n") && ::recv(connection.get(), &c, 1, 0) == 1) head += c;
    ::send(connection.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    while (then == Then::Wait && !done_) std::this_thread::yield();
  }

  UniqueFd socket_;
  uint16_t port_ = 0;
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

struct AnswerCase {
  const char* what;
  std::string answer;
  ScriptedServer::Then then;
  const char* outcome;  // The body, or the error after "! ".
};

const AnswerCase kAnswers[] = {
    {"a body that ends with the connection", "HTTP/1.1 200 OK\r\n\r\nabc",
     ScriptedServer::Then::Close, "abc"},
    {"a chunked body", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
     ScriptedServer::Then::Wait, "abc"},
    {"an interim response first",
     "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
     ScriptedServer::Then::Wait, "abc"},
    {"no body with 204", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
     ScriptedServer::Then::Wait, ""},
    {"a body cut short", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
     ScriptedServer::Then::Close, "! the body was cut short"},
    {"a chunked body cut short", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
     ScriptedServer::Then::Close, "! the body was cut short"},
    {"a malformed chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n",
     ScriptedServer::Then::Wait, "! the chunked body is malformed"},
    {"two framings",
     "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     ScriptedServer::Then::Wait, "! the response is malformed"},
    {"something else", "220 mail.example.com ESMTP\r\n\r\n", ScriptedServer::Then::Wait,
     "! the response is malformed"},
    {"nothing", "", ScriptedServer::Then::Close,
     "! the server closed the connection without a response"},
    {"silence", "", ScriptedServer::Then::Wait, "! no response came in time"},
    {"half a head", "HTTP/1.1 200 OK\r\n", ScriptedServer::Then::Wait,
     "! no response came in time"},
    {"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", ScriptedServer::Then::Wait,
     "! the body did not come in time"},
};

TEST_F(ClientTest, UnderstandsOrRefusesWhatServersSend) {
  RequestOptions options{.response_timeout = async::Duration{200},
                         .body_timeout = async::Duration{200}};
  for (const AnswerCase& c : kAnswers) {
    SCOPED_TRACE(c.what);
    ScriptedServer server(c.answer, c.then);
    Result<Response> response = request({}, server.port(), options);
    EXPECT_EQ(response ? response->body : "! " + response.error().message, c.outcome);
  }
}

}  // namespace
}  // namespace holm::http
