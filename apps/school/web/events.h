// Tells open pages which yearbook entries changed. Each instance asks the database twice a second
// while somebody listens, so it does not matter which instance the change came through.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "kit/mysql.h"
#include "kit/web.h"
#include "web/roles.h"

namespace school {

struct Change {
  std::int64_t student = 0;
  std::int64_t version = 0;
  std::string state;
  bool has_consent = false;
  std::int64_t at_milliseconds = 0;
};

class Events final {
 public:
  explicit Events(kit::Database& database);
  ~Events();

  // Writes server-sent events until the visitor leaves, ten minutes have passed (browsers connect
  // again by themselves) or stop(). Runs on the request's thread.
  void stream(const Viewer& viewer, std::int64_t year, const kit::Writer& write);
  // Throws 503 when too many listen already.
  void require_place();
  void stop();

 private:
  struct Year {
    int listeners = 0;
    std::map<std::int64_t, std::int64_t> versions;  // Of each student, last seen.
    std::deque<Change> changes;
    std::uint64_t first_number = 0;  // Of changes.front().
    std::int64_t polled_at = 0;
  };

  void poll_forever();
  void poll(std::int64_t year);
  void publish(std::int64_t year, const std::vector<Change>& found);
  std::vector<std::int64_t> years_listened_to();
  // Blocks until there is a change after `number`, or the time is up.
  std::vector<Change> wait_for_changes(std::int64_t year, std::uint64_t& number);

  kit::Database& database_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::int64_t, Year> years_;
  int listeners_ = 0;
  bool is_stopping_ = false;
  std::thread poller_;
};

// One event as it is sent. Others than the pupil and editors learn that an entry changed, not how.
std::string event_text(const Change& change, const Viewer& viewer);

}  // namespace school
