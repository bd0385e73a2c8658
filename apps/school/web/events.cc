// Tells open pages which yearbook entries changed.

#include "web/events.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "kit/clock.h"
#include "kit/log.h"

namespace school {

namespace {

constexpr int kListenersMax = 300;
constexpr std::chrono::milliseconds kBetweenPolls{500};
// Shorter than the idle limit of load balancers.
constexpr std::chrono::seconds kHeartbeat{15};
constexpr std::int64_t kStreamMilliseconds = 600'000;
// A page is told what changed shortly before it began to listen: it may have been drawn earlier.
constexpr std::int64_t kLookBackMilliseconds = 10'000;

}  // namespace

std::string event_text(const Change& change, const Viewer& viewer) {
  bool is_open = viewer.is_editor() || viewer.person_id == change.student;
  if (is_open) {
    return fmt::format("event: entry\ndata: {{\"student\":{},\"version\":{},\"state\":\"{}\"}}\n\n",
                       change.student, change.version, change.state);
  }
  return fmt::format("event: entry\ndata: {{\"student\":{},\"version\":{}}}\n\n", change.student,
                     change.version);
}

Events::Events(kit::Database& database)
    : database_(database), poller_([this] { poll_forever(); }) {}

Events::~Events() {
  stop();
  poller_.join();
}

void Events::stop() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
}

void Events::require_place() {
  std::lock_guard lock(mutex_);
  if (listeners_ < kListenersMax) return;
  kit::HttpError error(503, "busy", "Too many pages listen; this one shows no live changes.");
  error.retry_after_seconds = 30;
  throw error;
}

std::vector<std::int64_t> Events::years_listened_to() {
  std::vector<std::int64_t> years;
  for (const auto& [year, state] : years_) {
    if (state.listeners > 0) years.push_back(year);
  }
  return years;
}

void Events::poll_forever() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_stopping_ || listeners_ > 0; });
    if (is_stopping_) return;
    std::vector<std::int64_t> years = years_listened_to();
    lock.unlock();
    for (std::int64_t year : years) {
      try {
        poll(year);
      } catch (const kit::DatabaseError& error) {
        // The next poll looks back to the last one that worked.
        kit::log_line(std::string("events: ") + error.what());
      }
    }
    lock.lock();
    changed_.wait_for(lock, kBetweenPolls, [this] { return is_stopping_; });
  }
}

void Events::poll(std::int64_t year) {
  std::int64_t now = kit::unix_milliseconds();
  std::int64_t look_back = kLookBackMilliseconds;
  {
    std::lock_guard lock(mutex_);
    std::int64_t polled_at = years_[year].polled_at;
    if (polled_at != 0) look_back += now - polled_at;
  }
  auto rows = database_.read(
      "SELECT student_id, version, yb_entry.state, consent AND consent_photo AS has_consent "
      "FROM yb_entry JOIN yearbook ON yearbook.id = yearbook_id "
      "JOIN person ON person.id = student_id "
      "WHERE year_id = ? AND yb_entry.updated_at > NOW(3) - INTERVAL ? SECOND "
      "ORDER BY yb_entry.updated_at",
      {year, std::min<std::int64_t>(look_back / 1000 + 1, 3600)});
  std::vector<Change> found;
  for (const kit::Row& row : rows) {
    found.push_back({.student = row.number("student_id"),
                     .version = row.number("version"),
                     .state = row.text("state"),
                     .has_consent = row.is_true("has_consent"),
                     .at_milliseconds = now});
  }
  publish(year, found);
  std::lock_guard lock(mutex_);
  years_[year].polled_at = now;
}

void Events::publish(std::int64_t year, const std::vector<Change>& found) {
  {
    std::lock_guard lock(mutex_);
    Year& state = years_[year];
    for (const Change& change : found) {
      if (state.versions[change.student] == change.version) continue;
      state.versions[change.student] = change.version;
      state.changes.push_back(change);
    }
    while (state.changes.size() > 1000) {
      state.changes.pop_front();
      ++state.first_number;
    }
  }
  changed_.notify_all();
}

std::vector<Change> Events::wait_for_changes(std::int64_t year, std::uint64_t& number) {
  std::unique_lock lock(mutex_);
  Year& state = years_[year];
  auto has_news = [&] {
    return is_stopping_ || number < state.first_number + state.changes.size();
  };
  changed_.wait_for(lock, kHeartbeat, has_news);
  std::uint64_t from = std::max(number, state.first_number) - state.first_number;
  std::vector<Change> news(state.changes.begin() + static_cast<std::ptrdiff_t>(from),
                           state.changes.end());
  number = state.first_number + state.changes.size();
  return news;
}

void Events::stream(const Viewer& viewer, std::int64_t year, const kit::Writer& write) {
  std::int64_t start = kit::unix_milliseconds();
  std::uint64_t number = 0;
  {
    std::lock_guard lock(mutex_);
    ++listeners_;
    Year& state = years_[year];
    ++state.listeners;
    auto recent = std::find_if(state.changes.begin(), state.changes.end(), [&](const Change& c) {
      return c.at_milliseconds > start - kLookBackMilliseconds;
    });
    number = state.first_number + static_cast<std::uint64_t>(recent - state.changes.begin());
  }
  changed_.notify_all();
  bool is_there = write("retry: 2000\n\n");
  while (is_there && kit::unix_milliseconds() - start < kStreamMilliseconds) {
    std::vector<Change> news = wait_for_changes(year, number);
    std::string text;
    for (const Change& change : news) {
      if (change.has_consent || viewer.is_editor() || viewer.person_id == change.student) {
        text += event_text(change, viewer);
      }
    }
    is_there = write(text.empty() ? ": still here\n\n" : text);
    std::lock_guard lock(mutex_);
    if (is_stopping_) break;
  }
  std::lock_guard lock(mutex_);
  --listeners_;
  --years_[year].listeners;
}

}  // namespace school
