// The Runtime API of one execution environment.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

#include "services/lambda/environment.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "formats/json.h"
#include "sandbox/runtime.h"
#include "services/lambda/doors.h"
#include "services/lambda/output.h"
#include "services/lambda/service.h"

namespace holm::lambda {

namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr size_t kResponseBytesMax = 6'291'556;
constexpr size_t kErrorBytesMax = 256 << 10;
constexpr size_t kTailBytesMax = 4096;
constexpr std::chrono::seconds kInitMax{10};
constexpr async::Duration kForEver{std::chrono::hours(24)};
constexpr std::string_view kPrefix = "/2018-06-01/runtime/";

http::Response status_response(int status, std::string_view body) {
  http::Response response{.status = status, .body = std::string(body)};
  response.headers.add("Content-Type", "application/json");
  return response;
}

std::string error_document(std::string_view type, std::string_view message) {
  formats::Object object;
  object.append("errorType", type);
  object.append("errorMessage", message);
  return formats::write_json(formats::Value(std::move(object)));
}

}  // namespace

ExecutionEnvironment::ExecutionEnvironment(Dependencies& use, async::Reactor& reactor, LogWriter& logs,
                                           std::shared_ptr<const Target> target, std::string id,
                                           std::string log_stream, Listener listener)
    : use_(use),
      reactor_(reactor),
      logs_(logs),
      target_(std::move(target)),
      id_(std::move(id)),
      log_stream_(std::move(log_stream)),
      listener_(std::move(listener)),
      created_(use.clock.steady()),
      begun_(created_),
      timer_(reactor, [this] { timed_out(); }) {}

ExecutionEnvironment::~ExecutionEnvironment() = default;

void ExecutionEnvironment::log(std::string line) {
  if (invocation_) {
    tail_ += line + "\n";
    if (tail_.size() > 4 * kTailBytesMax) tail_.erase(0, tail_.size() - kTailBytesMax);
  }
  logs_.append({target_->account, target_->region, target_->log_group, log_stream_}, use_.clock.now(),
               std::move(line));
}

void ExecutionEnvironment::read_output(UniqueFd pipe) {
  output_ =
      std::make_unique<Output>(reactor_, std::move(pipe), [this](std::string line) { log(std::move(line)); });
}

void ExecutionEnvironment::open(Sockets sockets, UniqueFd ready) {
  if (state_ == State::Ended) return;
  server_ = std::make_unique<http::Server>(
      reactor_, http::Limits{.connections_max = 1024, .idle = kForEver},
      [this](http::Exchange& exchange) { return answer(exchange); }, use_.clock);
  server_->listen(std::move(sockets.runtime));
  server_->listen(std::move(sockets.api));
  doors_ = std::make_unique<Doors>(reactor_, std::move(sockets.names), std::move(sockets.sites), use_.sites);
  begun_ = use_.clock.steady();
  timer_.arm(std::max<std::chrono::milliseconds>(kInitMax, target_->timeout));
  ready_ = std::move(ready);
  if (::write(ready_.get(), "go\n", 3) != 3) end("The runtime could not be started.");
}

async::Task<void> ExecutionEnvironment::answer(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  if (request.local.port() != kRuntimeApiPort) {
    co_await use_.api(exchange);
    co_return;
  }
  std::string_view path = request.path;
  if (path.starts_with(kPrefix)) path.remove_prefix(kPrefix.size());
  const auto parts = split(path, '/');
  const bool is_post = request.method == "POST";
  if (request.method == "GET" && path == "invocation/next") {
    co_await give_next(exchange);
  } else if (is_post && path == "init/error") {
    co_await take_init_error(exchange);
  } else if (is_post && parts.size() == 3 && parts[0] == "invocation" &&
             (parts[2] == "response" || parts[2] == "error")) {
    std::string id(parts[1]);
    const bool is_error = parts[2] == "error";
    co_await take_answer(exchange, std::move(id), is_error);
  } else {
    http::Response response =
        status_response(404, error_document("InvalidRequestPath", "There is no such path."));
    co_await exchange.respond(std::move(response));
  }
}

http::Response ExecutionEnvironment::next_response() const {
  http::Response response{.status = 200, .body = invocation_->payload};
  http::Headers& headers = response.headers;
  headers.add("Content-Type", "application/json");
  headers.add("Lambda-Runtime-Aws-Request-Id", invocation_->request_id);
  headers.add("Lambda-Runtime-Deadline-Ms", std::to_string(to_milliseconds(deadline_)));
  headers.add("Lambda-Runtime-Invoked-Function-Arn", invocation_->invoked_arn);
  headers.add("Lambda-Runtime-Trace-Id",
              fmt::format("Root=1-{:08x}-{};Parent={};Sampled=0", to_milliseconds(use_.clock.now()) / 1000,
                          use_.random.hex(24), use_.random.hex(16)));
  if (!invocation_->client_context.empty()) {
    headers.add("Lambda-Runtime-Client-Context", invocation_->client_context);
  }
  return response;
}

async::Task<void> ExecutionEnvironment::give_next(http::Exchange& exchange) {
  async::Wakeup wakeup(reactor_);
  const uint64_t mine = ++next_count_;
  next_ = wakeup.notifier();
  // Listening is what says that the runtime has begun, or is done with the invocation before.
  if (state_ == State::Starting || (state_ == State::Busy && !invocation_)) became_idle();
  while (mine == next_count_ && (!invocation_ || is_delivered_)) co_await wakeup.wait(kForEver);
  if (mine != next_count_) {
    http::Response gone = status_response(410, error_document("Gone", "Another request waits."));
    co_await exchange.respond(std::move(gone));
    co_return;
  }
  is_delivered_ = true;
  http::Response response = next_response();
  co_await exchange.respond(std::move(response));
}

void ExecutionEnvironment::became_idle() {
  if (state_ == State::Starting) init_duration_ = use_.clock.steady() - begun_;
  timer_.disarm();
  state_ = State::Idle;
  idle_since_ = use_.clock.steady();
  listener_.idle(*this);
}

void ExecutionEnvironment::run(Invocation invocation) {
  state_ = State::Busy;
  invocation_ = std::move(invocation);
  is_delivered_ = false;
  tail_.clear();
  begun_ = use_.clock.steady();
  deadline_ = use_.clock.now() + target_->timeout;
  timer_.arm(target_->timeout);
  log(fmt::format("START RequestId: {} Version: {}", invocation_->request_id, target_->version));
  if (next_) next_->notify();
}

async::Task<void> ExecutionEnvironment::take_answer(http::Exchange& exchange, std::string request_id,
                                                    bool is_error) {
  auto body = co_await async::read_all(exchange.body(), kResponseBytesMax);
  if (!invocation_ || invocation_->request_id != request_id || !is_delivered_) {
    http::Response wrong = status_response(400, error_document("InvalidRequestID", "Invalid request ID"));
    co_await exchange.respond(std::move(wrong));
    co_return;
  }
  http::Response accepted = status_response(202, R"({"status":"OK"})");
  if (!body) {
    const std::string message = fmt::format(
        "Response payload size exceeded maximum allowed payload size ({} bytes).", kResponseBytesMax);
    accepted = status_response(413, error_document("RequestEntityTooLarge", message));
    finish({.payload = error_document("Function.ResponseSizeTooLarge", message), .error = "Unhandled"},
           "error");
  } else if (is_error) {
    finish({.payload = std::move(*body), .error = "Unhandled"}, "error");
  } else {
    finish({.payload = std::move(*body)}, "success");
  }
  co_await exchange.respond(std::move(accepted));
}

async::Task<void> ExecutionEnvironment::take_init_error(http::Exchange& exchange) {
  auto body = co_await async::read_all(exchange.body(), kErrorBytesMax);
  if (body) init_error_ = std::move(*body);
  http::Response accepted = status_response(202, R"({"status":"OK"})");
  co_await exchange.respond(std::move(accepted));
  if (state_ == State::Starting) end(init_error_);
}

// https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
void ExecutionEnvironment::finish(InvocationResult result, std::string_view status) {
  timer_.disarm();
  if (output_) output_->drain();
  const double milliseconds = Milliseconds(use_.clock.steady() - begun_).count();
  Invocation invocation = std::move(*invocation_);
  result.duration = Milliseconds(milliseconds);
  // The invoker does not wait for the measuring, unless it wants to read it.
  const bool wants_tail = invocation.tail == Invocation::Tail::Yes;
  if (!wants_tail) invocation.done(std::move(result));
  if (auto usage = use_.runtime.usage(id_)) {
    memory_bytes_max_ = std::max(memory_bytes_max_, usage->memory_bytes);
  }
  double billed = std::ceil(milliseconds);
  std::string init;
  if (init_duration_) {
    init = fmt::format("Init Duration: {:.2f} ms\t", init_duration_->count());
    billed = std::ceil(milliseconds + init_duration_->count());
    init_duration_.reset();
  }
  if (status == "timeout") {
    log(fmt::format("{} {} Task timed out after {:.2f} seconds", iso8601_milliseconds(use_.clock.now()),
                    invocation.request_id, static_cast<double>(target_->timeout.count())));
  }
  log("END RequestId: " + invocation.request_id);
  log(
      fmt::format("REPORT RequestId: {}\tDuration: {:.2f} ms\tBilled Duration: {:.0f} ms\t"
                  "Memory Size: {} MB\tMax Memory Used: {} MB\t{}{}",
                  invocation.request_id, milliseconds, billed, target_->memory_mib,
                  (memory_bytes_max_ + (1 << 20) - 1) >> 20, init,
                  status == "success" ? "" : fmt::format("Status: {}", status)));
  invocation_.reset();
  // What is left of its time is the runtime's to ask for the next one.
  timer_.arm(std::max(async::Duration(1), async::Duration(deadline_ - use_.clock.now())));
  if (!wants_tail) return;
  result.log_tail = tail_.substr(tail_.size() - std::min(tail_.size(), kTailBytesMax));
  invocation.done(std::move(result));
}

void ExecutionEnvironment::end(std::string failure) {
  if (state_ == State::Ended) return;
  state_ = State::Ended;
  timer_.disarm();
  if (output_) output_->drain();
  listener_.ended(*this, std::move(failure));
}

void ExecutionEnvironment::timed_out() {
  if (state_ == State::Busy && !invocation_) return end("");
  if (!invocation_) {
    log("INIT_REPORT Phase: init\tStatus: timeout");
    end(error_document("Sandbox.Timedout", "The runtime did not begin in time."));
    return;
  }
  const std::string message =
      fmt::format("RequestId: {} Error: Task timed out after {:.2f} seconds", invocation_->request_id,
                  static_cast<double>(target_->timeout.count()));
  finish({.payload = error_document("Sandbox.Timedout", message), .error = "Unhandled"}, "timeout");
  end("");
}

void ExecutionEnvironment::exited(const sandbox::ExitStatus& status) {
  if (state_ == State::Ended) return;
  std::string reason = fmt::format("exit status {}", status.code);
  if (status.signal == 9) reason = "signal: killed";
  if (status.signal != 0 && status.signal != 9) reason = fmt::format("signal: {}", status.signal);
  const std::string id = invocation_ ? invocation_->request_id : "none";
  const std::string message =
      fmt::format("RequestId: {} Error: Runtime exited {}", id,
                  status.code == 0 ? "without providing a reason" : "with error: " + reason);
  const std::string_view type = status.out_of_memory ? "Runtime.OutOfMemory" : "Runtime.ExitError";
  std::string document = error_document(type, message);
  if (invocation_) {
    if (output_) output_->drain();
    log(message + "\n" + std::string(type));
    finish({.payload = document, .error = "Unhandled"}, "error");
  }
  end(init_error_.empty() ? std::move(document) : init_error_);
}

}  // namespace holm::lambda
