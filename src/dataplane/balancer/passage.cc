// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
// says which statuses are the balancer's own.

#include "dataplane/balancer/passage.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"
#include "dataplane/balancer/forwarded_head.h"
#include "dataplane/balancer/request_guards.h"
#include "dataplane/balancer/tunnel.h"
#include "http/body_reader.h"
#include "http/outgoing_head.h"
#include "http/response_head.h"
#include "http/strict_policy.h"

namespace holm::balancer {

namespace {

constexpr async::Duration kConnectTimeout{10000};
constexpr size_t kTargetsTriedMax = 3;

// The body of a target's response; the connection is kept after its end.
class TargetBody final : public http::SharedSource {
 public:
  TargetBody(std::unique_ptr<Connection> connection, const http::Head& head, async::Duration timeout,
             UpstreamPool* pool)
      : connection_(std::move(connection)),
        reader_(*connection_->stream, connection_->input, head, timeout),
        pool_(pool) {}

  // Reads the first piece before anything is sent to the client; false when it cannot be had.
  async::Task<bool> prefetch() {
    Result<std::string_view> piece = co_await reader_.next();
    if (!piece) co_return false;
    first_ = *piece;
    co_return true;
  }
  async::Task<std::string_view> read() override {
    if (!connection_) co_return std::string_view();
    if (!first_.empty()) co_return std::exchange(first_, {});
    std::string_view piece = co_await reader_.read();
    if (piece.empty()) let_go();
    co_return piece;
  }
  async::Task<std::string_view> read_shared() override {
    if (!connection_) co_return std::string_view();
    if (!first_.empty()) co_return std::exchange(first_, {});
    std::string_view piece = co_await reader_.read_shared();
    if (piece.empty()) let_go();
    co_return piece;
  }
  async::Task<bool> read_into(net::Pipe& pipe) override {
    if (!connection_ || !first_.empty()) co_return false;
    co_return co_await reader_.read_into(pipe);
  }
  std::optional<uint64_t> length() const override { return reader_.length(); }

 private:
  void let_go() {
    std::unique_ptr<Connection> connection = std::move(connection_);
    if (pool_) pool_->keep(std::move(connection));
  }

  std::unique_ptr<Connection> connection_;
  http::BodyReader reader_;
  UpstreamPool* pool_;
  std::string_view first_;  // Lives until the reader is asked again.
};

// Before the bytes it was read from are given up.
bool says_close(const http::Head& head) {
  return std::ranges::any_of(head.headers, [](const http::Header& each) {
    return equals_ignoring_case(each.name, "connection") && http::lists_token(each.value, "close");
  });
}

// What the target has sent already, without waiting.
void read_what_is_there(Connection& connection) {
  std::span<char> scratch = connection.stream->reactor().scratch();
  net::IoResult result = connection.stream->read_some(scratch);
  if (result.status == net::Io::Done) connection.input.append({scratch.data(), result.bytes});
}

}  // namespace

void add_group_cookie(const Passage::Context& context, http::Headers& headers) {
  if (context.group_cookie.empty()) return;
  const Time now = context.exchange.reactor().clock().now();
  set_cookies(headers, kGroupCookie, context.group_cookie, now + context.group_cookie_duration,
              context.exchange.request().scheme);
}

Passage::Passage(Context context) : context_(std::move(context)) {}

bool Passage::may_repeat() const {
  const std::string& method = context_.exchange.request().method;
  return !body_begun_ && (method == "GET" || method == "HEAD" || method == "OPTIONS");
}

async::Task<void> Passage::Context::respond_error(int status) {
  count_own_status(counters, status);
  story.status = status;
  http::Response response = error_response(status);
  finish_own_headers(response.headers, listener);
  co_await exchange.respond(std::move(response));
}

async::Task<void> Passage::run() {
  Completion completion(context_.counters.clients_gone);
  std::array<const RoutedTarget*, kTargetsTriedMax> all_tried;
  size_t tried_count = 0;
  int status = 503;
  while (tried_count < kTargetsTriedMax) {
    const TriedTargets tried = std::span(all_tried).first(tried_count);
    Draw draw{context_.exchange.reactor().clock().steady(), context_.random.number(),
              zone_of_node(context_.load_balancer, context_.exchange.request().local)};
    const RoutedTarget* target = tried.empty() ? find_sticky_target() : nullptr;
    const bool is_new = tried.empty() && !target && context_.group.settings->stickiness;
    if (is_new) count(context_.group.state->counters.not_sticky);
    if (!target) target = choose_target(context_.group, tried, draw);
    if (!target) break;
    if (tried.empty()) count(target->counters->requests);
    target_ = target;
    if (context_.load_balancer.log_bucket) context_.story.target = target->settings->address.to_string();
    all_tried[tried_count++] = target;
    InFlight in_flight(*target->state);
    Outcome outcome = co_await attempt(*target, Kept::Allowed);
    // The target may have closed the connection just when we used it again.
    if (outcome == Outcome::Stale && may_repeat()) {
      outcome = co_await attempt(*target, Kept::Never);
    }
    if (outcome == Outcome::Responded) {
      completion.complete();
      co_return;
    }
    bool timed_out = outcome == Outcome::TimedOut || outcome == Outcome::ConnectTimedOut;
    status = timed_out ? 504 : outcome == Outcome::NoRoom ? 503 : 502;
    bool unconnected = outcome == Outcome::NotConnected || outcome == Outcome::ConnectTimedOut;
    bool broke = outcome == Outcome::Broke || outcome == Outcome::Stale;
    if (!unconnected && !(broke && may_repeat())) break;
  }
  co_await context_.respond_error(status);
  completion.complete();
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-sticky-sessions.html
// All listeners of a load balancer of the first generation understand each other's cookies.
const RoutedTarget* Passage::find_target_of_first_cookie() const {
  const TargetGroup& group = *context_.group.settings;
  const http::Headers& headers = context_.exchange.request().headers;
  auto cookie = find_cookie(headers, kFirstCookie);
  if (!cookie) return nullptr;
  auto id = context_.cookies.read(*cookie, group.same_as, context_.exchange.reactor().clock().now());
  if (!id) return nullptr;
  for (const RoutedTarget& each : context_.group.targets) {
    if (each.settings->id == *id) return find_usable_target(context_.group, id_and_port(each));
  }
  return nullptr;
}

void Passage::add_first_cookies(http::Headers& headers) const {
  const TargetGroup& group = *context_.group.settings;
  const Time now = context_.exchange.reactor().clock().now();
  const std::chrono::seconds duration = group.stickiness->duration;
  std::string attributes = ";PATH=/";
  const std::string& application = group.stickiness->application_cookie;
  if (!application.empty()) {
    // Ours is to live as long as the application's own, and where that does.
    auto theirs = attributes_of_cookie(headers, application);
    if (!theirs) return;
    attributes = *theirs;
  } else if (target_ == find_target_of_first_cookie()) {
    return;
  } else if (duration.count() > 0) {
    attributes += fmt::format(";MAX-AGE={}", duration.count());
  }
  const Time until = now + (duration.count() > 0 ? duration : std::chrono::days(365));
  set_first_cookies(headers, context_.cookies.make(target_->settings->id, group.same_as, until, context_.random),
                    attributes);
}

const RoutedTarget* Passage::find_sticky_target() const {
  const TargetGroup& group = *context_.group.settings;
  if (!group.stickiness) return nullptr;
  const http::Headers& headers = context_.exchange.request().headers;
  const bool is_application = !group.stickiness->application_cookie.empty();
  // Where the application has ended its session, ours has ended, too.
  if (is_application && !find_cookie(headers, group.stickiness->application_cookie)) return nullptr;
  if (group.stickiness->style == CookieStyle::First) return find_target_of_first_cookie();
  auto cookie = find_cookie(headers, is_application ? kApplicationCookie : kTargetCookie);
  if (!cookie) return nullptr;
  auto wanted = context_.cookies.read(*cookie, group.arn, context_.exchange.reactor().clock().now());
  return wanted ? find_usable_target(context_.group, *wanted) : nullptr;
}

void Passage::add_cookies(http::Headers& headers) const {
  const TargetGroup& group = *context_.group.settings;
  const Time now = context_.exchange.reactor().clock().now();
  const http::Scheme scheme = context_.exchange.request().scheme;
  add_group_cookie(context_, headers);
  if (!group.stickiness || !target_) return;
  if (group.stickiness->style == CookieStyle::First) {
    add_first_cookies(headers);
    return;
  }
  const std::string& application = group.stickiness->application_cookie;
  if (!application.empty() && !sets_cookie(headers, application)) return;
  const Time until = now + group.stickiness->duration;
  const std::string value = context_.cookies.make(id_and_port(*target_), group.arn, until, context_.random);
  set_cookies(headers, application.empty() ? kTargetCookie : kApplicationCookie, value, until, scheme);
}

Route Passage::route_to(const RoutedTarget& target) const {
  const LoadBalancer& own = context_.load_balancer;
  const TargetGroup& group = *context_.group.settings;
  Route route{own.vpc_id, own.where, context_.source, target.settings->address, group.protocol};
  if (group.version != TargetVersion::Http1) route.version = TargetVersion::Http2;
  return route;
}

async::Task<std::expected<std::unique_ptr<Connection>, Passage::Outcome>> Passage::connect_to(Route route) {
  std::optional<net::ConnectionRoom::Place> place = context_.pool.take_place();
  if (!place) co_return std::unexpected(Outcome::NoRoom);
  Connected made = co_await connect(context_.exchange.reactor(), std::move(route), kConnectTimeout);
  if (!made) {
    count_failure(*target_->counters, made.error());
    const bool timed_out = made.error() == ConnectFailure::TimedOut;
    co_return std::unexpected(timed_out ? Outcome::ConnectTimedOut : Outcome::NotConnected);
  }
  (*made)->place = std::move(place);
  (*made)->open = std::make_unique<OpenConnection>(context_.state);
  co_return std::move(*made);
}

async::Task<Passage::Outcome> Passage::attempt(const RoutedTarget& target, Kept kept) {
  if (context_.group.settings->version != TargetVersion::Http1) co_return co_await attempt_call(target, kept);
  Route route = route_to(target);
  std::unique_ptr<Connection> connection;
  if (kept == Kept::Allowed && !context_.closes) connection = context_.pool.take(route);
  if (!connection) {
    auto made = co_await connect_to(std::move(route));
    if (!made) co_return made.error();
    connection = std::move(*made);
  }
  co_return co_await exchange_with(std::move(connection));
}

async::Task<Passage::Outcome> Passage::exchange_with(std::unique_ptr<Connection> connection) {
  const Clock& clock = context_.exchange.reactor().clock();
  http::Sent sent = co_await send_request(*connection);
  if (sent == http::Sent::TimedOut) co_return Outcome::TimedOut;
  SteadyTime sent_at = clock.steady();
  context_.story.sent_at = sent_at;
  // A target may refuse a request before it has read all of it, so a response is looked for.
  http::HeadParser& parser = connection->parser;
  parser.reset();
  Outcome got = co_await read_response_head(*connection, parser);
  if (got != Outcome::Responded) co_return got;
  GroupCounters& counters = *target_->counters;
  context_.story.answered_at = clock.steady();
  context_.story.target_status = parser.head().status;
  counters.target_response_time.add(*context_.story.answered_at - sent_at);
  count_status(counters.target_statuses, parser.head().status);
  if (parser.head().status == 101) {
    co_await open_tunnel(std::move(connection), parser.head());
    co_return Outcome::Responded;
  }
  co_return co_await respond(std::move(connection), parser.head(), sent);
}

async::Task<http::Sent> Passage::send_request(Connection& connection) {
  http::Exchange& exchange = context_.exchange;
  std::optional<uint64_t> length = exchange.body().length();
  std::string& head = connection.request_head;
  head.clear();
  append_request_head(head, context_.request_head(length));
  count_invalid_headers();
  std::array<std::string_view, 3> pieces = {head, {}, {}};
  http::Sent sent = co_await http::send(*connection.stream, pieces, context_.load_balancer.idle_timeout);
  bool has_body = !length || *length > 0;
  if (has_body && sent == http::Sent::Done) sent = co_await send_body(connection, !length);
  co_return sent;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
void Passage::count_invalid_headers() {
  if (!has_invalid_headers(context_.exchange.request())) return;
  const bool drops = context_.load_balancer.invalid_headers == InvalidHeaders::Drop;
  count(drops ? context_.counters.invalid_headers_dropped : context_.counters.invalid_headers_forwarded);
}

async::Task<http::Sent> Passage::send_body(Connection& connection, bool chunked) {
  async::Duration timeout = context_.load_balancer.idle_timeout;
  body_begun_ = true;
  while (true) {
    std::string_view piece = co_await context_.exchange.body().read();
    read_what_is_there(connection);
    // An early response: the rest of the body is not wanted.
    if (!connection.input.unread().empty() && !piece.empty()) co_return http::Sent::Failed;
    std::string size_line;
    if (chunked) size_line = piece.empty() ? "0\r\n" : http::chunk_size_line(piece.size());
    if (piece.empty() && !chunked) co_return http::Sent::Done;
    std::array<std::string_view, 3> pieces = {size_line, piece, chunked ? "\r\n" : ""};
    http::Sent sent = co_await http::send(*connection.stream, pieces, timeout);
    if (sent != http::Sent::Done || piece.empty()) co_return sent;
  }
}

async::Task<Passage::Outcome> Passage::read_response_head(Connection& connection, http::HeadParser& parser) {
  const Clock& clock = context_.exchange.reactor().clock();
  SteadyTime deadline = clock.steady() + context_.load_balancer.idle_timeout;
  while (true) {
    http::HeadState state = http::HeadState::Incomplete;
    if (!connection.input.unread().empty()) state = parser.parse(connection.input.unread());
    if (state == http::HeadState::Complete) {
      const http::Head& head = parser.head();
      if (!http::is_sound_response(head)) co_return Outcome::BadResponse;
      bool is_upgrade = head.status == 101 && wants_upgrade(context_.exchange.request());
      if (head.status >= 200 || is_upgrade) co_return Outcome::Responded;
      if (head.status == 101) co_return Outcome::BadResponse;
      if (head.status != 100) {
        http::Headers headers = end_to_end_headers(head);
        co_await context_.exchange.respond_interim(head.status, std::move(headers));
      }
      connection.input.consume(head.bytes);
      parser.reset();
      continue;
    }
    if (state != http::HeadState::Incomplete) co_return Outcome::BadResponse;
    auto left = std::chrono::ceil<async::Duration>(deadline - clock.steady());
    if (left <= async::Duration::zero()) co_return Outcome::TimedOut;
    http::Fill filled = co_await http::fill_head(*connection.stream, connection.input, left);
    if (filled == http::Fill::TimedOut) co_return Outcome::TimedOut;
    if (filled == http::Fill::Done) continue;
    if (!connection.input.unread().empty()) co_return Outcome::BadResponse;
    co_return connection.used_before ? Outcome::Stale : Outcome::Broke;
  }
}

async::Task<Passage::Outcome> Passage::respond(std::unique_ptr<Connection> connection, const http::Head& head,
                                               http::Sent sent) {
  http::Response response;
  response.status = head.status;
  context_.story.status = head.status;
  response.headers = end_to_end_headers(head);
  finish_target_headers(response.headers, context_.listener);
  add_cookies(response.headers);
  connection->input.consume(head.bytes);
  bool keeps = head.keep_alive && sent == http::Sent::Done && !context_.closes;
  const bool is_head = context_.exchange.request().method == "HEAD";
  const bool has_body = !is_head && head.status != 204 && head.status != 304;
  if (!has_body || head.framing == http::Framing::None) {
    // What would have ended with the connection does not, if there is none of it.
    if (!has_body) keeps = sent == http::Sent::Done && !context_.closes && !says_close(head);
    if (keeps) context_.pool.keep(std::move(connection));
    co_await context_.exchange.respond(std::move(response));
    co_return Outcome::Responded;
  }
  const bool is_waited_for = head.framing == http::Framing::Length && head.length > 0;
  // What is here already needs no stream.
  const std::string_view here = connection->input.unread();
  if (is_waited_for && head.length <= here.size()) {
    response.borrowed_body = here.substr(0, static_cast<size_t>(head.length));
    connection->input.consume(response.borrowed_body.size());
    co_await context_.exchange.respond(std::move(response));
    if (keeps) context_.pool.keep(std::move(connection));
    co_return Outcome::Responded;
  }
  auto body = std::make_unique<TargetBody>(std::move(connection), head, context_.load_balancer.idle_timeout,
                                           keeps ? &context_.pool : nullptr);
  // With a length the client gets head and first bytes together, so they are waited for anyway.
  if (is_waited_for) {
    bool came = co_await body->prefetch();
    if (!came) co_return Outcome::BadResponse;
  }
  response.body_stream = std::move(body);
  co_await context_.exchange.respond(std::move(response));
  co_return Outcome::Responded;
}

async::Task<void> Passage::open_tunnel(std::unique_ptr<Connection> connection, const http::Head& head) {
  std::string text = "HTTP/1.1 101 Switching Protocols\r\n";
  http::Headers headers = http::headers_of(head);
  finish_target_headers(headers, context_.listener);
  add_cookies(headers);
  for (const http::Header& header : headers) http::append_header(text, header.name, header.value);
  text += "\r\n";
  connection->input.consume(head.bytes);
  http::TakenConnection client = context_.exchange.take_over();
  Story& story = context_.story;
  story.status = 101;
  story.is_tunnel = true;
  async::Duration idle = context_.load_balancer.idle_timeout;
  std::array<std::string_view, 3> to_client = {text, connection->input.unread(), {}};
  http::Sent sent = co_await http::send(*client.stream, to_client, idle);
  if (sent != http::Sent::Done) co_return;
  std::array<std::string_view, 3> to_target = {client.already_read, {}, {}};
  sent = co_await http::send(*connection->stream, to_target, idle);
  if (sent != http::Sent::Done) co_return;
  Carried carried{client.already_read.size(), text.size() + connection->input.unread().size()};
  carried.all_bytes = &context_.counters.bytes;
  add(context_.counters.bytes, carried.from_client_bytes + carried.to_client_bytes);
  co_await tunnel(*client.stream, *connection->stream, idle, carried);
  story.received_bytes = carried.from_client_bytes;
  story.sent_bytes = carried.to_client_bytes;
}

}  // namespace holm::balancer
