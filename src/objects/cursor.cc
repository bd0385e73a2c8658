// Several cursors as one.

#include "objects/cursor.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace holm::objects {

namespace {

// There are a dozen sources at most, kept in the order of what they are at: mostly the first one goes on and stays
// the first, as large runs have many entries between two of a small one.
class MergingCursor final : public Cursor {
 public:
  explicit MergingCursor(std::vector<std::unique_ptr<Cursor>> sources) {
    for (auto& source : sources) {
      if (source->is_at_end()) continue;
      const Entry entry = source->entry();
      places_.push_back({std::move(source), entry});
    }
    std::ranges::sort(places_, is_before);
  }

  bool is_at_end() const override { return places_.empty(); }
  Entry entry() const override { return places_.front().entry; }

  Outcome<> next() override {
    if (places_.size() == 1) return move_first();
    key_ = places_.front().entry.key;
    // What is older than it in others is passed over.
    while (!places_.empty() && places_.front().entry.key == key_) {
      if (auto moved = move_first(); !moved) return moved;
    }
    return {};
  }

 private:
  struct Place {
    std::unique_ptr<Cursor> cursor;
    Entry entry;  // That it is at.
  };

  static bool is_before(const Place& a, const Place& b) {
    const int order = a.entry.key.compare(b.entry.key);
    return order < 0 || (order == 0 && a.entry.sequence > b.entry.sequence);
  }

  Outcome<> move_first() {
    Place& first = places_.front();
    if (auto moved = first.cursor->next(); !moved) return moved;
    if (first.cursor->is_at_end()) {
      places_.erase(places_.begin());
      return {};
    }
    first.entry = first.cursor->entry();
    for (size_t i = 1; i < places_.size() && is_before(places_[i], places_[i - 1]); ++i)
      std::swap(places_[i], places_[i - 1]);
    return {};
  }

  std::vector<Place> places_;
  std::string key_;  // That was the first one last.
};

}  // namespace

std::unique_ptr<Cursor> merge(std::vector<std::unique_ptr<Cursor>> sources) {
  return std::make_unique<MergingCursor>(std::move(sources));
}

}  // namespace holm::objects
