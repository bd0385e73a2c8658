// Makes SQLite's write-ahead log durable for several commits at a time: they queue for the writer, but not each
// for a sync of its own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "base/unique_fd.h"

namespace holm::sql {

// Any thread. Commits are announced before SQLite writes them, one after the other, because readers may see them
// from then on: whoever has seen something waits until it is durable before anybody is told.
class LogSync {
 public:
  // Of the log at `path`, which exists as long as this. Throws DatabaseError.
  explicit LogSync(const std::string& path);

  // Before a commit is written and after it was; `logged` says whether that was anything. By whoever has the
  // writer.
  uint64_t announce();
  void written(uint64_t commit, bool logged);

  // Until that commit, or all that were announced so far, are durable. The first to wait syncs for all that are
  // written by then. When a sync fails, nobody knows what is on the disk, while readers and the files beside the
  // database may count on it already: then the process ends, as the next start reads what is there.
  void wait(uint64_t commit) noexcept;
  void wait_for_all() noexcept;
  // Whether that would return at once.
  bool is_all_durable();
  // The last commit that was announced, unless it is still being written.
  std::optional<uint64_t> find_quiet();

 private:
  void sync(std::unique_lock<std::mutex>& lock);

  UniqueFd file_;
  std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  uint64_t announced_ = 0;
  uint64_t written_ = 0;
  uint64_t durable_ = 0;
  bool is_syncing_ = false;
};

}  // namespace holm::sql
