// Log events: putting them in, reading a stream, searching a group.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "logs/handlers.h"
#include "services/logs/filter_pattern.h"
#include "services/logs/groups.h"
#include "services/logs/metric_filters.h"
#include "services/logs/service.h"

namespace holm::logs {

namespace {

constexpr size_t kBatchBytesMax = 1'048'576;
constexpr size_t kEventOverheadBytes = 26;
constexpr size_t kMessageBytesMax = 262'144;
constexpr int64_t kHour = 3'600'000, kDay = 24 * kHour;
constexpr int32_t kEventsMax = 10'000;
constexpr size_t kAnswerBytesMax = 1'048'576;
constexpr int64_t kSearchedMax = 200'000;  // Events one call of FilterLogEvents looks at.

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
void check_batch(const PutLogEventsRequest& request) {
  size_t bytes = 0;
  for (size_t i = 0; i < request.log_events.size(); ++i) {
    const InputLogEvent& event = request.log_events[i];
    if (event.message.size() > kMessageBytesMax) {
      throw InvalidParameterException("Log event too large: at most 262144 bytes are allowed");
    }
    bytes += event.message.size() + kEventOverheadBytes;
    if (i > 0 && event.timestamp < request.log_events[i - 1].timestamp) {
      throw InvalidParameterException(
          "Log events in a single PutLogEvents request must be in chronological order.");
    }
  }
  if (bytes > kBatchBytesMax) {
    throw InvalidParameterException(
        fmt::format("Upload too large: {} bytes exceeds limit of {}", bytes, kBatchBytesMax));
  }
  if (!request.log_events.empty() &&
      request.log_events.back().timestamp - request.log_events.front().timestamp > kDay) {
    throw InvalidParameterException(
        "The batch of log events in a single PutLogEvents request cannot span more than 24 "
        "hours.");
  }
}

// "f/<timestamp>/<sequence>": where to go on, forwards or backwards.
struct Position {
  char direction = 'f';
  int64_t timestamp = 0;
  int64_t sequence = 0;
};

std::string text_of(const Position& p) {
  return fmt::format("{}/{}/{}", p.direction, p.timestamp, p.sequence);
}

std::optional<Position> read_position(const std::optional<std::string>& token) {
  if (!token) return std::nullopt;
  auto parts = split(*token, '/');
  auto timestamp = parts.size() == 3 ? parse_integer(parts[1]) : std::nullopt;
  auto sequence = parts.size() == 3 ? parse_integer(parts[2]) : std::nullopt;
  if (!timestamp || !sequence || (parts[0] != "f" && parts[0] != "b")) {
    throw InvalidParameterException("The specified nextToken is invalid.");
  }
  return Position{parts[0][0], *timestamp, *sequence};
}

}  // namespace

PutLogEventsResponse put_log_events(Service& service, Call& call, const PutLogEventsRequest& request) {
  const GroupRow group = require_group(call, request.log_group_name);
  const StreamRow stream = require_stream(call, group, request.log_stream_name);
  check_batch(request);
  const int64_t now = to_milliseconds(call.now);
  PutLogEventsResponse result{.next_sequence_token = fmt::format("{:056}", now)};
  RejectedLogEventsInfo rejected;
  int64_t first = 0, last = 0, bytes = 0;
  std::vector<InputLogEvent> taken;
  for (size_t i = 0; i < request.log_events.size(); ++i) {
    const InputLogEvent& event = request.log_events[i];
    // What is older than 14 days or more than two hours ahead is left out, and the answer says so.
    if (event.timestamp < now - 14 * kDay) {
      rejected.too_old_log_event_end_index = static_cast<int32_t>(i) + 1;
      continue;
    }
    if (event.timestamp > now + 2 * kHour) {
      if (!rejected.too_new_log_event_start_index)
        rejected.too_new_log_event_start_index = static_cast<int32_t>(i);
      continue;
    }
    call.transaction.run(
        "INSERT INTO logs_event (log_group, stream, timestamp, ingestion, message) VALUES (?1, ?2, ?3,"
        " ?4, ?5)",
        {group.id, stream.id, event.timestamp, now, event.message});
    taken.push_back(event);
    if (first == 0) first = event.timestamp;
    last = event.timestamp;
    bytes += static_cast<int64_t>(event.message.size() + kEventOverheadBytes);
  }
  if (rejected.too_old_log_event_end_index || rejected.too_new_log_event_start_index) {
    result.rejected_log_events_info = rejected;
  }
  if (first == 0) return result;
  measure_events(service, call, group, taken);
  call.transaction.run(
      "UPDATE logs_stream SET first_event = min(coalesce(first_event, ?2), ?2), last_event = "
      "max(coalesce(last_event,"
      " ?3), ?3), last_ingestion = ?4 WHERE id = ?1",
      {stream.id, first, last, now});
  call.transaction.run("UPDATE logs_group SET stored_bytes = stored_bytes + ?2 WHERE id = ?1",
                       {group.id, bytes});
  return result;
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
GetLogEventsResponse get_log_events(Service&, Call& call, const GetLogEventsRequest& request) {
  const GroupRow group = require_group(call, request.log_group_name, request.log_group_identifier);
  const StreamRow stream = require_stream(call, group, request.log_stream_name);
  const auto position = read_position(request.next_token);
  const bool forward = position ? position->direction == 'f' : request.start_from_head.value_or(false);
  const int64_t limit = std::min(request.limit.value_or(kEventsMax), kEventsMax);
  std::string condition = "stream = ?1 AND timestamp >= ?2 AND timestamp < ?3";
  std::vector<sql::Value> arguments = {stream.id, request.start_time.value_or(0),
                                       request.end_time.value_or(INT64_MAX)};
  if (position) {
    condition += forward ? " AND (timestamp, sequence) > (?4, ?5)" : " AND (timestamp, sequence) < (?4, ?5)";
    arguments.insert(arguments.end(), {position->timestamp, position->sequence});
  }
  auto rows =
      call.transaction.run(fmt::format("SELECT timestamp, message, ingestion, sequence FROM logs_event WHERE "
                                       "{} ORDER BY timestamp {}, sequence {}"
                                       " LIMIT {}",
                                       condition, forward ? "ASC" : "DESC", forward ? "ASC" : "DESC", limit),
                           std::move(arguments));
  size_t bytes = 0, kept = 0;
  while (kept < rows.size() && bytes + rows[kept].text(1).size() <= kAnswerBytesMax)
    bytes += rows[kept++].text(1).size() + kEventOverheadBytes;
  rows.resize(kept, sql::Row({}));
  if (!forward) std::ranges::reverse(rows);
  GetLogEventsResponse result;
  for (const sql::Row& row : rows) {
    result.events.push_back(
        {.timestamp = row.integer(0), .message = row.text(1), .ingestion_time = row.integer(2)});
  }
  // At an end the token stays the same, which is how clients notice.
  const Position here = position.value_or(Position{'f', forward ? 0 : INT64_MAX, 0});
  Position after{'f', here.timestamp, here.sequence}, before{'b', here.timestamp, here.sequence};
  if (!rows.empty()) {
    after = {'f', rows.back().integer(0), rows.back().integer(3)};
    before = {'b', rows.front().integer(0), rows.front().integer(3)};
  }
  result.next_forward_token = text_of(after);
  result.next_backward_token = text_of(before);
  return result;
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
FilterLogEventsResponse filter_log_events(Service&, Call& call, const FilterLogEventsRequest& request) {
  const GroupRow group = require_group(call, request.log_group_name, request.log_group_identifier);
  auto pattern = FilterPattern::parse(request.filter_pattern.value_or(""));
  if (!pattern) throw aws::NotImplemented("FilterLogEvents: " + pattern.error().message);
  if (!request.log_stream_names.empty() && request.log_stream_name_prefix) {
    throw InvalidParameterException("logStreamNames and logStreamNamePrefix cannot both be given.");
  }
  std::set<std::string> wanted;
  for (const std::string& name : request.log_stream_names)
    wanted.insert(require_stream(call, group, name).name);
  const auto position = read_position(request.next_token);
  const auto limit = static_cast<size_t>(std::min(request.limit.value_or(kEventsMax), kEventsMax));
  const bool forward = request.start_from_head.value_or(true);
  const int64_t start = position && forward ? position->timestamp : request.start_time.value_or(0);
  auto rows = call.transaction.run(
      fmt::format("SELECT e.timestamp, e.message, e.ingestion, e.sequence, s.name FROM logs_event e JOIN "
                  "logs_stream s ON"
                  " s.id = e.stream WHERE e.log_group = ?1 AND e.timestamp >= ?2 AND e.timestamp <= ?3 AND "
                  "(e.timestamp,"
                  " e.sequence) > (?4, ?5) ORDER BY e.timestamp, e.sequence LIMIT {}",
                  kSearchedMax),
      {group.id, start, request.end_time.value_or(INT64_MAX), position ? position->timestamp : int64_t{-1},
       position ? position->sequence : int64_t{-1}});
  FilterLogEventsResponse result;
  size_t bytes = 0;
  for (const sql::Row& row : rows) {
    const std::string& stream = row.text(4);
    if (!wanted.empty() && !wanted.contains(stream)) continue;
    if (request.log_stream_name_prefix && !stream.starts_with(*request.log_stream_name_prefix)) continue;
    if (!pattern->matches(row.text(1))) continue;
    bytes += row.text(1).size() + kEventOverheadBytes;
    result.events.push_back({.log_stream_name = stream,
                             .timestamp = row.integer(0),
                             .message = row.text(1),
                             .ingestion_time = row.integer(2),
                             .event_id = fmt::format("{:056}", row.integer(3))});
    if (result.events.size() == limit || bytes >= kAnswerBytesMax) {
      result.next_token = text_of({'f', row.integer(0), row.integer(3)});
      return result;
    }
  }
  if (rows.size() == static_cast<size_t>(kSearchedMax)) {
    result.next_token = text_of({'f', rows.back().integer(0), rows.back().integer(3)});
  }
  return result;
}

}  // namespace holm::logs
