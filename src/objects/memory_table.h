// What was committed since the last checkpoint, in memory and in order.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "objects/cursor.h"

namespace holm::objects {

// Keeps every state of a key, so that readers of an older moment are not disturbed. Guarded by its owner's
// mutex. All of it lies in a few large pieces of memory, for else the thread that ends a table would dispute the
// allocator, entry by entry, with the one that fills the next.
class MemoryTable final {
 public:
  MemoryTable() = default;
  MemoryTable(const MemoryTable&) = delete;
  MemoryTable& operator=(const MemoryTable&) = delete;

  // Nothing: the key is erased.
  void put(std::string_view key, uint64_t sequence, std::optional<std::string_view> value);
  // The latest state up to `sequence_max`; nothing when this table knows none.
  std::optional<Entry> find(std::string_view key, uint64_t sequence_max) const;
  size_t bytes() const { return bytes_; }  // About what it takes of memory.
  size_t keys() const { return latest_.size(); }
  bool is_empty() const { return entries_.empty(); }

 private:
  friend class MemoryCursor;

  struct Place {
    std::string_view key;
    uint64_t sequence;
  };
  // Keys ascend; of one key the latest state is first.
  struct Before {
    bool operator()(const Place& a, const Place& b) const {
      const int order = a.key.compare(b.key);
      return order != 0 ? order < 0 : a.sequence > b.sequence;
    }
  };
  struct State {
    bool is_erased = false;
    std::string_view value;
  };

  using Entries = std::pmr::map<Place, State, Before>;
  std::string_view kept(std::string_view text);

  std::pmr::monotonic_buffer_resource memory_;
  Entries entries_{&memory_};
  // Each key's first, which most who look for one want, without the way down the tree.
  std::pmr::unordered_map<std::string_view, Entries::const_iterator> latest_{&memory_};
  size_t bytes_ = 0;
};

// The entries of `table` from `from`, before `end` unless that is empty, as of `sequence_max`. Takes `mutex`,
// the one that guards the table, for some entries at a time.
std::unique_ptr<Cursor> walk(std::shared_ptr<const MemoryTable> table, std::mutex& mutex, std::string from,
                             std::string end, uint64_t sequence_max);

}  // namespace holm::objects
