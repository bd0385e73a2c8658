// The client: connections that are kept, and the course of one request on one of them.

#include "http/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <list>

#include "base/clock.h"
#include "http/body_reader.h"
#include "http/characters.h"
#include "http/outgoing_head.h"
#include "http/response_head.h"
#include "http/strict_policy.h"
#include "net/stream.h"
#include "net/tls.h"

namespace holm::http {

namespace {

bool is_same(const Target& a, const Target& b) {
  return a.address == b.address && a.where == b.where && a.tls == b.tls &&
         a.server_name == b.server_name;
}

// RFC 9110, section 9.2.2: what may be sent again when nobody knows whether it arrived.
bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS" || method == "TRACE";
}

struct ClientConnection {
  Target target;
  std::unique_ptr<net::Stream> stream;
  InputBuffer input;
  bool used_before = false;
};
using ConnectionPointer = std::unique_ptr<ClientConnection>;

// Why there is no response, and whether another connection may have more luck.
enum class Retry : uint8_t { No, OnNewConnection };
struct Trouble {
  Error error;
  Retry retry = Retry::No;
};

std::unexpected<Trouble> trouble(std::string message, Retry retry = Retry::No) {
  return std::unexpected(Trouble{{std::move(message)}, retry});
}

}  // namespace

class Client::State {
 public:
  State(async::Reactor& own_reactor, ClientLimits limits)
      : reactor(own_reactor), limits_(limits), sweeper_(reactor, [this] { sweep(); }) {}

  async::Task<Result<Response>> request(OutgoingRequest request, Target target,
                                        RequestOptions options);
  // Keeps the connection for the next request to its target.
  void keep(ConnectionPointer connection);
  size_t idle_count() const { return idle_.size(); }

  async::Reactor& reactor;

 private:
  struct Idle {
    ConnectionPointer connection;
    SteadyTime since;
  };

  async::Task<Result<ConnectionPointer>> connect(Target target, async::Duration timeout);
  ConnectionPointer take_idle(const Target& target);
  void sweep();
  async::Task<Result<Response, Trouble>> attempt(ConnectionPointer connection,
                                                 OutgoingRequest& request, RequestOptions options);
  async::Task<Sent> send_request(ClientConnection& connection, OutgoingRequest& request,
                                 const RequestOptions& options);
  async::Task<Result<void, Trouble>> read_head(ClientConnection& connection, HeadParser& parser,
                                               async::Duration timeout);
  async::Task<Result<Response, Trouble>> read_body(ConnectionPointer connection, Head head,
                                                   Response response, RequestOptions options);

  const ClientLimits limits_;
  std::list<Idle> idle_;  // The one used last is at the back.
  async::Timer sweeper_;
};

namespace {

// The body of a response that is streamed; the connection is kept after its end.
class StreamedBody final : public async::ByteSource {
 public:
  using Finished = std::function<void(ConnectionPointer)>;
  StreamedBody(ConnectionPointer connection, const Head& head, async::Duration timeout,
               Finished finished)
      : connection_(std::move(connection)),
        reader_(*connection_->stream, connection_->input, head, timeout),
        finished_(std::move(finished)) {}

  async::Task<std::string_view> read() override {
    if (!connection_) co_return std::string_view();
    std::string_view piece = co_await reader_.read();
    if (piece.empty()) {
      ConnectionPointer connection = std::move(connection_);
      if (finished_) finished_(std::move(connection));
    }
    co_return piece;
  }
  std::optional<uint64_t> length() const override { return reader_.length(); }

 private:
  ConnectionPointer connection_;
  BodyReader reader_;
  Finished finished_;
};

// Of the responses, those to HEAD and these statuses have no body whatever their headers say.
bool has_no_body(std::string_view method, int status) {
  return method == "HEAD" || status < 200 || status == 204 || status == 304;
}

Response response_of(const Head& head) {
  Response response;
  response.status = head.status;
  response.headers = headers_of(head);
  return response;
}

}  // namespace

ConnectionPointer Client::State::take_idle(const Target& target) {
  for (auto each = idle_.rbegin(); each != idle_.rend(); ++each) {
    if (!is_same(each->connection->target, target)) continue;
    ConnectionPointer connection = std::move(each->connection);
    idle_.erase(std::next(each).base());
    if (!connection->stream->peer_has_left()) return connection;
    return take_idle(target);
  }
  return nullptr;
}

void Client::State::keep(ConnectionPointer connection) {
  bool sound = connection->input.unread().empty() && !connection->stream->peer_has_left();
  if (!sound || limits_.idle_connections_max == 0) return;
  connection->used_before = true;
  connection->input.shrink();
  if (idle_.size() >= limits_.idle_connections_max) idle_.pop_front();
  idle_.push_back({std::move(connection), reactor.clock().steady()});
  if (!sweeper_.is_armed()) sweeper_.arm(limits_.idle);
}

void Client::State::sweep() {
  SteadyTime now = reactor.clock().steady();
  std::erase_if(idle_, [&](const Idle& each) {
    return now - each.since >= limits_.idle || each.connection->stream->peer_has_left();
  });
  if (!idle_.empty()) sweeper_.arm(limits_.idle);
}

async::Task<Result<ConnectionPointer>> Client::State::connect(Target target,
                                                              async::Duration timeout) {
  net::ConnectOptions options{.where = target.where, .timeout = timeout};
  Result<UniqueFd> socket = co_await net::connect_to(reactor, target.address, options);
  if (!socket) co_return std::unexpected(socket.error());
  std::unique_ptr<net::TlsSession> tls;
  if (target.tls) {
    tls = target.tls->connect(socket->get(), target.server_name);
    if (!tls) co_return failure("no memory for TLS");
  }
  auto connection = std::make_unique<ClientConnection>();
  connection->target = std::move(target);
  connection->stream = std::make_unique<net::Stream>(reactor, std::move(*socket), std::move(tls));
  co_return connection;
}

async::Task<Result<Response>> Client::State::request(OutgoingRequest request, Target target,
                                                     RequestOptions options) {
  if (std::optional<Error> wrong = find_mistake(request)) co_return std::unexpected(*wrong);
  bool repeatable = is_idempotent(request.method) && !request.body_stream;
  ConnectionPointer connection;
  if (options.reuse == Reuse::Allowed) connection = take_idle(target);
  while (true) {
    if (!connection) {
      Result<ConnectionPointer> made = co_await connect(target, options.connect_timeout);
      if (!made) co_return std::unexpected(made.error());
      connection = std::move(*made);
    }
    bool used_before = connection->used_before;
    Result<Response, Trouble> response = co_await attempt(std::move(connection), request, options);
    if (response) co_return std::move(*response);
    bool again = used_before && repeatable && response.error().retry == Retry::OnNewConnection;
    if (!again) co_return std::unexpected(response.error().error);
  }
}

async::Task<Sent> Client::State::send_request(ClientConnection& connection,
                                              OutgoingRequest& request,
                                              const RequestOptions& options) {
  net::Stream& stream = *connection.stream;
  OutgoingHead head = make_head(request, connection.target, options);
  async::ByteSource* source = request.body_stream.get();
  std::array<std::string_view, 3> pieces = {head.text, {}, {}};
  if (!source) pieces[1] = request.body;
  Sent sent = co_await send(stream, pieces, options.response_timeout);
  while (source && sent == Sent::Done) {
    std::string_view piece = co_await source->read();
    if (piece.empty()) break;
    std::string size_line;
    if (head.framing == Framing::Chunked) size_line = chunk_size_line(piece.size());
    pieces = {size_line, piece, head.framing == Framing::Chunked ? "\r\n" : ""};
    sent = co_await send(stream, pieces, options.response_timeout);
  }
  if (source && sent == Sent::Done && head.framing == Framing::Chunked) {
    pieces = {"0\r\n\r\n", {}, {}};
    sent = co_await send(stream, pieces, options.response_timeout);
  }
  co_return sent;
}

async::Task<Result<void, Trouble>> Client::State::read_head(ClientConnection& connection,
                                                            HeadParser& parser,
                                                            async::Duration timeout) {
  SteadyTime deadline = reactor.clock().steady() + timeout;
  while (true) {
    HeadState state = HeadState::Incomplete;
    if (!connection.input.unread().empty()) state = parser.parse(connection.input.unread());
    if (state == HeadState::Complete) {
      if (!is_sound_response(parser.head())) co_return trouble("the response is malformed");
      bool interim = parser.head().status < 200;
      if (parser.head().status == 101) co_return trouble("the server changed the protocol");
      if (!interim) co_return {};
      connection.input.consume(parser.head().bytes);
      continue;
    }
    if (state != HeadState::Incomplete) co_return trouble("the response's head is too large");
    auto left = std::chrono::ceil<async::Duration>(deadline - reactor.clock().steady());
    if (left <= async::Duration{0}) co_return trouble("no response came in time");
    Fill filled = co_await fill(*connection.stream, connection.input, left);
    if (filled == Fill::TimedOut) co_return trouble("no response came in time");
    if (filled != Fill::Done) {
      bool nothing = connection.input.unread().empty();
      co_return trouble("the server closed the connection without a response",
                        nothing ? Retry::OnNewConnection : Retry::No);
    }
  }
}

async::Task<Result<Response, Trouble>> Client::State::attempt(ConnectionPointer connection,
                                                              OutgoingRequest& request,
                                                              RequestOptions options) {
  Sent sent = co_await send_request(*connection, request, options);
  if (sent == Sent::TimedOut) co_return trouble("the server did not take the request in time");
  // A server may refuse a request before it has read all of it, so the response is looked for.
  HeadLimits head_limits;
  head_limits.headers_bytes_max = limits_.head_bytes_max;
  head_limits.header_count_max = limits_.header_count_max;
  HeadParser parser(HeadKind::Response, head_limits);
  Result<void, Trouble> got = co_await read_head(*connection, parser, options.response_timeout);
  if (!got) co_return std::unexpected(got.error());
  Head head = parser.head();
  Response response = response_of(head);
  connection->input.consume(head.bytes);
  if (has_no_body(request.method, head.status)) {
    head.framing = Framing::None;
    head.keep_alive = !has_token(response.headers, "connection", "close");
  }
  if (sent != Sent::Done) head.keep_alive = false;
  head.headers.clear();
  co_return co_await read_body(std::move(connection), std::move(head), std::move(response),
                               options);
}

async::Task<Result<Response, Trouble>> Client::State::read_body(ConnectionPointer connection,
                                                                Head head, Response response,
                                                                RequestOptions options) {
  bool keeps = head.keep_alive && options.reuse == Reuse::Allowed;
  if (options.body == BodyMode::Stream) {
    StreamedBody::Finished finished;
    if (keeps) finished = [this](ConnectionPointer back) { keep(std::move(back)); };
    response.body_stream =
        std::make_unique<StreamedBody>(std::move(connection), head, options.body_timeout, finished);
    co_return response;
  }
  BodyReader reader(*connection->stream, connection->input, head, options.body_timeout);
  while (true) {
    Result<std::string_view> piece = co_await reader.next();
    if (!piece) co_return trouble(piece.error().message);
    if (piece->empty()) break;
    if (piece->size() > options.body_bytes_max - response.body.size()) {
      co_return trouble("the response's body is too large");
    }
    response.body += *piece;
  }
  if (keeps) keep(std::move(connection));
  co_return response;
}

Client::Client(async::Reactor& reactor, ClientLimits limits)
    : state_(std::make_unique<State>(reactor, limits)) {}

Client::~Client() = default;

async::Task<Result<Response>> Client::request(OutgoingRequest request, Target target,
                                              RequestOptions options) {
  return state_->request(std::move(request), std::move(target), options);
}

async::Reactor& Client::reactor() const { return state_->reactor; }
size_t Client::idle_connection_count() const { return state_->idle_count(); }

}  // namespace holm::http
