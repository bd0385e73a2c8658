// What was committed since the last checkpoint.

#include "objects/memory_table.h"

#include <algorithm>
#include <vector>

namespace holm::objects {

namespace {

constexpr size_t kEntryBytes = 80;  // Of a map's node.
constexpr size_t kKeyBytes = 64;    // Of a key's place in the index.
// Copied at a time: few at first, as many a walk ends where it begins, then more and more.
constexpr size_t kEntriesFirst = 4;
constexpr size_t kEntriesAtOnceMax = 128;

struct Copy {
  std::string key;
  uint64_t sequence;
  bool is_erased;
  std::string value;
};

}  // namespace

std::string_view MemoryTable::kept(std::string_view text) {
  if (text.empty()) return {};
  char* copy = static_cast<char*>(memory_.allocate(text.size(), 1));
  text.copy(copy, text.size());
  bytes_ += text.size();
  return {copy, text.size()};
}

void MemoryTable::put(std::string_view key, uint64_t sequence, std::optional<std::string_view> value) {
  const State state{.is_erased = !value, .value = kept(value.value_or(""))};
  bytes_ += kEntryBytes;
  const auto known = latest_.find(key);
  if (known == latest_.end()) {
    bytes_ += kKeyBytes;
    const auto placed = entries_.emplace(Place{kept(key), sequence}, state).first;
    latest_.emplace(placed->first.key, placed);
    return;
  }
  // What is newer comes right before what was the latest.
  const auto placed = entries_.insert_or_assign(known->second, Place{known->first, sequence}, state);
  if (sequence > known->second->first.sequence) known->second = placed;
}

std::optional<Entry> MemoryTable::find(std::string_view key, uint64_t sequence_max) const {
  const auto known = latest_.find(key);
  if (known == latest_.end()) return std::nullopt;
  auto found = known->second;
  if (found->first.sequence > sequence_max) {
    found = entries_.lower_bound(Place{key, sequence_max});
    if (found == entries_.end() || found->first.key != key) return std::nullopt;
  }
  return Entry{found->first.key, found->first.sequence, found->second.is_erased, found->second.value};
}

class MemoryCursor final : public Cursor {
 public:
  MemoryCursor(std::shared_ptr<const MemoryTable> table, std::mutex& mutex, std::string from, std::string end,
               uint64_t sequence_max)
      : table_(std::move(table)),
        mutex_(mutex),
        from_(std::move(from)),
        end_(std::move(end)),
        max_(sequence_max) {
    copy_some();
  }

  bool is_at_end() const override { return at_ == copies_.size(); }
  Entry entry() const override {
    const Copy& copy = copies_[at_];
    return {copy.key, copy.sequence, copy.is_erased, copy.value};
  }
  Outcome<> next() override {
    if (++at_ == copies_.size() && !is_exhausted_) {
      from_ = copies_.back().key + '\0';
      copy_some();
    }
    return {};
  }

 private:
  // Entries are never taken out of the table, so going on behind the last key misses nothing.
  void copy_some() {
    std::lock_guard lock(mutex_);
    copies_.clear();
    at_ = 0;
    auto found = table_->entries_.lower_bound(MemoryTable::Place{from_, UINT64_MAX});
    for (; found != table_->entries_.end(); ++found) {
      const auto& [place, state] = *found;
      if (!end_.empty() && place.key >= end_) break;
      const bool is_older = !copies_.empty() && copies_.back().key == place.key;
      if (place.sequence > max_ || is_older) continue;
      if (copies_.size() == at_once_) {
        at_once_ = std::min(2 * at_once_, kEntriesAtOnceMax);
        return;
      }
      copies_.push_back({std::string(place.key), place.sequence, state.is_erased, std::string(state.value)});
    }
    is_exhausted_ = true;
  }

  std::shared_ptr<const MemoryTable> table_;
  std::mutex& mutex_;
  std::string from_, end_;
  uint64_t max_;
  size_t at_once_ = kEntriesFirst;
  std::vector<Copy> copies_;
  size_t at_ = 0;
  bool is_exhausted_ = false;
};

std::unique_ptr<Cursor> walk(std::shared_ptr<const MemoryTable> table, std::mutex& mutex, std::string from,
                             std::string end, uint64_t sequence_max) {
  return std::make_unique<MemoryCursor>(std::move(table), mutex, std::move(from), std::move(end),
                                        sequence_max);
}

}  // namespace holm::objects
