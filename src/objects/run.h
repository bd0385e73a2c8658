// Runs: sorted immutable files of entries, which checkpoints write and merging replaces by fewer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "objects/block_cache.h"
#include "objects/cursor.h"
#include "objects/disk.h"
#include "objects/key_filter.h"

namespace holm::objects {

// One entry, with its bytes.
struct FoundEntry {
  uint64_t sequence = 0;
  bool is_erased = false;
  std::string value;
};

// An open run. In memory there are one key a block and ten bits a key. Any thread.
class Run final : public std::enable_shared_from_this<Run> {
 public:
  // `cache` keeps blocks that find() reads; null: none.
  static Outcome<std::shared_ptr<Run>> open(Disk& disk, uint64_t number,
                                            std::shared_ptr<BlockCache> cache = nullptr);
  Run(uint64_t number, std::shared_ptr<File> file) : number_(number), file_(std::move(file)), filter_(0) {}
  static std::string name_of(uint64_t number);  // Of its file.

  uint64_t number() const { return number_; }
  uint64_t bytes() const { return bytes_; }
  uint64_t entries() const { return entries_; }
  size_t memory_bytes() const {
    return block_keys_.size() + blocks_.size() * sizeof(Block) + filter_.bytes().size();
  }

  Outcome<std::optional<FoundEntry>> find(std::string_view key) const;
  // From `from`, before `end` unless that is empty.
  Outcome<std::unique_ptr<Cursor>> walk(std::string_view from, std::string end) const;
  // Reads everything; the first thing that is not as it was written.
  Outcome<> check() const;

 private:
  friend class RunCursor;
  struct Block {
    uint64_t offset = 0;
    uint32_t bytes = 0;
    uint32_t key_end = 0;  // In block_keys_, where its first key ends and that of the next begins.
  };

  Outcome<> read_index();
  std::string_view first_key(size_t block) const;
  size_t block_of(std::string_view key) const;  // The last one that begins at or before it.
  Outcome<BlockCache::Block> read_block(size_t block) const;
  Outcome<BlockCache::Block> find_block(size_t block) const;

  uint64_t number_;
  std::shared_ptr<File> file_;
  uint64_t bytes_ = 0, entries_ = 0;
  std::string block_keys_;
  std::vector<Block> blocks_;
  KeyFilter filter_;
  std::shared_ptr<BlockCache> cache_;
};

// Writes a run; entries come in order. One thread. What is not finished is removed at the next start.
class RunWriter final {
 public:
  static Outcome<std::unique_ptr<RunWriter>> create(Disk& disk, uint64_t number, uint64_t entries_max,
                                                    size_t block_bytes);
  RunWriter(std::shared_ptr<File> file, uint64_t entries_max, size_t block_bytes)
      : file_(std::move(file)), block_bytes_(block_bytes), filter_(entries_max) {}
  Outcome<> add(const Entry& entry);
  // Makes the file durable, but not its name.
  Outcome<> finish();

 private:
  Outcome<> end_block();
  Outcome<> append(std::string_view bytes);
  Outcome<> write_out();

  std::shared_ptr<File> file_;
  size_t block_bytes_;
  KeyFilter filter_;
  std::string block_, index_, unwritten_, last_key_, first_key_;
  uint64_t written_ = 0, entries_ = 0, blocks_ = 0;
};

}  // namespace holm::objects
