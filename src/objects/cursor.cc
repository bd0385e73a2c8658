// Several cursors as one.

#include "objects/cursor.h"

#include <string>
#include <vector>

namespace holm::objects {

namespace {

// There are a dozen sources at most, so they are compared one by one.
class MergingCursor final : public Cursor {
 public:
  explicit MergingCursor(std::vector<std::unique_ptr<Cursor>> sources) : sources_(std::move(sources)) {
    choose();
  }

  bool is_at_end() const override { return chosen_ == nullptr; }
  Entry entry() const override { return chosen_->entry(); }

  Outcome<> next() override {
    key_ = chosen_->entry().key;
    for (const auto& source : sources_) {
      if (source->is_at_end() || source->entry().key != key_) continue;
      if (auto moved = source->next(); !moved) return moved;
    }
    std::erase_if(sources_, [](const auto& source) { return source->is_at_end(); });
    choose();
    return {};
  }

 private:
  void choose() {
    chosen_ = nullptr;
    for (const auto& source : sources_) {
      if (source->is_at_end()) continue;
      if (chosen_ == nullptr) {
        chosen_ = source.get();
        continue;
      }
      const Entry best = chosen_->entry(), other = source->entry();
      const int order = other.key.compare(best.key);
      if (order < 0 || (order == 0 && other.sequence > best.sequence)) chosen_ = source.get();
    }
  }

  std::vector<std::unique_ptr<Cursor>> sources_;
  Cursor* chosen_ = nullptr;
  std::string key_;  // That was chosen last.
};

}  // namespace

std::unique_ptr<Cursor> merge(std::vector<std::unique_ptr<Cursor>> sources) {
  return std::make_unique<MergingCursor>(std::move(sources));
}

}  // namespace holm::objects
