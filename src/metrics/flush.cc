// What is in memory becomes blocks in the database, and the log begins anew.

#include <algorithm>

#include "base/log.h"
#include "metrics/log.h"
#include "metrics/retention.h"
#include "metrics/store.h"
#include "sql/database.h"

namespace holm::metrics {

namespace {

constexpr std::chrono::hours kFlushEvery{1};
constexpr std::chrono::hours kCoarsenEvery{1};

// Runs what takes back a flush that was not finished.
template <class Function>
struct Unless {
  ~Unless() {
    if (!is_done) otherwise();
  }
  Function otherwise;
  bool is_done = false;
};

}  // namespace

// Takes everything out of the states; returns the number of the last log that is in it.
uint64_t Store::take_batch() {
  std::lock_guard lock(mutex_);
  // Names that the new log relies on are in the old one.
  log_->sync(log_->bytes());
  const uint64_t covered = log_number_;
  if (auto begun = begin_log(); !begun) throw sql::DatabaseError(begun.error().message);
  auto batch = std::make_shared<Batch>();
  for (State* state : changed_) {
    state->is_changed = false;
    batch->emplace(state->id, Taken{.state = state,
                                    .last = state->last,
                                    .is_stored = state->is_stored,
                                    .open = std::exchange(state->open, {}),
                                    .sealed = std::exchange(state->sealed, {})});
  }
  changed_.clear();
  unflushed_since_.reset();
  batch_ = std::move(batch);
  return covered;
}

// The database did not take it: it is in memory and in the old log as before.
void Store::put_back() {
  std::lock_guard lock(mutex_);
  for (const auto& [id, taken] : *batch_) {
    State& state = *taken.state;
    merge_slots(state.open, taken.open);
    state.sealed.insert(state.sealed.begin(), taken.sealed.begin(), taken.sealed.end());
    if (!state.is_changed) changed_.push_back(&state);
    state.is_changed = true;
  }
  batch_.reset();
  if (!unflushed_since_) unflushed_since_ = clock_.steady();
}

void Store::write_batch(sql::Transaction& transaction, const Batch& batch, uint64_t covered) {
  for (const auto& [id, taken] : batch) {
    const auto series = static_cast<int64_t>(id);
    if (!taken.is_stored) {
      transaction.run("INSERT INTO metrics_series (id, key, last) VALUES (?1, ?2, ?3)",
                      {series, sql::Blob{taken.state->key}, taken.last});
    } else {
      transaction.run("UPDATE metrics_series SET last = ?2 WHERE id = ?1", {series, taken.last});
    }
    std::vector<Slot> slots;
    for (const Block& block : taken.sealed) merge_slots(slots, decode_block(block.bytes).value());
    merge_slots(slots, taken.open);
    write_blocks(transaction, series, std::move(slots));
  }
  transaction.run("UPDATE metrics_meta SET log = ?1", {static_cast<int64_t>(covered)});
}

void Store::flush_alone() {
  const uint64_t covered = take_batch();
  auto restore = [this] { put_back(); };
  Unless<decltype(restore)> undo{restore};
  auto transaction = database_->begin(sql::Access::Write);
  write_batch(*transaction, *batch_, covered);
  {
    std::unique_lock moving(moving_);
    transaction->commit();
    std::lock_guard lock(mutex_);
    for (const auto& [id, taken] : *batch_) taken.state->is_stored = true;
    batch_.reset();
  }
  undo.is_done = true;
  remove_logs(covered);
}

void Store::flush() {
  std::lock_guard alone(flushing_now_);
  flush_alone();
}

void Store::maintain() {
  std::lock_guard alone(flushing_now_);
  const SteadyTime now = clock_.steady();
  bool is_due = false;
  {
    std::lock_guard lock(mutex_);
    is_due = unflushed_since_ &&
             (now - *unflushed_since_ >= kFlushEvery || log_->bytes() >= options_.log_bytes_max);
  }
  if (is_due) flush_alone();
  if (coarsened_at_ && now - *coarsened_at_ < kCoarsenEvery) return;
  coarsened_at_ = now;
  coarsen_old(to_milliseconds(clock_.now()) / 1000);
  forget_old(to_milliseconds(clock_.now()) / 1000);
}

}  // namespace holm::metrics
