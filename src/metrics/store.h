// Where measured values are kept: for a while to the second, then more and more coarsely, as CloudWatch does.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "metrics/block.h"
#include "metrics/recorder.h"
#include "metrics/series.h"

namespace holm::sql {
class Database;
class Transaction;
}  // namespace holm::sql

namespace holm::metrics {

class Log;

struct StoreOptions {
  std::string folder;
  uint64_t log_bytes_max = 64 << 20;  // A longer log is flushed.
};

// More that was measured of a series: in the slot's second, or in the minute that begins with it.
struct Addition {
  Series series;
  Slot slot;
};

// What was asked for of one unit of a metric.
struct Readings {
  std::string unit;
  std::vector<Slot> slots;  // Ascending.
};

struct ListedSeries {
  Series series;
  int64_t last = 0;  // The newest slot's time.
};

// New values are in memory and in a log; a flush makes compressed blocks of them in a database of the store's
// own, and maintain() makes fewer and coarser blocks of those. All of it adds up in any order, so a value may
// be handed in late. Any thread; calls may block on the disk. README.md says how it is built.
class Store final : public Recorder {
 public:
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options, Clock& clock);

  // Returns when the disk has it. Throws sql::StorageFull or sql::DatabaseError.
  void put(const std::vector<Addition>& additions);
  // Does not block on the disk; while that takes nothing for long, values are lost.
  void record(const Series& series, Time time, const Statistics& measured) override;
  // What record() was given goes to the kernel. To be called every few seconds, and in the end.
  void settle();

  // Slots from `from` until before `to`, of every unit the metric has, or of the one that is named.
  std::vector<Readings> read(const Metric& metric, const std::optional<std::string>& unit, int64_t from,
                             int64_t to) const;
  // Up to `count` series whose keys begin with `prefix` and come after `after`, in their order.
  std::vector<ListedSeries> list(std::string_view prefix, std::string_view after, size_t count) const;

  // Makes blocks of what is in memory. Also done by maintain() once an hour, and when the log is long.
  void flush();
  // To be called every minute: keeps the store small. Takes long when much has become old.
  void maintain();

  // Use open().
  Store(StoreOptions options, Clock& clock, std::unique_ptr<sql::Database> database);
  ~Store() override;

 private:
  struct Block {
    int64_t first = 0;
    int64_t last = 0;
    std::string bytes;
  };
  struct State {
    uint64_t id = 0;
    std::string key;
    int64_t last = 0;
    bool is_named = false;    // The log or the database says whose id it is.
    bool is_stored = false;   // The database says so.
    bool is_changed = false;  // It is in changed_.
    std::vector<Slot> open;   // Ascending.
    std::vector<Block> sealed;
  };
  // What a flush took out of a series' state.
  struct Taken {
    State* state = nullptr;
    int64_t last = 0;
    bool is_stored = false;
    std::vector<Slot> open;
    std::vector<Block> sealed;
  };
  using Batch = std::map<uint64_t, Taken>;

  Result<void> replay();
  Result<void> begin_log();
  State& state_of(std::string_view key);
  void add(State& state, const Slot& slot);
  struct Keyed {
    std::string key;
    const Slot* slot;
  };
  struct Logged {
    std::shared_ptr<Log> log;
    uint64_t position = 0;
  };
  std::optional<Logged> add_all(const std::vector<Keyed>& additions);
  void flush_alone();
  uint64_t take_batch();
  void write_batch(sql::Transaction& transaction, const Batch& batch, uint64_t covered);
  void put_back();
  void remove_logs(uint64_t up_to) const;
  void coarsen_old(int64_t now);
  void rewrite_blocks(sql::Transaction& transaction, int64_t series, int64_t now);
  void forget_old(int64_t now);

  const StoreOptions options_;
  Clock& clock_;
  std::unique_ptr<sql::Database> database_;
  std::mutex flushing_now_;  // One flush or maintenance at a time; taken before the others.
  // Shared by readers while they decide what is in memory and what in the database; alone by the commit that
  // moves something from one to the other.
  mutable std::shared_mutex moving_;
  mutable std::mutex mutex_;
  // Guarded by mutex_, as all that follow. Series stay where they are, by their keys' order.
  std::map<std::string, std::unique_ptr<State>, std::less<>> series_;
  std::unordered_map<std::string_view, State*> by_key_;
  std::vector<State*> changed_;
  std::shared_ptr<const Batch> batch_;  // On its way into the database.
  uint64_t next_id_ = 1;
  uint64_t log_number_ = 0;
  std::shared_ptr<Log> log_;
  std::optional<SteadyTime> unflushed_since_;
  std::optional<SteadyTime> coarsened_at_;
};

}  // namespace holm::metrics
