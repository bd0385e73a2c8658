// What an object store is, in the simplest words: a map. The model that stores are compared with, and a
// second implementation of their interfaces.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "objects/bodies.h"
#include "objects/metadata.h"

namespace holm::test {

class ReferenceStore final : public objects::Metadata, public objects::Bodies {
 public:
  objects::Outcome<std::optional<objects::RecordState>> find(const std::string& key) override {
    std::lock_guard lock(mutex_);
    const auto found = records_.find(key);
    if (found == records_.end()) return std::nullopt;
    return objects::RecordState{found->second.value, found->second.stamp};
  }

  objects::Outcome<std::vector<objects::RecordPage>> scan_all(std::span<const objects::Range> ranges,
                                                           size_t records_max) override {
    std::lock_guard lock(mutex_);
    std::vector<objects::RecordPage> found;
    for (const objects::Range& range : ranges) {
      objects::RecordPage& records = found.emplace_back();
      for (auto at = records_.lower_bound(range.from); at != records_.end(); ++at) {
        if (records.size() == records_max || (!range.end.empty() && at->first >= range.end)) break;
        records.push_back(at->second);
      }
    }
    return found;
  }

  void commit(objects::Batch batch, objects::Committed committed) override {
    committed(apply(std::move(batch)));
  }

  uint64_t take_number() override {
    std::lock_guard lock(mutex_);
    return ++numbers_;
  }

  objects::Outcome<std::unique_ptr<objects::BodyWriter>> write_body() override {
    return std::make_unique<Writer>(take_number());
  }

  objects::Outcome<std::unique_ptr<objects::BodyReader>> open_body(objects::BodyId id) override {
    std::lock_guard lock(mutex_);
    const auto found = bodies_.find(id);
    if (found == bodies_.end()) return objects::fail(objects::Fault::Absent, "There is no such body.");
    return std::make_unique<Reader>(found->second);
  }

  objects::CommitResult apply(objects::Batch batch) {
    std::lock_guard lock(mutex_);
    if (!holds(batch)) return std::unexpected(objects::CommitFailure{objects::Refusal::Conflict, ""});
    const objects::Stamp stamp = ++stamps_;
    for (const objects::Change& change : batch.changes) {
      if (change.value) {
        records_[change.key] = {change.key, *change.value, stamp};
      } else {
        records_.erase(change.key);
      }
    }
    for (const auto& body : batch.adopted) bodies_[body->id()] = static_cast<const Body&>(*body).content();
    for (objects::BodyId body : batch.forgotten) bodies_.erase(body);
    return stamp;
  }

 private:
  class Body final : public objects::NewBody {
   public:
    Body(objects::BodyId id, std::string content)
        : id_(id), content_(std::make_shared<std::string>(std::move(content))) {}
    objects::BodyId id() const override { return id_; }
    uint64_t bytes() const override { return content_->size(); }
    std::shared_ptr<const std::string> content() const { return content_; }

   private:
    objects::BodyId id_;
    std::shared_ptr<const std::string> content_;
  };
  class Writer final : public objects::BodyWriter {
   public:
    explicit Writer(objects::BodyId id) : id_(id) {}
    objects::Outcome<> write(std::string_view bytes) override {
      content_ += bytes;
      return {};
    }
    objects::Outcome<std::unique_ptr<objects::NewBody>> finish() override {
      return std::make_unique<Body>(id_, std::move(content_));
    }

   private:
    objects::BodyId id_;
    std::string content_;
  };
  class Reader final : public objects::BodyReader {
   public:
    explicit Reader(std::shared_ptr<const std::string> content) : content_(std::move(content)) {}
    uint64_t size() const override { return content_->size(); }
    objects::Outcome<size_t> read_at(uint64_t offset, char* buffer, size_t count) const override {
      if (offset >= content_->size()) return size_t{0};
      return content_->copy(buffer, count, offset);
    }
    objects::Outcome<size_t> read_unchecked(uint64_t offset, char* buffer, size_t count) const override {
      return read_at(offset, buffer, count);
    }
    size_t read_cached(uint64_t offset, char* buffer, size_t count) const override {
      return read_at(offset, buffer, count).value_or(0);
    }
    objects::Outcome<std::string> take() override { return *content_; }

   private:
    std::shared_ptr<const std::string> content_;
  };

  bool holds(const objects::Batch& batch) const {
    for (const objects::Expectation& expectation : batch.expected) {
      const auto found = records_.find(expectation.key);
      if ((found == records_.end() ? 0 : found->second.stamp) != expectation.stamp) return false;
    }
    for (const objects::Range& range : batch.empty) {
      const auto found = records_.lower_bound(range.from);
      if (found != records_.end() && (range.end.empty() || found->first < range.end)) return false;
    }
    return true;
  }

  std::mutex mutex_;
  std::map<std::string, objects::Record> records_;
  std::map<objects::BodyId, std::shared_ptr<const std::string>> bodies_;
  objects::Stamp stamps_ = 0;
  uint64_t numbers_ = 0;
};

}  // namespace holm::test
