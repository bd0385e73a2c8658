// Following files with inotify, and writing events by CloudWatch Logs' own operations.

#include "services/ec2/console_logs.h"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "aws/service/error.h"
#include "aws/service/region.h"
#include "base/files.h"
#include "base/log.h"
#include "logs/operations.h"
#include "sandbox/runtime.h"
#include "services/ec2/instances.h"
#include "services/ec2/service.h"

namespace holm::ec2 {

namespace {

constexpr char kPrincipal[] = "ec2.amazonaws.com";
constexpr int32_t kRetentionDays = 7;
constexpr async::Duration kGather{200};        // Between something being written and its being read.
constexpr async::Duration kLineEndWait{5000};  // How long a line without an end may still get one.
constexpr async::Duration kRetry{5000};
constexpr size_t kPieceBytes = 256 << 10;
constexpr size_t kPieceLines = 1000;
// What an instance may write at length, and in a burst. What the file drops meanwhile is lost.
constexpr int64_t kBytesASecond = 64 << 10;
constexpr int64_t kBurstBytes = 4 << 20;

bool is_first(const std::vector<logs::LogGroup>& groups, std::string_view name) {
  return !groups.empty() && groups.front().log_group_name == name;
}

void make_stream(aws::Call& call, const std::string& id) {
  // The name itself sorts before every other that begins with it.
  auto groups = call.client.call<logs::DescribeLogGroups>(
      call, call.principal, {.log_group_name_prefix = kInstancesLogGroup, .limit = 1});
  if (!is_first(groups.log_groups, kInstancesLogGroup)) {
    call.client.call<logs::CreateLogGroup>(call, call.principal, {.log_group_name = kInstancesLogGroup});
    call.client.call<logs::PutRetentionPolicy>(
        call, call.principal, {.log_group_name = kInstancesLogGroup, .retention_in_days = kRetentionDays});
  }
  auto streams = call.client.call<logs::DescribeLogStreams>(
      call, call.principal, {.log_group_name = kInstancesLogGroup, .log_stream_name_prefix = id, .limit = 1});
  if (!streams.log_streams.empty()) return;
  call.client.call<logs::CreateLogStream>(call, call.principal,
                                          {.log_group_name = kInstancesLogGroup, .log_stream_name = id});
}

}  // namespace

// What one reading of a file asks for, and what came of it.
struct ConsoleLogs::Progress {
  Rest rest = Rest::Leave;
  bool has_stream = false;
  size_t bytes_max = 0;
  size_t bytes = 0;        // Consumed.
  bool is_at_end = false;  // There was no more to read.
  bool has_rest = false;   // A line without an end was left.
  bool is_gone = false;    // There is no such instance any more.
};

// Holds a source while one task works on it; one that was not settled is tried again.
struct ConsoleLogs::Turn {
  Turn(ConsoleLogs& owner, std::string of) : logs(owner), id(std::move(of)) {
    logs.sources_[id].is_busy = true;
  }
  ~Turn() {
    Source& source = logs.sources_[id];
    source.is_busy = false;
    if (is_gone) logs.sources_.erase(id);
    if (is_settled) return;
    source.has_stream = false;  // Somebody may have deleted it.
    logs.written_.insert(id);
    logs.wake_in(kRetry);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  ConsoleLogs& logs;
  const std::string id;
  bool is_settled = false;
  bool is_gone = false;
};

ConsoleLogs::ConsoleLogs(Dependencies& use, std::string folder)
    : use_(use), folder_(std::move(folder)), reactor_(use.region.any_reactor()) {}

ConsoleLogs::~ConsoleLogs() { stop(); }

void ConsoleLogs::start() {
  if (auto made = make_directories(folder_); !made) log::error(made.error().message);
  notifications_.reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!notifications_ || ::inotify_add_watch(notifications_.get(), folder_.c_str(), IN_MODIFY) < 0) {
    log::error(fmt::format("instances' output will not reach CloudWatch Logs: inotify on {}: {}", folder_,
                           std::strerror(errno)));
    return;
  }
  reactor_.call([this] {
    tasks_ = std::make_unique<async::TaskSet>();
    timer_ = std::make_unique<async::Timer>(reactor_, [this] { forward_all(); });
    look_at_all();
    watch();
  });
}

void ConsoleLogs::stop() {
  reactor_.call([this] {
    tasks_.reset();
    timer_.reset();
    watch_.reset();
  });
}

void ConsoleLogs::look_at_all() {
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder_, error)) {
    if (file.path().extension() == ".log") written_.insert(file.path().stem().string());
  }
  if (!written_.empty()) wake_in(kGather);
}

void ConsoleLogs::watch() {
  watch_ = std::make_unique<async::Watch>(reactor_, notifications_.get(), *this, async::Trigger::Level);
}

void ConsoleLogs::on_events(async::Events) {
  alignas(inotify_event) std::array<char, 16 << 10> buffer;
  while (true) {
    const ssize_t bytes = ::read(notifications_.get(), buffer.data(), buffer.size());
    if (bytes <= 0) break;
    for (const char* at = buffer.data(); at < buffer.data() + bytes;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      at += sizeof(inotify_event) + event->len;
      if (event->mask & IN_Q_OVERFLOW) look_at_all();
      const std::string_view name = event->len > 0 ? event->name : "";
      if (name.ends_with(".log")) written_.emplace(name.substr(0, name.size() - 4));
    }
  }
  // Whoever writes line after line causes one reading, not one event after the other.
  watch_.reset();
  wake_in(kGather);
}

void ConsoleLogs::wake_in(async::Duration delay) {
  const SteadyTime at = use_.clock.steady() + delay;
  if (!timer_ || (timer_->is_armed() && wakes_at_ <= at)) return;
  wakes_at_ = at;
  timer_->arm(delay);
}

void ConsoleLogs::allow_more(Source& source, SteadyTime now) {
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - source.allowed_at);
  const bool is_long = source.allowed_at == SteadyTime() || passed > std::chrono::minutes(2);
  source.allowance += is_long ? kBurstBytes : passed.count() * kBytesASecond / 1000;
  source.allowance = std::min(source.allowance, kBurstBytes);
  source.allowed_at = now;
}

void ConsoleLogs::forward_all() {
  const SteadyTime now = use_.clock.steady();
  if (!watch_) watch();
  for (auto& [id, source] : sources_) {
    if (!source.waits_for_end_since) continue;
    if (now - *source.waits_for_end_since >= kLineEndWait) written_.insert(id);
    else wake_in(kLineEndWait);
  }
  for (const std::string& id : std::set<std::string>(written_)) {
    Source& source = sources_[id];
    allow_more(source, now);
    if (source.is_busy || source.allowance <= 0) {
      wake_in(kGather);
      continue;
    }
    written_.erase(id);
    tasks_->spawn(forward(id));
  }
}

async::Task<void> ConsoleLogs::forward(std::string id) {
  Turn turn(*this, id);
  Source& source = sources_[id];
  Progress progress;
  if (source.waits_for_end_since && use_.clock.steady() - *source.waits_for_end_since >= kLineEndWait) {
    progress.rest = Rest::Take;
  }
  progress.has_stream = source.has_stream;
  progress.bytes_max = kPieceBytes;
  const aws::Caller caller = use_.region.caller("", "", kPrincipal);
  std::function<void(aws::Call&)> work = [&](aws::Call& call) { store(call, id, progress); };
  co_await use_.region.transact_on_worker(reactor_, caller, sql::Access::Write, work);
  turn.is_settled = true;
  turn.is_gone = progress.is_gone;
  settle(id, progress);
}

// On a worker.
void ConsoleLogs::store(aws::Call& call, const std::string& id, Progress& progress) {
  auto row =
      call.transaction.find("SELECT account, region, console_position FROM ec2_instance WHERE id = ?1", {id});
  progress.is_at_end = true;
  progress.is_gone = !row;
  if (!row) return;
  const auto position = static_cast<uint64_t>(row->integer(2));
  auto part = use_.runtime.read_log(path_of(id), position, progress.bytes_max);
  if (!part) throw aws::ServiceError("InternalError", 500, part.error().message);
  ConsoleLines taken = take_lines(part->bytes, kPieceLines, progress.rest);
  progress.is_at_end = part->bytes.size() < progress.bytes_max && taken.lines.size() < kPieceLines;
  progress.has_rest = progress.is_at_end && taken.consumed < part->bytes.size();
  progress.bytes = taken.consumed;
  if (part->begin > position) {
    taken.lines.insert(
        taken.lines.begin(),
        fmt::format("[{} bytes of output came too fast and are missing here]", part->begin - position));
  }
  if (!taken.lines.empty()) {
    aws::Call as = call;
    as.account = row->text(0);
    as.region = row->text(1);
    as.principal = aws::service_principal(kPrincipal, as.account);
    if (!progress.has_stream) make_stream(as, id);
    logs::PutLogEventsRequest request{.log_group_name = kInstancesLogGroup, .log_stream_name = id};
    // Now that nobody else writes: whoever follows the group asks for what is newer than what they have.
    const int64_t now = to_milliseconds(use_.clock.now());
    for (std::string& line : taken.lines) {
      request.log_events.push_back({.timestamp = now, .message = std::move(line)});
    }
    as.client.call<logs::PutLogEvents>(as, as.principal, request);
    progress.has_stream = true;
  }
  call.transaction.run("UPDATE ec2_instance SET console_position = ?2 WHERE id = ?1",
                       {id, static_cast<int64_t>(part->begin + taken.consumed)});
}

void ConsoleLogs::settle(const std::string& id, const Progress& progress) {
  Source& source = sources_[id];
  source.allowance -= static_cast<int64_t>(progress.bytes);
  source.has_stream = progress.has_stream;
  if (!progress.has_rest) source.waits_for_end_since.reset();
  else if (!source.waits_for_end_since) source.waits_for_end_since = use_.clock.steady();
  if (!progress.is_at_end) written_.insert(id);
  if (!progress.is_at_end) wake_in(kGather);
  else if (progress.has_rest) wake_in(kLineEndWait);
}

}  // namespace holm::ec2
