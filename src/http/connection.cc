// The course of a connection: head, handler, response, the rest of the body, and again.

#include "http/connection.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "async/placing.h"
#include "base/check.h"
#include "base/log.h"
#include "base/time_format.h"
#include "http/strict_policy.h"
#include "net/pipe.h"
#include "net/socket.h"
#include "net/tls.h"

namespace holm::http {

namespace {

// What is read of a body nobody wanted, to keep the connection; more than that closes it.
constexpr uint64_t kDrainedBytesMax = 256 * 1024;
// How long and how much a closed connection is still read, so that the client gets the response
// before the kernel's reset.
constexpr async::Duration kLinger{2000};
constexpr size_t kLingerReadsMax = 64;
// Of what is left of a body; less is copied in no more calls.
constexpr uint64_t kPipedBytesMin = 16 * 1024;
constexpr char kClientGone[] = "the client is gone";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

HeadLimits head_limits(const Limits& limits) {
  return {.start_line_bytes_max = limits.request_line_bytes_max,
          .header_bytes_max = limits.header_bytes_max,
          .headers_bytes_max = limits.headers_bytes_max,
          .header_count_max = limits.header_count_max};
}

void check(Sent sent) {
  if (sent == Sent::TimedOut) throw async::StreamError("the client takes no response");
  if (sent == Sent::Failed) throw async::StreamError(kClientGone);
}

}  // namespace

std::string_view ConnectionContext::current_date() {
  Time second = std::chrono::floor<std::chrono::seconds>(clock.now());
  if (date.empty() || second != date_second) {
    date_second = second;
    date = http_date(second);
  }
  return date;
}

Response ConnectionContext::refusal(const Request& request, Missing missing, int status) const {
  if (reception.refusal) return reception.refusal(request, missing, status);
  Response response;
  response.status = status;
  return response;
}

// The exchange of one request; lives in serve_request().
class ServerConnection::OneExchange final : public Exchange, public async::ByteSource, public async::Placing {
 public:
  OneExchange(ServerConnection& connection, const Head& head)
      : connection_(connection),
        request_(connection.make_request()),
        body_(*connection.stream_, connection.input_, head,
              connection.silence_max(connection.context_.limits.body)),
        continue_owed_(head.expects_continue && !body_.at_end()),
        continue_expected_in_vain_(head.expects_continue && body_.at_end()),
        keep_alive_(head.keep_alive) {
    traffic_.received_bytes = head.bytes;
  }

  const Request& request() const override { return request_; }
  async::ByteSource& body() override { return *this; }
  int body_refusal() const override {
    if (body_.trouble() == BodyTrouble::Late) return 408;
    return body_.trouble() == BodyTrouble::Malformed ? 400 : 0;
  }
  const Headers& trailers() const override { return body_.trailers(); }
  async::Task<void> respond(Response response) override;
  async::Task<void> respond_interim(int status, Headers headers) override;
  void close_after_response() override { keep_alive_ = false; }
  TakenConnection take_over() override;
  bool client_has_left() const override {
    return !connection_.stream_ || connection_.stream_->peer_has_left();
  }
  async::Reactor& reactor() const override { return reactor_; }

  Traffic traffic() const override { return traffic_; }
  std::unique_ptr<ConnectionMark>& mark() override { return connection_.mark_; }

  bool responded() const { return responded_; }
  // The response was sent to its end and the connection may stay.
  bool may_continue() const { return finished_ && after_ == AfterResponse::KeepOpen; }
  bool finished() const { return finished_; }
  bool taken() const { return !connection_.stream_; }
  BodyReader& body_reader() { return body_; }
  // Reading the body has thrown: it was the client's fault.
  bool body_failed() const { return body_failed_; }
  // A response was begun and could not be sent to its end because the client is gone.
  bool broke_off() const { return sending_; }

 private:
  async::Task<std::string_view> read() override { return read_to({}); }
  async::Task<std::string_view> read_to(std::span<char> place) override;
  std::optional<uint64_t> length() const override { return body_.length(); }
  // A client whose body is on its way already does not wait for the word (RFC 9110, 10.1.1).
  bool is_to_continue() const {
    return continue_owed_ && !responded_ && connection_.input_.unread().empty();
  }
  async::Task<void> send(std::string_view first, std::string_view second = {},
                         std::string_view third = {});
  // Sends all pieces, without waiting where that can be.
  async::Task<void> send_left(std::array<std::string_view, 3> pieces);
  bool send_now(std::array<std::string_view, 3>& pieces);
  async::Task<void> send_passing(std::array<std::string_view, 3> pieces);
  async::Task<void> send_stream(const ResponsePlan& plan, std::string head, ByteSource& source);
  // Sends the next piece by the pipe, which is taken if there is none yet; 0: it does not go that way.
  async::Task<size_t> send_by(std::optional<net::Pipe>& pipe, SharedSource& source);

  ServerConnection& connection_;
  Request request_;
  BodyReader body_;
  async::Reactor& reactor_ = connection_.stream_->reactor();
  bool continue_owed_;
  // Of no body. botocore takes an answer without the word for one to what it sends next on the connection, too.
  bool continue_expected_in_vain_;
  bool keep_alive_;
  bool body_failed_ = false;
  bool sending_ = false;
  bool responded_ = false;
  bool finished_ = false;
  Traffic traffic_;
  AfterResponse after_ = AfterResponse::Close;
};

bool ServerConnection::OneExchange::send_now(std::array<std::string_view, 3>& pieces) {
  sending_ = true;
  for (std::string_view each : pieces) traffic_.sent_bytes += each.size();
  const std::optional<Sent> sent = http::send_now(*connection_.stream_, pieces);
  if (sent == Sent::Failed) throw async::StreamError(kClientGone);
  sending_ = !sent;
  return sent.has_value();
}

async::Task<void> ServerConnection::OneExchange::send_left(std::array<std::string_view, 3> pieces) {
  co_await connection_.send(pieces);
  sending_ = false;
}

async::Task<void> ServerConnection::OneExchange::send(std::string_view first,
                                                      std::string_view second,
                                                      std::string_view third) {
  std::array<std::string_view, 3> pieces = {first, second, third};
  if (!send_now(pieces)) co_await send_left(pieces);
}

async::Task<std::string_view> ServerConnection::OneExchange::read_to(std::span<char> place) {
  if (is_to_continue()) co_await send(kContinue);
  continue_owed_ = false;
  body_failed_ = true;
  const Result<std::string_view> came = place.empty() ? co_await body_.next() : co_await body_.next_to(place);
  if (!came) throw async::StreamError(came.error().message);
  body_failed_ = false;
  traffic_.received_bytes += came->size();
  co_return *came;
}

async::Task<void> ServerConnection::OneExchange::respond_interim(int status, Headers headers) {
  CHECK(!responded_ && status >= 100 && status < 200 && status != 101 && can_be_sent(headers));
  if (request_.version == Version::Http10) co_return;
  Response interim;
  interim.status = status;
  interim.headers = std::move(headers);
  std::string head;
  append_response_head(head, interim, ResponsePlan(), request_.version, {});
  co_await send(head);
}

TakenConnection ServerConnection::OneExchange::take_over() {
  CHECK(!responded_ && connection_.stream_);
  responded_ = true;
  return {std::move(connection_.stream_), connection_.input_.take()};
}

async::Task<void> ServerConnection::OneExchange::respond(Response response) {
  CHECK(!responded_ && response.status >= 200 && response.status <= 999);
  CHECK(can_be_sent(response.headers));
  ConnectionContext& context = connection_.context_;
  bool close = !keep_alive_ || context.stopping || continue_owed_ || body_failed_ ||
               body_.left().value_or(0) > kDrainedBytesMax ||
               ConnectionMark::has_lived(connection_.mark_.get(), context.clock);
  AfterResponse after = close ? AfterResponse::Close : AfterResponse::KeepOpen;
  ResponsePlan plan = plan_response(response, request_.method, request_.version, after);
  after_ = plan.after;
  std::string head;
  head.reserve(512);
  if (continue_expected_in_vain_) head = kContinue;
  append_response_head(head, response, plan, request_.version, context.current_date());
  if (response.body_stream && plan.has_body) {
    co_await send_stream(plan, std::move(head), *response.body_stream);
  } else {
    responded_ = true;
    std::string_view body = plan.has_body ? body_of(response) : std::string_view();
    std::array<std::string_view, 3> pieces = {head, body, {}};
    if (!send_now(pieces)) co_await send_left(pieces);
  }
  finished_ = true;
}

// Sends head, piece and line, of which the piece lies in memory that the thread shares.
async::Task<void> ServerConnection::OneExchange::send_passing(std::array<std::string_view, 3> pieces) {
  if (send_now(pieces)) co_return;
  const std::string rest(pieces[1]);
  pieces[1] = rest;
  co_await send_left(pieces);
}

async::Task<size_t> ServerConnection::OneExchange::send_by(std::optional<net::Pipe>& pipe, SharedSource& source) {
  if (!pipe) {
    std::optional<net::Pipe> taken = net::Pipe::take();
    if (!taken) co_return 0;
    pipe.emplace(std::move(*taken));
  }
  if (!co_await source.read_into(*pipe)) co_return 0;
  const size_t bytes = pipe->bytes();
  sending_ = true;
  traffic_.sent_bytes += bytes;
  const Sent sent = co_await http::send(*connection_.stream_, *pipe,
                                        connection_.silence_max(connection_.context_.limits.send));
  check(sent);
  sending_ = false;
  co_return bytes;
}

async::Task<void> ServerConnection::OneExchange::send_stream(const ResponsePlan& plan,
                                                             std::string head, ByteSource& source) {
  // With a length the first bytes are at hand, and go with the head. Without, they may take long.
  bool head_first = plan.framing != Framing::Length;
  if (head_first) {
    responded_ = true;
    co_await send(head);
    head.clear();
  }
  // TLS joins pieces in the same memory.
  auto* shared = connection_.stream_->tls() ? nullptr : dynamic_cast<SharedSource*>(&source);
  std::optional<net::Pipe> pipe;
  uint64_t sent = 0;
  while (true) {
    // After the first piece, which goes with the head.
    if (shared && sent > 0 && plan.framing == Framing::Length && plan.length - sent >= kPipedBytesMin) {
      const size_t bytes = co_await send_by(pipe, *shared);
      sent += bytes;
      CHECK(sent <= plan.length);
      if (bytes > 0) continue;
    }
    std::string_view piece;
    if (shared) {
      piece = co_await shared->read_shared();
    } else {
      piece = co_await source.read();
    }
    if (piece.empty()) break;
    sent += piece.size();
    if (plan.framing == Framing::Length) CHECK(sent <= plan.length);
    responded_ = true;
    std::string size_line;
    if (plan.framing == Framing::Chunked) size_line = chunk_size_line(piece.size());
    std::array<std::string_view, 3> pieces = {head, piece, {}};
    if (plan.framing == Framing::Chunked) pieces = {size_line, piece, "\r\n"};
    if (shared) {
      co_await send_passing(pieces);
    } else {
      co_await send(pieces[0], pieces[1], pieces[2]);
    }
    head.clear();
  }
  if (plan.framing == Framing::Length) CHECK(sent == plan.length);
  responded_ = true;
  if (plan.framing == Framing::Chunked) head = "0\r\n\r\n";
  if (!head.empty()) co_await send(head);
}

ServerConnection::ServerConnection(ConnectionContext& context, std::unique_ptr<net::Stream> stream,
                                   const net::Address& peer, std::unique_ptr<ConnectionMark> mark)
    : context_(context),
      stream_(std::move(stream)),
      peer_(peer),
      local_(net::local_address(stream_->fd())),
      mark_(std::move(mark)),
      number_(context.connections),
      parser_(HeadKind::Request, head_limits(context.limits)) {}

void ServerConnection::close_if_idle() {
  // The reading task sees the end of the input.
  if (idle_ && stream_) ::shutdown(stream_->fd(), SHUT_RD);
}

async::Task<void> ServerConnection::send(std::array<std::string_view, 3> pieces) {
  check(co_await http::send(*stream_, pieces, silence_max(context_.limits.send)));
}

Request ServerConnection::make_request() const {
  const Head& head = parser_.head();
  Request request;
  request.method = head.method;
  request.target = head.target;
  request.version = head.version;
  request.headers = headers_of(head);
  tell_connection(request);
  request.deviations = head.deviations;
  split_target(request);
  return request;
}

void ServerConnection::tell_connection(Request& request) const {
  request.peer = peer_;
  request.local = local_;
  request.connection = number_;
  const net::TlsSession* tls = stream_->tls();
  if (!tls) return;
  request.scheme = Scheme::Https;
  request.tls_version = tls->version();
  request.tls_cipher = tls->cipher();
  request.tls_server_name = tls->server_name();
  request.client_certificate = tls->client_certificate();
}

Request ServerConnection::unread_request() const {
  Request request;
  tell_connection(request);
  request.deviations.add(Deviation::BadTarget);
  return request;
}

async::Task<void> ServerConnection::refuse(int status) {
  const Response response = context_.refusal(unread_request(), Missing::Head, status);
  ResponsePlan plan = plan_response(response, "GET", Version::Http11, AfterResponse::Close);
  std::string head;
  append_response_head(head, response, plan, Version::Http11, context_.current_date());
  std::array<std::string_view, 3> pieces = {head, body_of(response), {}};
  co_await send(pieces);
  co_await linger();
}

async::Task<void> ServerConnection::linger() {
  stream_->end_writing();
  for (size_t i = 0; i < kLingerReadsMax; ++i) {
    Fill filled = co_await fill(*stream_, input_, kLinger);
    input_.take();
    if (filled != Fill::Done) co_return;
  }
}

async::Task<ServerConnection::Next> ServerConnection::read_head() {
  const Limits& limits = context_.limits;
  SteadyTime deadline{};
  bool started = false;
  while (true) {
    HeadState state = HeadState::Incomplete;
    if (!input_.unread().empty()) state = parser_.parse(input_.unread());
    if (state == HeadState::Complete) co_return Next::Request;
    if (state != HeadState::Incomplete) {
      co_await refuse(refusal_of(state));
      co_return Next::End;
    }
    bool shaking_hands = stream_->tls() && !stream_->tls()->handshake_done();
    if (!started && (shaking_hands || !input_.unread().empty())) {
      started = true;
      deadline = context_.clock.steady() + limits.head;
    }
    async::Duration timeout = silence_max(limits.idle);
    if (started) {
      auto left = deadline - context_.clock.steady();
      timeout = std::max(std::chrono::ceil<async::Duration>(left), async::Duration{0});
    } else {
      input_.shrink();
      if (context_.stopping) co_return Next::End;
      idle_ = true;
      context_.idle.add(*this);
    }
    Fill filled = co_await fill(*stream_, input_, timeout);
    if (idle_) net::IdleList::remove(*this);
    idle_ = false;
    // A head that trickles in is not waited for beyond its deadline.
    bool late = started && context_.clock.steady() >= deadline && !shaking_hands;
    if (filled == Fill::TimedOut || (filled == Fill::Done && late)) {
      if (!input_.unread().empty()) co_await refuse(408);
      co_return Next::End;
    }
    if (filled != Fill::Done) co_return Next::End;
  }
}

async::Task<bool> ServerConnection::drain(BodyReader& body) {
  uint64_t drained = 0;
  while (!body.at_end()) {
    std::string_view piece = co_await body.read();
    drained += piece.size();
    if (drained > kDrainedBytesMax) co_return false;
  }
  co_return true;
}

async::Task<void> ServerConnection::handle(OneExchange& exchange) {
  std::string trouble;
  try {
    co_await context_.handler(exchange);
  } catch (const std::exception& e) {
    trouble = e.what();
  }
  if (exchange.responded() && exchange.body_failed()) co_return;
  if (!trouble.empty() && !exchange.body_failed() && !exchange.broke_off()) {
    log::error(fmt::format("a handler failed: {}", trouble));
  }
  if (exchange.responded()) co_return;
  if (trouble.empty()) log::error("a handler has not responded");
  Response response;
  response.status = exchange.body_failed() ? 400 : 500;
  if (const int status = exchange.body_refusal(); status != 0) {
    response = context_.refusal(exchange.request(), Missing::Body, status);
  }
  co_await exchange.respond(std::move(response));
}

async::Task<ServerConnection::Next> ServerConnection::serve_request() {
  const Head& head = parser_.head();
  std::optional<int> refusal;
  if (context_.limits.deviant == Deviant::Refuse) refusal = refusal_of(head.deviations);
  if (refusal) {
    co_await refuse(*refusal);
    co_return Next::End;
  }
  size_t head_bytes = head.bytes;
  OneExchange exchange(*this, head);
  input_.consume(head_bytes);
  co_await handle(exchange);
  if (exchange.taken()) co_return Next::End;
  bool continues = exchange.may_continue() && !exchange.body_failed();
  if (continues && !exchange.body_reader().at_end()) continues = co_await drain(exchange.body_reader());
  if (continues) co_return Next::Request;
  // The client may still be sending; if all of its request is here, it is not.
  bool all_read = exchange.body_reader().at_end() && input_.unread().empty();
  if (exchange.finished() && !all_read) co_await linger();
  co_return Next::End;
}

async::Task<void> ServerConnection::serve() {
  try {
    while (true) {
      Next next = co_await read_head();
      if (next == Next::Request) next = co_await serve_request();
      if (next == Next::End) break;
    }
  } catch (const async::StreamError&) {
    // The client has left or does not keep to the protocol; that is its business.
  }
}

}  // namespace holm::http
