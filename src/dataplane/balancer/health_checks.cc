// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html

#include "dataplane/balancer/health_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "async/task_set.h"
#include "async/wakeup.h"
#include "base/strings.h"
#include "dataplane/balancer/function_event.h"
#include "dataplane/balancer/proxy_header.h"
#include "http/head_parser.h"
#include "http/strict_policy.h"

namespace holm::balancer {

namespace {

struct Verdict {
  std::string reason;  // Empty: passed.
  std::string description;
};

Verdict timed_out() { return {"Target.Timeout", "Request timed out"}; }
Verdict failed() { return {"Target.FailedHealthChecks", "Health checks failed"}; }

Verdict judge(const HealthCheck& settings, int status) {
  bool expected = std::ranges::any_of(settings.matcher, [status](const StatusRange& range) {
    return status >= range.first && status <= range.last;
  });
  if (expected) return {};
  return {"Target.ResponseCodeMismatch", fmt::format("Health checks failed with these codes: [{}]", status)};
}

std::string request_text(const CheckedTarget& target) {
  return fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nUser-Agent: ELB-HealthChecker/2.0\r\n"
      "Accept-Encoding: gzip, compressed\r\n\r\n",
      target.settings.path, target.route.target.to_string());
}

http::Http2RequestHead call_head(const CheckedTarget& target) {
  const bool is_grpc = target.settings.version == TargetVersion::Grpc;
  http::Http2RequestHead head{.method = is_grpc ? "POST" : "GET",
                              .scheme = has_tls(target.settings.protocol) ? "https" : "http",
                              .authority = target.route.target.to_string(),
                              .path = target.settings.path,
                              .headers = {{"user-agent", "ELB-HealthChecker/2.0"}}};
  if (is_grpc) {
    head.headers.add("content-type", "application/grpc");
    head.headers.add("te", "trailers");
  } else {
    head.headers.add("accept-encoding", "gzip, compressed");
  }
  return head;
}

// The settings, too: a change of them begins a new series of checks.
std::string key_of(const CheckedTarget& target) {
  const HealthCheck& settings = target.settings;
  std::string matcher;
  for (const StatusRange& each : settings.matcher) {
    matcher += fmt::format("{}-{},", each.first, each.last);
  }
  const auto protocol = static_cast<int>(settings.protocol) * 2 + static_cast<int>(target.proxy_protocol) +
                        static_cast<int>(settings.version) * 100;
  const int functions = target.functions ? static_cast<int>(*target.functions) : -1;
  return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", protocol, functions, target.group_arn,
                     target.target_id, target.port, target.route.key(), settings.path, settings.interval.count(),
                     settings.timeout.count(), settings.healthy_threshold, settings.first_threshold,
                     settings.unhealthy_threshold, matcher,
                     static_cast<const void*>(target.state.get()));
}

}  // namespace

class HealthChecks::Checker final {
 public:
  Checker(async::Reactor& reactor, CheckedTarget target, const HealthListener& listener,
          const FailureListener& failures, const FunctionCaller& functions)
      : reactor_(reactor),
        target_(std::move(target)),
        listener_(listener),
        failures_(failures),
        functions_(functions) {
    tasks_.spawn(run());
  }

 private:
  async::Task<void> run();
  async::Task<Verdict> check();
  async::Task<Verdict> check_call(Connection& connection, SteadyTime deadline);
  async::Task<Verdict> check_function();
  async::Task<void> call_function(FunctionAnswer& answer, async::Wakeup::Notifier answered);
  async::Duration left(SteadyTime deadline) const {
    auto rest = std::chrono::ceil<async::Duration>(deadline - reactor_.clock().steady());
    return std::max(rest, async::Duration::zero());
  }
  void count_verdict(const Verdict& verdict);

  async::Reactor& reactor_;
  CheckedTarget target_;
  const HealthListener& listener_;
  const FailureListener& failures_;
  const FunctionCaller& functions_;
  int passed_ = 0;  // In a row, as the next.
  int failed_ = 0;
  Verdict told_;
  bool has_told_ = false;
  async::TaskSet tasks_;
};

async::Task<void> HealthChecks::Checker::run() {
  while (true) {
    SteadyTime started = reactor_.clock().steady();
    Verdict verdict;
    if (target_.functions) {
      verdict = co_await check_function();
    } else {
      verdict = co_await check();
    }
    count_verdict(verdict);
    co_await reactor_.sleep(left(started + target_.settings.interval));
  }
}

async::Task<Verdict> HealthChecks::Checker::check() {
  SteadyTime deadline = reactor_.clock().steady() + target_.settings.timeout;
  Connected connection = co_await connect(reactor_, target_.route, target_.settings.timeout);
  if (!connection) {
    co_return connection.error() == ConnectFailure::TimedOut ? timed_out() : failed();
  }
  // Who takes a connection is well.
  const TargetProtocol protocol = target_.settings.protocol;
  if (protocol == TargetProtocol::Tcp || protocol == TargetProtocol::Tls) co_return Verdict();
  if (target_.settings.version != TargetVersion::Http1) co_return co_await check_call(**connection, deadline);
  net::Stream& stream = *(*connection)->stream;
  http::InputBuffer& input = (*connection)->input;
  std::string request = request_text(target_);
  std::string before;
  if (target_.proxy_protocol == ProxyProtocol::V2) before = own_proxy_header();
  std::array<std::string_view, 3> pieces = {before, request, {}};
  http::Sent sent = co_await http::send(stream, pieces, left(deadline));
  if (sent == http::Sent::TimedOut) co_return timed_out();
  http::HeadParser parser(http::HeadKind::Response, http::HeadLimits());
  while (true) {
    http::HeadState state = http::HeadState::Incomplete;
    if (!input.unread().empty()) state = parser.parse(input.unread());
    if (state == http::HeadState::Complete) {
      if (!http::is_sound_response(parser.head())) co_return failed();
      if (parser.head().status >= 200) co_return judge(target_.settings, parser.head().status);
      input.consume(parser.head().bytes);
      parser.reset();
      continue;
    }
    if (state != http::HeadState::Incomplete) co_return failed();
    http::Fill filled = co_await http::fill(stream, input, left(deadline));
    if (filled == http::Fill::TimedOut) co_return timed_out();
    if (filled != http::Fill::Done) co_return failed();
  }
}

async::Task<Verdict> HealthChecks::Checker::check_call(Connection& connection, SteadyTime deadline) {
  const HealthCheck& settings = target_.settings;
  const bool is_grpc = settings.version == TargetVersion::Grpc;
  std::shared_ptr<http::Http2Client> client = http::Http2Client::make(std::move(connection.stream));
  const http::Http2RequestHead head = call_head(target_);
  std::unique_ptr<http::Http2Call> call =
      client->begin(head, is_grpc ? http::RequestBody::Follows : http::RequestBody::None);
  if (!call) co_return failed();
  if (is_grpc) {
    // A message without a byte, not compressed.
    const std::string_view nothing("\0\0\0\0\0", 5);
    const http::Sent sent = co_await call->send(nothing, left(deadline));
    if (sent == http::Sent::TimedOut) co_return timed_out();
    call->end(http::Headers());
  }
  const http::Http2Call::Answer answer = co_await call->answer(left(deadline));
  if (answer == http::Http2Call::Answer::TimedOut) co_return timed_out();
  if (answer != http::Http2Call::Answer::Head) co_return failed();
  if (!is_grpc || call->status() != 200) co_return judge(settings, call->status());
  while (true) {
    const Result<std::string_view> piece = co_await call->next(left(deadline));
    if (!piece || left(deadline) == async::Duration::zero()) co_return timed_out();
    if (piece->empty()) break;
  }
  std::optional<std::string_view> status = call->trailers().find("grpc-status");
  if (!status) status = call->headers().find("grpc-status");
  const std::optional<long long> code = status ? parse_integer(*status) : std::nullopt;
  if (!code || *code < 0 || *code > 99) co_return failed();
  co_return judge(settings, static_cast<int>(*code));
}

async::Task<void> HealthChecks::Checker::call_function(FunctionAnswer& answer,
                                                       async::Wakeup::Notifier answered) {
  const std::string& group = target_.group_arn;
  FunctionCall call{.group_arn = group,
                    .function_arn = target_.target_id,
                    .event = function_health_event(target_.settings.path, group, *target_.functions)};
  answer = co_await functions_(reactor_, std::move(call));
  answered.notify();
}

async::Task<Verdict> HealthChecks::Checker::check_function() {
  FunctionAnswer answer;
  async::Wakeup answered(reactor_);
  async::TaskSet calls;
  calls.spawn(call_function(answer, answered.notifier()));
  const async::Woken woken = co_await answered.wait(target_.settings.timeout);
  if (woken == async::Woken::TimedOut) co_return timed_out();
  if (answer.failure != FunctionFailure::None) co_return failed();
  const Result<http::Response> response = read_function_answer(answer.text, *target_.functions);
  if (!response) co_return failed();
  co_return judge(target_.settings, response->status);
}

void HealthChecks::Checker::count_verdict(const Verdict& verdict) {
  bool passed = verdict.reason.empty();
  passed_ = passed ? passed_ + 1 : 0;
  failed_ = passed ? 0 : failed_ + 1;
  Health before = target_.state->health;
  Health after = before;
  const HealthCheck& settings = target_.settings;
  int needed = before == Health::Initial ? settings.first_threshold : settings.healthy_threshold;
  if (passed && passed_ >= needed) after = Health::Healthy;
  if (!passed && failed_ >= target_.settings.unhealthy_threshold) after = Health::Unhealthy;
  if (after == Health::Healthy && before != Health::Healthy) {
    auto since = std::chrono::duration_cast<async::Duration>(reactor_.clock().steady().time_since_epoch());
    target_.state->well_since_ms = std::max<int64_t>(since.count(), 1);
  }
  target_.state->health = after;
  if (before == Health::Healthy && after == Health::Unhealthy) failures_(target_.state);
  // While a verdict is not reached, what was told stays true.
  bool reached = passed == (after == Health::Healthy) && after != Health::Initial;
  if (!reached) return;
  if (has_told_ && after == before && verdict.description == told_.description) return;
  has_told_ = true;
  told_ = verdict;
  if (!listener_) return;
  listener_({.group_arn = target_.group_arn,
             .target_id = target_.target_id,
             .port = target_.port,
             .health = after,
             .reason = verdict.reason,
             .description = verdict.description});
}

HealthChecks::HealthChecks(async::Reactor& reactor, HealthListener listener, FailureListener failures,
                           FunctionCaller functions)
    : reactor_(reactor),
      listener_(std::move(listener)),
      failures_(std::move(failures)),
      functions_(std::move(functions)) {}

HealthChecks::~HealthChecks() = default;

void HealthChecks::replace(std::vector<CheckedTarget> targets) {
  std::map<std::string, std::unique_ptr<Checker>> next;
  for (CheckedTarget& target : targets) {
    std::string key = key_of(target);
    auto found = checkers_.find(key);
    if (found != checkers_.end()) {
      next.insert(checkers_.extract(found));
    } else if (!next.contains(key)) {
      next.emplace(key, std::make_unique<Checker>(reactor_, std::move(target), listener_, failures_, functions_));
    }
  }
  checkers_ = std::move(next);
}

}  // namespace holm::balancer
