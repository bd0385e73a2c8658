// What was committed since the last checkpoint, in memory and in order.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "objects/cursor.h"

namespace holm::objects {

// Keeps every state of a key, so that readers of an older moment are not disturbed. Guarded by its owner's
// mutex.
class MemoryTable final {
 public:
  // Nothing: the key is erased.
  void put(std::string_view key, uint64_t sequence, std::optional<std::string_view> value);
  // The latest state up to `sequence_max`; nothing when this table knows none.
  std::optional<Entry> find(std::string_view key, uint64_t sequence_max) const;
  size_t bytes() const { return bytes_; }  // About what it takes of memory.
  bool is_empty() const { return entries_.empty(); }

 private:
  friend class MemoryCursor;

  struct Place {
    std::string key;
    uint64_t sequence;
  };
  struct PlaceView {
    std::string_view key;
    uint64_t sequence;
  };
  // Keys ascend; of one key the latest state is first.
  struct Before {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      const int order = std::string_view(a.key).compare(std::string_view(b.key));
      return order != 0 ? order < 0 : a.sequence > b.sequence;
    }
  };
  struct State {
    bool is_erased = false;
    std::string value;
  };

  using Entries = std::map<Place, State, Before>;

  Entries entries_;
  // Each key's first, which most who look for one want, without the way down the tree. The names are the
  // entries' own: none is ever taken out.
  std::unordered_map<std::string_view, Entries::const_iterator> latest_;
  size_t bytes_ = 0;
};

// The entries of `table` from `from`, before `end` unless that is empty, as of `sequence_max`. Takes `mutex`,
// the one that guards the table, for some entries at a time.
std::unique_ptr<Cursor> walk(std::shared_ptr<const MemoryTable> table, std::mutex& mutex, std::string from,
                             std::string end, uint64_t sequence_max);

}  // namespace holm::objects
