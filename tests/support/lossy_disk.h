// A disk in memory that behaves as badly as a real one may: what was not synced is lost in part when the
// power goes, names too; it can be full, answer errors, and forget bits.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "objects/disk.h"

namespace holm::test {

// Sectors are written whole or not at all; which of those that were not synced are, nobody knows. Any thread.
class LossyDisk final : public objects::Disk {
 public:
  explicit LossyDisk(uint64_t seed) : random_(seed) {}

  // After `operations` further changes the power goes, in the middle of the last one.
  void cut_power_after(uint64_t operations) {
    std::lock_guard lock(mutex_);
    operations_left_ = operations;
  }
  bool is_off() const {
    std::lock_guard lock(mutex_);
    return is_off_;
  }

  // What is left of everything when the power comes back: each unsynced sector and name is old or new, by
  // chance.
  void restart() {
    std::lock_guard lock(mutex_);
    is_off_ = false;
    operations_left_ = ~uint64_t{0};
    // Now and then nothing, or all, of it got through.
    const uint64_t kept = pick(6);
    for (const NameChange& change : unsynced_names_) {
      if (!chance(kept)) continue;
      if (!change.removed.empty()) durable_names_.erase(change.removed);
      if (change.made) durable_names_[change.name] = change.made;
    }
    unsynced_names_.clear();
    names_ = durable_names_;
    for (auto& [name, content] : names_) {
      for (uint64_t sector : content->unsynced) {
        if (chance(kept)) content->keep(sector);
      }
      content->unsynced.clear();
      content->now = content->durable;
    }
  }

  // 0: without end.
  void set_capacity(uint64_t bytes) {
    std::lock_guard lock(mutex_);
    capacity_ = bytes;
  }
  void fail_syncs(bool fails) {
    std::lock_guard lock(mutex_);
    syncs_fail_ = fails;
  }
  // Reading anything of the file answers an error.
  void fail_reads(const std::string& name) {
    std::lock_guard lock(mutex_);
    names_.at(name)->reads_fail = true;
  }
  // One bit is not what it was.
  void flip_bit(const std::string& name, uint64_t offset) {
    std::lock_guard lock(mutex_);
    Content& content = *names_.at(name);
    for (std::string* bytes : {&content.now, &content.durable}) {
      if (offset < bytes->size()) (*bytes)[offset] = static_cast<char>((*bytes)[offset] ^ 1);
    }
  }
  std::string bytes_of(const std::string& name) const {
    std::lock_guard lock(mutex_);
    return names_.at(name)->now;
  }
  uint64_t syncs() const {
    std::lock_guard lock(mutex_);
    return syncs_;
  }
  uint64_t used() const {
    std::lock_guard lock(mutex_);
    return used_bytes();
  }

  objects::Outcome<std::shared_ptr<objects::File>> create(const std::string& name) override {
    std::lock_guard lock(mutex_);
    if (auto able = change(); !able) return objects::fail(able.error());
    auto content = std::make_shared<Content>();
    names_[name] = content;
    unsynced_names_.push_back({.name = name, .made = content});
    return std::make_shared<LossyFile>(*this, content);
  }
  objects::Outcome<std::shared_ptr<objects::File>> open(const std::string& name) override {
    std::lock_guard lock(mutex_);
    const auto found = names_.find(name);
    if (found == names_.end()) return objects::fail(objects::Fault::Absent, "There is no " + name + ".");
    return std::make_shared<LossyFile>(*this, found->second);
  }
  objects::Outcome<> rename(const std::string& from, const std::string& to) override {
    std::lock_guard lock(mutex_);
    if (auto able = change(); !able) return able;
    const auto found = names_.find(from);
    if (found == names_.end()) return objects::fail(objects::Fault::Absent, "There is no " + from + ".");
    auto content = found->second;
    names_.erase(found);
    names_[to] = content;
    unsynced_names_.push_back({.name = to, .made = content, .removed = from});
    return {};
  }
  objects::Outcome<> remove(const std::string& name) override {
    std::lock_guard lock(mutex_);
    if (auto able = change(); !able) return able;
    if (names_.erase(name) > 0) unsynced_names_.push_back({.removed = name});
    return {};
  }
  objects::Outcome<> sync_names() override {
    std::lock_guard lock(mutex_);
    if (auto able = change(); !able) return able;
    unsynced_names_.clear();
    durable_names_ = names_;
    return {};
  }
  uint64_t room() const override {
    std::lock_guard lock(mutex_);
    return capacity_ == 0 ? ~uint64_t{0} : capacity_ - std::min(capacity_, used_bytes());
  }
  objects::Outcome<std::vector<std::string>> list() const override {
    std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, content] : names_) names.push_back(name);
    return names;
  }

 private:
  static constexpr uint64_t kSector = 512;

  struct Content {
    std::string now, durable;
    std::set<uint64_t> unsynced;  // Sectors.
    bool reads_fail = false;

    void keep(uint64_t sector) {
      const uint64_t begin = sector * kSector, end = std::min<uint64_t>(begin + kSector, now.size());
      if (begin >= end) return;
      if (durable.size() < end) durable.resize(end, '\0');
      std::memcpy(durable.data() + begin, now.data() + begin, end - begin);
    }
  };
  struct NameChange {
    std::string name = {};
    std::shared_ptr<Content> made = {};
    std::string removed = {};
  };

  class LossyFile final : public objects::File {
   public:
    LossyFile(LossyDisk& disk, std::shared_ptr<Content> content)
        : disk_(disk), content_(std::move(content)) {}

    objects::Outcome<> write_at(uint64_t offset, std::string_view bytes) override {
      std::lock_guard lock(disk_.mutex_);
      const bool was_off = disk_.is_off_;
      auto able = disk_.change();
      if (was_off) return able;
      const uint64_t end = offset + bytes.size();
      const uint64_t grown = end > content_->now.size() ? end - content_->now.size() : 0;
      if (disk_.capacity_ != 0 && grown > 0 && disk_.used_bytes() + grown > disk_.capacity_) {
        return objects::fail(objects::Fault::Full, "No space is left.");
      }
      if (grown > 0) content_->now.resize(end, '\0');
      bytes.copy(content_->now.data() + offset, bytes.size());
      for (uint64_t sector = offset / kSector; sector * kSector < end; ++sector)
        content_->unsynced.insert(sector);
      return able;
    }
    objects::Outcome<size_t> read_at(uint64_t offset, char* buffer, size_t count) const override {
      std::lock_guard lock(disk_.mutex_);
      if (content_->reads_fail) return objects::fail(objects::Fault::Broken, "Input/output error");
      if (offset >= content_->now.size()) return size_t{0};
      return content_->now.copy(buffer, count, offset);
    }
    // All of it is in memory.
    size_t read_cached(uint64_t offset, char* buffer, size_t count) const override {
      return read_at(offset, buffer, count).value_or(0);
    }
    objects::Outcome<> sync() override {
      std::lock_guard lock(disk_.mutex_);
      if (auto able = disk_.change(); !able) return able;
      ++disk_.syncs_;
      if (disk_.syncs_fail_) {
        // As Linux does it: the pages count as written, and are not.
        content_->unsynced.clear();
        return objects::fail(objects::Fault::Broken, "Input/output error");
      }
      if (content_->durable.size() != content_->now.size())
        content_->durable.resize(content_->now.size(), '\0');
      for (uint64_t sector : content_->unsynced) content_->keep(sector);
      content_->unsynced.clear();
      return {};
    }
    void start_sync(uint64_t, uint64_t) override {}
    objects::Outcome<> punch(uint64_t offset, uint64_t bytes) override {
      std::lock_guard lock(disk_.mutex_);
      if (auto able = disk_.change(); !able) return able;
      const uint64_t end = std::min<uint64_t>(offset + bytes, content_->now.size());
      if (offset >= end) return {};
      std::memset(content_->now.data() + offset, 0, end - offset);
      for (uint64_t sector = offset / kSector; sector * kSector < end; ++sector)
        content_->unsynced.insert(sector);
      return {};
    }
    objects::Outcome<uint64_t> size() const override {
      std::lock_guard lock(disk_.mutex_);
      return content_->now.size();
    }
    objects::Outcome<uint64_t> allocated() const override { return size(); }

   private:
    LossyDisk& disk_;
    std::shared_ptr<Content> content_;
  };

  // Counts a change; fails once the power is off. The change that it goes with may still get through in part.
  objects::Outcome<> change() {
    if (!is_off_ && operations_left_-- == 0) is_off_ = true;
    if (is_off_) return objects::fail(objects::Fault::Broken, "The power is off.");
    return {};
  }
  uint64_t pick(uint64_t bound) { return random_() % bound; }
  bool chance(uint64_t kept) { return kept == 0 ? false : kept == 1 ? true : pick(4) + 2 <= kept; }
  uint64_t used_bytes() const {
    uint64_t sum = 0;
    for (const auto& [name, content] : names_) sum += content->now.size();
    return sum;
  }

  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  std::map<std::string, std::shared_ptr<Content>> names_, durable_names_;
  std::vector<NameChange> unsynced_names_;
  uint64_t operations_left_ = ~uint64_t{0};
  uint64_t capacity_ = 0, syncs_ = 0;
  bool is_off_ = false, syncs_fail_ = false;
};

}  // namespace holm::test
