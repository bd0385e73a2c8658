// The engine: a commit log, an index of what it says, and volumes for large bodies.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "objects/body_files.h"
#include "objects/disk.h"
#include "objects/log_record.h"
#include "objects/manifest.h"
#include "objects/memory_table.h"
#include "objects/metadata.h"
#include "objects/run.h"
#include "objects/segment_files.h"
#include "objects/volumes.h"

namespace holm::objects {

struct Options {
  uint64_t segment_bytes_min = uint64_t{1} << 20;  // Segments double up to the next.
  uint64_t segment_bytes_max = uint64_t{64} << 20;
  uint64_t reserve_bytes = uint64_t{1} << 20;
  uint64_t ballast_bytes = uint64_t{16} << 20;   // At least what a checkpoint writes.
  size_t inline_bytes_max = 128 * 1024;          // Of bodies that lie in the log.
  size_t memory_bytes_max = size_t{16} << 20;    // Of the index in memory before it is written out.
  uint64_t piece_bytes = uint64_t{1} << 20;      // Of the log that is compacted at a time.
  uint64_t log_bytes_max = uint64_t{256} << 20;  // Written before the same.
  size_t block_bytes = 8 * 1024;                 // Of runs.
  size_t cache_bytes_max = size_t{8} << 20;      // Of their blocks, in memory.
  VolumeOptions volumes = {};
};

// What looking at every byte found.
struct ScrubReport {
  uint64_t bodies = 0;
  uint64_t runs = 0;
  std::vector<BodyId> damaged = {};
  std::vector<std::string> messages = {};  // One a damaged body or run.
};

struct EngineNumbers {
  uint64_t runs = 0;
  uint64_t segments = 0;
  uint64_t index_bytes = 0;   // Of memory.
  uint64_t memory_bytes = 0;  // Of what was committed since the last checkpoint.
  uint64_t disk_bytes = 0;    // Of runs and segments.
  uint64_t volume_bytes = 0;  // Live, of large bodies.
};

// It does nothing by itself: one thread calls write_group(), one upkeep() (see store.h), so that tests can
// take every step themselves. All else may be called by any thread.
class Engine final : public Metadata, public Bodies {
 public:
  // Reads the log since the last checkpoint. The disk outlives the engine. Damaged when something that was
  // stored cannot be read; nothing is changed then.
  static Outcome<std::unique_ptr<Engine>> open(Disk& disk, const Options& options);
  Engine(Disk& disk, const Options& options);  // For open().
  ~Engine() override;

  Outcome<std::optional<RecordState>> find(const std::string& key) override;
  Outcome<std::vector<RecordPage>> scan_all(std::span<const Range> ranges, size_t records_max) override;
  void commit(Batch batch, Committed committed) override;
  uint64_t take_number() override;
  Outcome<std::unique_ptr<BodyWriter>> write_body() override;
  Outcome<std::unique_ptr<BodyReader>> open_body(BodyId id) override;

  // Writes what waits, with one sync, and answers it. False when nothing waited. One thread.
  bool write_group();
  // Waits until something waits to be committed, or stop() was called: false.
  bool wait_for_commits();
  // One step of what is not urgent: a checkpoint, merging runs, compaction. False when there is nothing to
  // do. Errors are told, and the step is tried again after further commits. One thread.
  Outcome<bool> upkeep();
  // Waits until upkeep may have something to do, or stop() was called: false.
  bool wait_for_upkeep();
  void stop();
  // Writes the whole index out, so that the next start reads nothing of the log. Not beside write_group().
  Outcome<> checkpoint();

  // Looks at every byte.
  Outcome<ScrubReport> scrub();
  EngineNumbers numbers() const;

 private:
  using Runs = std::vector<std::shared_ptr<Run>>;

  struct Segment {
    std::shared_ptr<File> file;
    uint64_t bytes = 0;
    uint64_t live_bytes = 0;  // Of small bodies.
  };
  struct Reusable {
    uint32_t number = 0;
    Segment segment;
  };
  // A segment whose bodies are being moved, and how far that is.
  struct Compaction {
    uint32_t segment = 0;
    std::shared_ptr<File> file;
    uint64_t at = 0;
  };
  // A small body that compaction takes out of a segment.
  struct Move {
    BodyId body = 0;
    Location before = {};
    std::string content;
  };
  struct Waiting {
    Batch batch;
    Committed committed;
    std::vector<Move> moves = {};
  };
  // What one moment looks like.
  struct View {
    std::shared_ptr<const MemoryTable> memory, frozen;
    std::shared_ptr<const Runs> runs;
    uint64_t sequence = 0;
  };
  struct Freed {
    BodyId body = 0;
    Location location = {};
    std::vector<Extent> extents = {};
  };
  // The commits that one write makes durable.
  struct Group {
    std::string bytes;
    uint64_t offset = 0;  // Of `bytes` in the tail.
    std::vector<std::pair<Committed, CommitResult>> answers;
    std::vector<Freed> freed;
    uint64_t last = 0;    // The highest sequence; 0: none.
    uint64_t synced = 0;  // The highest one that is durable already.
  };
  struct Prepared;

  // engine_open.cc
  Outcome<> recover();
  Outcome<> open_runs(const Manifest& manifest);
  Outcome<> replay_log(const std::vector<std::string>& names);
  Outcome<> open_segment(uint32_t number, Replay& replay);
  void apply_replayed(const LogRecord& record);
  Outcome<> open_volumes(const std::vector<std::string>& names);
  Outcome<> remove_strays(const std::vector<std::string>& names);

  // engine.cc
  View view(uint64_t sequence) const;  // 0: of what is durable.
  Outcome<std::optional<FoundEntry>> find_entry(const View& view, std::string_view key) const;
  // Of what is durable, with the lock taken once.
  Outcome<std::optional<FoundEntry>> find_durable(std::string_view key) const;
  Outcome<std::unique_ptr<Cursor>> walk_view(const View& view, const std::string& from,
                                             const std::string& end) const;
  Outcome<RecordPage> scan_view(const View& view, const Range& range, size_t records_max) const;
  Outcome<std::string> read_content(const Location& location) const;

  // engine_commit.cc
  void commit_one(Waiting& waiting, Group& group);
  std::optional<CommitFailure> refusal_of(const Batch& batch) const;
  Outcome<Prepared> prepare(Waiting& waiting) const;
  Outcome<> prepare_moves(const std::vector<Move>& moves, Prepared& prepared) const;
  Outcome<> prepare_forgotten(const std::vector<BodyId>& bodies, Prepared& prepared) const;
  Outcome<> make_room(Group& group, const Prepared& prepared);
  Outcome<> begin_segment(size_t bytes, bool frees_space);
  void drop_overtaken_spare();
  void apply(Prepared& prepared, std::string_view encoded, Group& group);
  void apply_operation(const Operation& operation, uint64_t sequence);
  Outcome<> write_out(Group& group);
  void finish(Group& group);
  void wake_upkeep_if_due();
  void freeze();
  bool is_behind() const;

  // engine_upkeep.cc
  Outcome<bool> write_checkpoint();
  Outcome<> write_checkpoint_of(const std::shared_ptr<MemoryTable>& frozen, Manifest manifest);
  Outcome<bool> merge_runs();
  Outcome<bool> prepare_segments();
  Outcome<bool> prepare_reserves();
  Outcome<bool> compact();
  bool choose_segment();
  bool is_alive(const Operation& operation, const View& now) const;
  void enqueue_moves(std::vector<Move> moves);
  Outcome<std::shared_ptr<File>> next_segment_file(uint32_t number, uint64_t& bytes);
  Outcome<bool> remove_dead_segments();
  Outcome<> drop_reusable(size_t kept);
  Outcome<std::shared_ptr<Run>> write_run(Cursor& entries, uint64_t entries_max, bool is_oldest);
  void check_bodies(std::vector<BodyId> bodies, ScrubReport& report);

  Disk& disk_;
  const Options options_;
  std::shared_ptr<BlockCache> cache_;
  Volumes volumes_;

  mutable std::mutex mutex_;  // Guards what follows, up to the next comment.
  std::condition_variable commits_wait_, upkeep_waits_;
  std::deque<Waiting> waiting_;
  std::shared_ptr<MemoryTable> memory_ = std::make_shared<MemoryTable>();
  std::shared_ptr<MemoryTable> frozen_;  // Being written out; null: none.
  Manifest frozen_manifest_;             // What holds once it is.
  std::shared_ptr<const Runs> runs_ = std::make_shared<const Runs>();
  std::map<uint32_t, Segment> segments_;
  std::shared_ptr<File> spare_;  // The segment to come, made ahead; null: none.
  uint32_t spare_number_ = 0;
  uint64_t spare_bytes_ = 0;
  uint32_t next_segment_ = 1;
  uint64_t durable_ = 0;
  uint64_t numbers_ = 0;
  uint64_t log_bytes_ = 0;  // Since the last freeze.
  std::string failure_;     // Not empty: nothing is committed any more.
  bool is_stopping_ = false;
  bool upkeep_due_ = false;
  bool upkeep_fails_ = false;
  bool has_reserve_ = false;
  bool is_full_ = false;  // No segment could be made.
  bool has_compaction_failed_ = false;
  uint64_t freed_bytes_ = 0;  // Since upkeep was last woken for it.
  size_t moving_ = 0;         // Commits of compaction that wait.
  uint32_t tail_ = 0;         // The segment that is being written; 0: none.

  // Of the thread that writes, as the tail.
  uint64_t next_sequence_ = 1;
  std::shared_ptr<File> tail_file_;
  uint64_t tail_bytes_ = 0, tail_offset_ = 0;
  uint64_t next_segment_bytes_ = 0;
  std::string buffer_;   // Of the last group, empty.
  bool is_new_ = false;  // There is no manifest yet: starting a region that has no objects shall cost nothing.

  // Of the thread of upkeep.
  std::mutex upkeep_mutex_;
  Manifest manifest_;
  bool has_ballast_ = false;
  std::vector<Reusable> reusable_;  // Dead segments to be used again, so that no zeros have to be written.
  std::optional<Compaction> compaction_;
  std::set<uint32_t> compacted_;  // Once is enough: what is left of them is damaged.
};

// The keys of the index: records, and bodies by their ids.
std::string record_key(std::string_view key);
std::string body_key(BodyId id);

}  // namespace holm::objects
