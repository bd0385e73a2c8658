// What is kept is the latest: a commit is announced, then these are ended, then it is written.

#include "sql/kept_snapshots.h"

#include <utility>

#include "sql/log_sync.h"

namespace holm::sql {

namespace {

// As many as read at a time where nothing may be waited for.
constexpr size_t kKeptMax = 8;

}  // namespace

std::optional<uint64_t> KeptSnapshots::number() const { return sync_.find_quiet(); }

KeptSnapshots::Snapshot KeptSnapshots::take() {
  std::lock_guard lock(mutex_);
  if (kept_.empty()) return {};
  Snapshot snapshot = std::move(kept_.back());
  kept_.pop_back();
  return snapshot;
}

bool KeptSnapshots::keep(std::unique_ptr<Connection>& connection, std::unique_ptr<Derived>& derived,
                         uint64_t number) {
  // A transaction that an error has ended shows nothing.
  if (!connection->is_in_transaction()) return false;
  std::lock_guard lock(mutex_);
  if (is_paused_ || kept_.size() >= kKeptMax || sync_.find_quiet() != number) return false;
  kept_.push_back({std::move(connection), number, std::move(derived)});
  return true;
}

std::vector<std::unique_ptr<Connection>> KeptSnapshots::end_all() {
  std::vector<Snapshot> snapshots;
  {
    std::lock_guard lock(mutex_);
    snapshots.swap(kept_);
  }
  return end(std::move(snapshots));
}

std::vector<std::unique_ptr<Connection>> KeptSnapshots::pause() {
  {
    std::lock_guard lock(mutex_);
    is_paused_ = true;
  }
  return end_all();
}

void KeptSnapshots::go_on() {
  std::lock_guard lock(mutex_);
  is_paused_ = false;
}

std::vector<std::unique_ptr<Connection>> KeptSnapshots::end(std::vector<Snapshot> snapshots) const {
  std::vector<std::unique_ptr<Connection>> ended;
  for (Snapshot& snapshot : snapshots) {
    snapshot.connection->roll_back();
    ended.push_back(std::move(snapshot.connection));
  }
  return ended;
}

}  // namespace holm::sql
