// The server over loopback sockets, spoken to in raw bytes.

#include "http/server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <map>

#include "async/placing.h"
#include "async/sync_wait.h"
#include "async/workers.h"
#include "base/strings.h"
#include "base/system_clock.h"
#include "http/test_server.h"
#include "net/socket.h"

namespace holm::http {
namespace {

using test::RawClient;
using test::TestServer;

constexpr async::Duration kPatience{1000};
constexpr async::Duration kHour{3600000};

// Answers with what it understood of the request.
async::Task<void> echo(Exchange& exchange) {
  const Request& request = exchange.request();
  auto body = co_await async::read_all(exchange.body(), 1024 * 1024);
  Response response;
  response.headers.add("Content-Type", "text/plain");
  response.body = request.method + " " + request.path + " " + request.query;
  if (!body) {
    response.status = 413;
  } else if (!body->empty()) {
    response.body += " [" + *body + "]";
  }
  for (const Header& trailer : exchange.trailers()) {
    response.body.append(" ").append(trailer.name).append("=").append(trailer.value);
  }
  co_await exchange.respond(std::move(response));
}

TEST(Server, AnswersARequestAndKeepsTheConnection) {
  TestServer server(echo);
  RawClient client(server.port());
  client.send("GET /a%20b?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "GET /a%20b x=1");
  client.send("GET /second HTTP/1.1\r\nHost: localhost\r\n\r\n");
  test::RawResponse second = client.read_response();
  EXPECT_EQ(second.status_line, "HTTP/1.1 200 OK");
  EXPECT_EQ(second.body, "GET /second ");
  EXPECT_NE(second.head.find("Date: "), std::string::npos);
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  TestServer server(echo);
  RawClient client(server.port());
  client.send(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
      "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
      "POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ndef\r\n0\r\n\r\n"
      "GET /4 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "GET /1 ");
  EXPECT_EQ(client.read_response().body, "POST /2  [abc]");
  EXPECT_EQ(client.read_response().body, "POST /3  [def]");
  EXPECT_EQ(client.read_response().body, "GET /4 ");
}

TEST(Server, ReadsARequestThatComesByteByByte) {
  TestServer server(echo);
  RawClient client(server.port());
  for (char c : std::string_view("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "2;ext=\"1\"\r\nab\r\n1\r\nc\r\n0\r\nX-Sum: 7\r\n\r\n")) {
    client.send(std::string_view(&c, 1));
  }
  EXPECT_EQ(client.read_response().body, "POST /x  [abc] X-Sum=7");
}

TEST(Server, SaysContinueWhenTheClientWaitsForIt) {
  TestServer server(echo);
  RawClient client(server.port());
  client.send("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_response().status_line, "HTTP/1.1 100 Continue");
  client.send("ok");
  EXPECT_EQ(client.read_response().body, "PUT /x  [ok]");
}

TEST(Server, SaysContinueEvenToAClientThatHasNothingToSend) {
  TestServer server(echo);
  RawClient client(server.port());
  client.send("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_response().status_line, "HTTP/1.1 100 Continue");
  EXPECT_EQ(client.read_response().body, "PUT /x ");
  client.send("PUT /y HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_response().status_line, "HTTP/1.1 100 Continue");
  client.send("ok");
  EXPECT_EQ(client.read_response().body, "PUT /y  [ok]");
}

async::Task<void> refuse_unread(Exchange& exchange) {
  Response response;
  response.status = 403;
  co_await exchange.respond(std::move(response));
}

// Answers with the body, read to a place of its own, and how much of it came there without a copy.
async::Task<void> echo_placed(Exchange& exchange) {
  std::string place(4, '\0'), body;
  size_t placed = 0;
  while (true) {
    const std::string_view piece = co_await async::read_to(exchange.body(), place);
    if (piece.empty()) break;
    if (piece.data() == place.data()) placed += piece.size();
    body += piece;
  }
  Response response;
  response.body = body + " " + std::to_string(placed);
  co_await exchange.respond(std::move(response));
}

TEST(Server, ReadsABodyToWhereItIsWantedAndNotBeyondItsEnd) {
  TestServer server(echo_placed);
  RawClient client(server.port());
  client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_response().status_line, "HTTP/1.1 100 Continue");
  client.send("0123456789PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcdef");
  EXPECT_EQ(client.read_response().body, "0123456789 10");
  // What came with the head is at hand already.
  EXPECT_EQ(client.read_response().body, "abcdef 0");
  client.send("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "abc 0");
  client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.read_response().body, " 0");
}

TEST(Server, DoesNotSayContinueWhenNobodyReadsTheBody) {
  TestServer server(refuse_unread);
  RawClient client(server.port());
  client.send("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  test::RawResponse response = client.read_response();
  EXPECT_EQ(response.status_line, "HTTP/1.1 403 Forbidden");
  EXPECT_NE(response.head.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(client.is_closed());
}

TEST(Server, SkipsAShortBodyThatNobodyRead) {
  TestServer server(refuse_unread);
  RawClient client(server.port());
  client.send("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nabGET / HTTP/1.1\r\nHost: a");
  EXPECT_EQ(client.read_response().status_line, "HTTP/1.1 403 Forbidden");
  client.send("\r\n\r\n");
  EXPECT_EQ(client.read_response().status_line, "HTTP/1.1 403 Forbidden");
}

TEST(Server, AnswersHeadWithoutABodyButWithItsLength) {
  TestServer server(echo);
  RawClient client(server.port());
  client.send("HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string head = client.read_head();
  EXPECT_NE(head.find("Content-Length: 10\r\n"), std::string::npos) << head;
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "GET / ");
}

struct RefusedCase {
  const char* what;
  std::string request;
  const char* status_line;
};

const RefusedCase kRefused[] = {
    {"nonsense", "\x16\x03\x01 hello\r\n\r\n", "HTTP/1.1 400 Bad Request"},
    {"no host", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request"},
    {"two lengths", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
     "HTTP/1.1 400 Bad Request"},
    {"length and chunked",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0\r\n\r\n",
     "HTTP/1.1 400 Bad Request"},
    {"a coding nobody knows", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
     "HTTP/1.1 501 Not Implemented"},
    {"another version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "HTTP/1.1 505 HTTP Version Not Supported"},
    {"a long target", "GET /" + std::string(20000, 'a'), "HTTP/1.1 414 URI Too Long"},
    {"a long header", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20000, 'a'),
     "HTTP/1.1 431 Request Header Fields Too Large"},
    {"a malformed chunk", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
     "HTTP/1.1 400 Bad Request"},
};

TEST(Server, IgnoresExpectationsThatNobodyKnows) {
  TestServer server(echo);
  RawClient client(server.port());
  client.send("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: miracles\r\n\r\nab");
  EXPECT_EQ(client.read_response().body, "PUT /x  [ab]");
}

TEST(Server, RefusesWhatIsMalformedAndCloses) {
  TestServer server(echo);
  for (const RefusedCase& c : kRefused) {
    SCOPED_TRACE(c.what);
    RawClient client(server.port());
    client.send(c.request);
    EXPECT_EQ(client.read_response().status_line, c.status_line);
    EXPECT_TRUE(client.is_closed());
  }
}

// Pieces of known content, as many as the query says, with or without a length.
class Numbers final : public async::ByteSource {
 public:
  Numbers(size_t pieces, std::optional<uint64_t> length) : pieces_(pieces), length_(length) {}
  async::Task<std::string_view> read() override {
    if (given_ == pieces_) co_return std::string_view();
    piece_ = std::string(1000, static_cast<char>('a' + given_++ % 26));
    co_return piece_;
  }
  std::optional<uint64_t> length() const override { return length_; }

 private:
  size_t pieces_;
  std::optional<uint64_t> length_;
  size_t given_ = 0;
  std::string piece_;
};

async::Task<void> stream_numbers(Exchange& exchange) {
  Response response;
  std::optional<uint64_t> length;
  if (exchange.request().path == "/known") length = 3000;
  if (exchange.request().path == "/wrong") length = 5000;
  response.body_stream = std::make_unique<Numbers>(3, length);
  co_await exchange.respond(std::move(response));
}

TEST(Server, StreamsBodiesOfKnownAndUnknownLength) {
  TestServer server(stream_numbers);
  RawClient client(server.port());
  std::string expected = std::string(1000, 'a') + std::string(1000, 'b') + std::string(1000, 'c');
  client.send("GET /known HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_response().body, expected);
  client.send("GET /unknown HTTP/1.1\r\nHost: a\r\n\r\n");
  test::RawResponse chunked = client.read_response();
  EXPECT_NE(chunked.head.find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_EQ(chunked.body, expected);
  client.send("GET /unknown HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.read_until_closed().substr(0, 15), "HTTP/1.1 200 OK");
}

TEST(Server, ClosesWhenAStreamBreaksItsPromiseOfLength) {
  TestServer server(stream_numbers);
  RawClient client(server.port());
  client.send("GET /wrong HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string all = client.read_until_closed();
  EXPECT_EQ(all.size() - all.find("\r\n\r\n") - 4, 3000u);
}

async::Task<void> fail(Exchange& exchange) {
  if (exchange.request().path == "/throw") throw std::runtime_error("for the test");
  co_return;
}

TEST(Server, Answers500WhenAHandlerThrowsOrSaysNothing) {
  TestServer server(fail);
  RawClient client(server.port());
  client.send("GET /throw HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_response().status_line, "HTTP/1.1 500 Internal Server Error");
  client.send("GET /silent HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_response().status_line, "HTTP/1.1 500 Internal Server Error");
}

async::Task<void> forge(Exchange& exchange) {
  Response response;
  response.headers.add("Location", "/\r\nSet-Cookie: stolen=1");
  co_await exchange.respond(std::move(response));
}

TEST(Server, DoesNotSendAHeaderValueThatForgesAnotherHeader) {
  TestServer server(forge);
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  test::RawResponse response = client.read_response();
  EXPECT_EQ(response.status_line, "HTTP/1.1 500 Internal Server Error");
  EXPECT_EQ(response.head.find("Set-Cookie"), std::string::npos);
}

TEST(Server, LimitsABodyToWhatTheHandlerTakes) {
  TestServer server(echo);
  RawClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n");
  EXPECT_EQ(client.read_response().status_line, "HTTP/1.1 413 Content Too Large");
  EXPECT_TRUE(client.is_closed());
}

TEST(Server, EndsConnectionsThatSendTheirHeadTooSlowly) {
  Limits limits;
  limits.head = async::Duration{150};
  TestServer server(echo, limits);
  RawClient client(server.port());
  client.send("GET / HT");
  EXPECT_EQ(client.read_response().status_line, "HTTP/1.1 408 Request Timeout");
  EXPECT_TRUE(client.is_closed());
}

TEST(Server, EndsIdleConnections) {
  Limits limits;
  limits.idle = async::Duration{100};
  TestServer server(echo, limits);
  RawClient client(server.port());
  EXPECT_EQ(client.read_until_closed(), "");
}

TEST(Server, EndsConnectionsWhoseBodyDoesNotCome) {
  Limits limits;
  limits.body = async::Duration{100};
  TestServer server(echo, limits);
  RawClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_EQ(client.read_response().status_line, "HTTP/1.1 408 Request Timeout");
  EXPECT_TRUE(client.is_closed());
}

// What a handler says of the connection, by the path: how long it may be silent, or that it is old.
async::Task<void> mark_and_echo(Exchange& exchange) {
  auto mark = std::make_unique<ConnectionMark>();
  mark->silence_max = exchange.request().path == "/brief" ? async::Duration{100} : kHour;
  mark->last_request_from = exchange.reactor().clock().steady();
  if (exchange.request().path != "/old") *mark->last_request_from += kHour;
  exchange.mark() = std::move(mark);
  co_await echo(exchange);
}

TEST(Server, AConnectionMayBeSilentForAsLongAsItsMarkSays) {
  Limits limits;
  limits.idle = kHour;
  TestServer server(mark_and_echo, limits);
  RawClient client(server.port());
  client.send("GET /brief HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "GET /brief ");
  EXPECT_TRUE(client.is_closed());
}

TEST(Server, AnOldConnectionEndsWithItsNextResponse) {
  TestServer server(mark_and_echo);
  RawClient client(server.port());
  client.send("GET /young HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_response().head.find("Connection: close"), std::string::npos);
  client.send("GET /old HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(client.read_response().head.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(client.is_closed());
}

async::Task<void> send_much(Exchange& exchange) {
  Response response;
  response.body = std::string(64 * 1024 * 1024, 'x');
  co_await exchange.respond(std::move(response));
}

TEST(Server, EndsConnectionsThatDoNotTakeTheResponse) {
  Limits limits;
  limits.send = async::Duration{100};
  TestServer server(send_much, limits);
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  server.wait_for_connections(1);
  server.wait_for_connections(0);
}

TEST(Server, SendsALargeBodyThatTheClientTakesInItsOwnTime) {
  TestServer server(send_much);
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_response().body.size(), 64u * 1024 * 1024);
}

async::Task<void> tunnel(Exchange& exchange) {
  TakenConnection connection = exchange.take_over();
  co_await connection.stream->write("HTTP/1.1 101 Switching Protocols\r\n\r\n", kPatience);
  std::string all = connection.already_read;
  while (!all.ends_with('.')) {
    char buffer[100];
    size_t bytes = co_await connection.stream->read(buffer, kPatience);
    if (bytes == 0) break;
    all.append(buffer, bytes);
  }
  co_await connection.stream->write(all, kPatience);
}

TEST(Server, HandsTheConnectionOverWithWhatHasAlreadyCome) {
  TestServer server(tunnel);
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nearly");
  EXPECT_EQ(client.read_response().status_line, "HTTP/1.1 101 Switching Protocols");
  client.send(" late.");
  EXPECT_EQ(client.read_until_closed(), "early late.");
}

async::Task<void> hints(Exchange& exchange) {
  Headers headers{{"Link", "</a.css>"}};
  co_await exchange.respond_interim(103, std::move(headers));
  co_await exchange.respond(Response());
}

TEST(Server, SendsInterimResponses) {
  TestServer server(hints);
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_head(), "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
  EXPECT_EQ(client.read_response().status_line, "HTTP/1.1 200 OK");
}

TEST(Server, LetsRunningRequestsEndWhenItStops) {
  std::atomic<bool> arrived = false;
  std::atomic<bool> released = false;
  async::Workers workers(1, 1);
  auto handler = [&](Exchange& exchange) -> async::Task<void> {
    return test::wait_then_respond(exchange, workers, arrived, released);
  };
  TestServer server(handler);
  RawClient busy(server.port());
  RawClient idle(server.port());
  busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  server.wait_for_connections(2);
  while (!arrived) std::this_thread::yield();
  std::thread stopping([&] { server.stop(async::Duration{10000}); });
  EXPECT_EQ(idle.read_until_closed(), "");
  released = true;
  EXPECT_NE(busy.read_response().head.find("Connection: close"), std::string::npos);
  stopping.join();
}

TEST(Server, ASocketThatIsClosedTakesNobodyElse) {
  TestServer server(echo);
  RawClient client(server.port());
  server.wait_for_connections(1);
  server.stop_listening();
  client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "GET /a ");
  auto another =
      async::sync_wait(server.reactors().at(0),
                       net::connect_to(server.reactors().at(0), net::Address::loopback(server.port()), {}));
  EXPECT_FALSE(another);
}

async::Task<void> sleep_long(Exchange& exchange) { co_await exchange.reactor().sleep(kHour); }

TEST(Server, CancelsRequestsThatRunBeyondTheGrace) {
  TestServer server(sleep_long);
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  server.wait_for_connections(1);
  server.stop(async::Duration{50});
  EXPECT_EQ(client.read_until_closed(), "");
}

constexpr std::string_view kAsk = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(Server, ClosesNothingWhileNobodyWaits) {
  TestServer server(echo, {.connections_max = 1}, 1);
  RawClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.send(kAsk);
    EXPECT_EQ(client.read_response().status_line, "HTTP/1.1 200 OK") << i;
  }
}

TEST(Server, ClosesWhatHasIdledLongestForWhoComes) {
  TestServer server(echo, {.connections_max = 2}, 1);
  RawClient first(server.port());
  RawClient second(server.port());
  for (RawClient* each : {&first, &second}) {
    each->send(kAsk);
    EXPECT_EQ(each->read_response().status_line, "HTTP/1.1 200 OK");
  }
  RawClient third(server.port());
  third.send(kAsk);
  EXPECT_EQ(third.read_response().status_line, "HTTP/1.1 200 OK");
  EXPECT_TRUE(first.is_closed());
}

TEST(Server, ClosesWhatIdlesOnOtherReactors) {
  TestServer server(echo, {.connections_max = 40}, 4);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 120; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.port()));
    clients.back()->send(kAsk);
    EXPECT_EQ(clients.back()->read_response().status_line, "HTTP/1.1 200 OK") << i;
  }
}


// Else one of them, always the same, has all that come together.
TEST(Server, EachReactorServesAsManyConnections) {
  constexpr size_t kReactors = 3, kClients = 60;
  const auto tell_reactor = [](Exchange& exchange) -> async::Task<void> {
    Response response;
    response.body = fmt::format("{}", static_cast<const void*>(&exchange.reactor()));
    co_await exchange.respond(std::move(response));
  };
  TestServer server(tell_reactor, {}, kReactors);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (size_t i = 0; i < kClients; ++i) clients.push_back(std::make_unique<RawClient>(server.port()));
  std::map<std::string, size_t> counts;
  for (const auto& client : clients) {
    client->send(kAsk);
    ++counts[client->read_response().body];
  }
  ASSERT_EQ(counts.size(), kReactors);
  for (const auto& [reactor, count] : counts) {
    EXPECT_GE(count, kClients / kReactors - 2) << reactor;
    EXPECT_LE(count, kClients / kReactors + 2) << reactor;
  }
}

TEST(Server, CanStopWhileConnectionsCome) {
  for (int round = 0; round < 20; ++round) {
    TestServer server(echo, {}, 4);
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(std::make_unique<RawClient>(server.port()));
    server.stop(async::Duration(0));
    for (const auto& client : clients) EXPECT_TRUE(client->is_closed());
  }
}

TEST(Server, LetsWhoComesWaitWhileAllAreBusy) {
  async::Workers workers(1, 10);
  std::atomic<bool> arrived = false, released = false;
  TestServer server(
      [&](Exchange& exchange) { return test::wait_then_respond(exchange, workers, arrived, released); },
      {.connections_max = 1}, 1);
  RawClient busy(server.port());
  busy.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  while (!arrived) std::this_thread::yield();
  RawClient waiting(server.port());
  waiting.send(kAsk);
  server.wait_for_connections(1);
  released = true;
  EXPECT_EQ(busy.read_response().status_line, "HTTP/1.1 200 OK");
  EXPECT_EQ(waiting.read_response().status_line, "HTTP/1.1 200 OK");
}

}  // namespace
}  // namespace holm::http
