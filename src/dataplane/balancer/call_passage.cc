// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html
// How a request goes to a target that speaks HTTP/2: both bodies are on their way at the same time.

#include <utility>

#include "async/task_set.h"
#include "base/strings.h"
#include "dataplane/balancer/forwarded_head.h"
#include "dataplane/balancer/passage.h"
#include "http/http2_client.h"

namespace holm::balancer {

namespace {

// The body of a call's response. The call outlives it.
class CallBody final : public async::ByteSource {
 public:
  CallBody(http::Http2Call& call, async::Duration idle) : call_(call), idle_(idle) {
    if (const auto text = call.headers().find("content-length")) {
      const std::optional<long long> number = parse_integer(*text);
      if (number && *number >= 0) length_ = static_cast<uint64_t>(*number);
    }
  }

  async::Task<std::string_view> read() override {
    Result<std::string_view> piece = co_await call_.next(idle_);
    if (!piece) throw async::StreamError(piece.error().message);
    co_return *piece;
  }
  std::optional<uint64_t> length() const override { return length_; }

 private:
  http::Http2Call& call_;
  const async::Duration idle_;
  std::optional<uint64_t> length_;
};

// The request's body on its way to the target.
struct Sending {
  bool is_done = false;
  bool has_client_failed = false;
};

async::Task<void> send_request_body(http::Exchange& exchange, http::Http2Call& call, async::Duration idle,
                                    Sending& sending) {
  const bool came = co_await call.send_all(exchange.body(), exchange.trailers(), idle);
  sending.is_done = came;
  sending.has_client_failed = !came;
}

}  // namespace

async::Task<Passage::Outcome> Passage::attempt_call(const RoutedTarget& target, Kept kept) {
  Route route = route_to(target);
  std::shared_ptr<http::Http2Client> client;
  if (kept == Kept::Allowed) client = context_.pool.find_shared(route);
  if (client) co_return co_await call(std::move(client), true);
  auto made = co_await connect_to(route);
  if (!made) co_return made.error();
  client = http::Http2Client::make(std::move((*made)->stream));
  SharedConnection shared{client, std::move((*made)->place), std::move((*made)->open),
                          context_.exchange.reactor().clock().steady()};
  context_.pool.share(route, std::move(shared));
  co_return co_await call(std::move(client), false);
}

async::Task<Passage::Outcome> Passage::call(std::shared_ptr<http::Http2Client> client, bool is_kept) {
  http::Exchange& exchange = context_.exchange;
  const Clock& clock = exchange.reactor().clock();
  const async::Duration idle = context_.load_balancer.idle_timeout;
  const std::optional<uint64_t> length = exchange.body().length();
  const bool has_body = !length || *length > 0;
  count_invalid_headers();
  const http::Http2RequestHead head =
      http2_request_head(context_.request_head(length), context_.group.settings->protocol);
  std::unique_ptr<http::Http2Call> call =
      client->begin(head, has_body ? http::RequestBody::Follows : http::RequestBody::None);
  if (!call) co_return is_kept ? Outcome::Stale : Outcome::Broke;
  Sending sending{.is_done = !has_body};
  async::TaskSet tasks;
  const SteadyTime begun_at = clock.steady();
  context_.story.sent_at = begun_at;
  if (has_body) {
    body_begun_ = true;
    tasks.spawn(send_request_body(exchange, *call, idle, sending));
  }
  const http::Http2Call::Answer answer = co_await call->answer(idle);
  if (sending.has_client_failed) throw async::StreamError("the client is gone");
  if (answer == http::Http2Call::Answer::TimedOut) co_return Outcome::TimedOut;
  if (answer != http::Http2Call::Answer::Head) co_return is_kept ? Outcome::Stale : Outcome::Broke;
  context_.story.answered_at = clock.steady();
  target_->counters->target_response_time.add(*context_.story.answered_at - begun_at);
  co_await respond(*call, sending.is_done);
  co_return Outcome::Responded;
}

async::Task<void> Passage::respond(http::Http2Call& call, const bool& is_sent) {
  http::Response response;
  response.status = context_.story.status = context_.story.target_status = call.status();
  count_status(target_->counters->target_statuses, call.status());
  response.headers = end_to_end_headers(call.headers());
  finish_target_headers(response.headers, context_.listener);
  add_cookies(response.headers);
  if (!call.at_end()) {
    response.body_stream = std::make_unique<CallBody>(call, context_.load_balancer.idle_timeout);
    response.trailers = &call.trailers();
  }
  response.is_early = !is_sent;
  co_await context_.exchange.respond(std::move(response));
}

}  // namespace holm::balancer
