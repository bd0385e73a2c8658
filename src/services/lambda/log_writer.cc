// Writing to CloudWatch Logs by its own operations.

#include "services/lambda/log_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "async/workers.h"
#include "aws/service/region.h"
#include "base/log.h"
#include "base/utf8.h"
#include "logs/operations.h"

namespace holm::lambda {

namespace {

constexpr async::Duration kDelay{100};
constexpr size_t kWaitingBytesMax = 16 << 20;
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
constexpr size_t kMessageBytesMax = 262'144 - 26;
constexpr size_t kBatchBytesMax = 1'000'000;
constexpr size_t kBatchEventsMax = 10'000;

bool group_exists(aws::Call& call, const std::string& name) {
  auto found =
      call.client.call<logs::DescribeLogGroups>(call, call.principal, {.log_group_name_prefix = name});
  // The name itself sorts before every other that begins with it.
  return !found.log_groups.empty() && found.log_groups.front().log_group_name == name;
}

void ensure_stream(aws::Call& call, const LogStreamName& name) {
  if (!group_exists(call, name.group)) {
    call.client.call<logs::CreateLogGroup>(call, call.principal, {.log_group_name = name.group});
  }
  auto found = call.client.call<logs::DescribeLogStreams>(
      call, call.principal, {.log_group_name = name.group, .log_stream_name_prefix = name.stream});
  if (!found.log_streams.empty()) return;
  call.client.call<logs::CreateLogStream>(call, call.principal,
                                          {.log_group_name = name.group, .log_stream_name = name.stream});
}

}  // namespace

LogWriter::LogWriter(async::Reactor& reactor, async::Workers& workers, aws::Region& region)
    : workers_(workers), region_(region), timer_(reactor, [this] { flush(); }) {}

void LogWriter::append(const LogStreamName& stream, Time time, std::string line) {
  if (line.empty()) return;
  line = to_utf8(line);
  if (waiting_bytes_ > kWaitingBytesMax) {
    ++dropped_;
    return;
  }
  waiting_bytes_ += line.size() + 64;
  std::vector<Event>& events = waiting_[stream];
  if (!events.empty()) time = std::max(time, events.back().time);
  for (size_t at = 0; at < line.size(); at += kMessageBytesMax) {
    // A character that is cut in two becomes a few bytes longer; the limit leaves room for them.
    events.push_back({time, to_utf8(std::string_view(line).substr(at, kMessageBytesMax))});
  }
  if (!timer_.is_armed()) timer_.arm(kDelay);
}

void LogWriter::flush() {
  timer_.disarm();
  if (waiting_.empty()) return;
  if (dropped_ > 0) {
    log::warning(fmt::format("{} lines of functions' logs came too fast and were dropped", dropped_));
    dropped_ = 0;
  }
  auto batch = std::make_shared<const Batch>(std::move(waiting_));
  waiting_.clear();
  waiting_bytes_ = 0;
  auto work = [&region = region_, batch] {
    for (const auto& [name, events] : *batch) write_stream(region, name, events);
  };
  if (!workers_.try_post(work)) {
    log::warning("functions' logs could not be written: too much is waiting");
  }
}

void LogWriter::write_stream(aws::Region& region, const LogStreamName& name,
                             const std::vector<Event>& events) {
  const aws::Caller caller = region.caller(name.account, name.region, "lambda.amazonaws.com");
  region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    ensure_stream(call, name);
    for (size_t at = 0; at < events.size();) {
      logs::PutLogEventsRequest request{.log_group_name = name.group, .log_stream_name = name.stream};
      size_t bytes = 0;
      while (at < events.size() && request.log_events.size() < kBatchEventsMax) {
        bytes += events[at].line.size() + 26;
        if (bytes > kBatchBytesMax && !request.log_events.empty()) break;
        request.log_events.push_back(
            {.timestamp = to_milliseconds(events[at].time), .message = events[at].line});
        ++at;
      }
      call.client.call<logs::PutLogEvents>(call, call.principal, request);
    }
  });
}

}  // namespace holm::lambda
