// Lives of an object store whose power goes at a random moment: after each, everything that was acknowledged
// must be there, whole, and of the rest only what was committed in order. One seed repeats a story.
#pragma once

#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "objects/engine.h"
#include "support/lossy_disk.h"

namespace holm::test {

// Small enough that a life of a few hundred steps meets every kind of file.
inline objects::Options small_store() {
  return {.segment_bytes_min = 8 * 1024,
          .segment_bytes_max = 32 * 1024,
          .reserve_bytes = 8 * 1024,
          .ballast_bytes = 16 * 1024,
          .inline_bytes_max = 2000,
          .memory_bytes_max = 12 * 1024,
          .piece_bytes = 3 * 1024,
          .log_bytes_max = 64 * 1024,
          .block_bytes = 512,
          .volumes = {.volume_bytes = 1 << 20, .extent_bytes = 128 * 1024}};
}

class StoreCrashes final {
 public:
  explicit StoreCrashes(uint64_t seed) : disk_(seed), random_(seed ^ 0x5eed) {}

  // One life: a start, steps, the end of power. What was wrong; empty: nothing.
  std::string run_life() {
    disk_.cut_power_after(pick(4) == 0 ? pick(30) : pick(1500));
    std::string problem = live();
    engine_.reset();
    disk_.restart();
    return problem;
  }

  // A last life without an end: everything is compared and looked at.
  std::string finish() {
    disk_.cut_power_after(~uint64_t{0});
    if (std::string problem = start(); !problem.empty()) return problem;
    auto report = engine_->scrub();
    if (!report) return "scrub: " + report.error().message;
    if (!report->messages.empty()) return "scrub: " + report->messages.front();
    engine_.reset();
    return {};
  }

  uint64_t commits() const { return issued_.size(); }
  const LossyDisk& disk() const { return disk_; }

 private:
  struct Object {
    std::string value;
    objects::BodyId body = 0;  // 0: none.
    uint64_t content = 0;      // Its seed.
    size_t bytes = 0;
  };
  using State = std::map<std::string, Object>;
  // A commit that was asked for: what it changes.
  struct Issued {
    std::vector<std::pair<std::string, std::optional<Object>>> changes;
    bool is_acknowledged = false;
    bool is_refused = false;
  };
  static constexpr char kCounter[] = "~counter";

  uint64_t pick(uint64_t bound) { return random_() % bound; }

  static std::string content_of(uint64_t seed, size_t bytes) {
    std::mt19937_64 random(seed);
    std::string content(bytes, '\0');
    for (size_t i = 0; i < bytes; i += 8) {
      const uint64_t word = random();
      content.replace(i, std::min<size_t>(8, bytes - i), reinterpret_cast<const char*>(&word),
                      std::min<size_t>(8, bytes - i));
    }
    return content;
  }

  std::string live() {
    if (std::string problem = start(); !problem.empty()) return disk_.is_off() ? "" : problem;
    while (!disk_.is_off()) {
      std::string problem;
      const uint64_t what = pick(100);
      if (what < 70) {
        change_something();
      } else if (what < 85) {
        engine_->write_group();
      } else if (what < 95) {
        static_cast<void>(engine_->upkeep());
      } else {
        problem = look();
      }
      if (!problem.empty() && !disk_.is_off()) return problem;
    }
    return {};
  }

  // Opens the store and compares it with what may be in it.
  std::string start() {
    auto engine = objects::Engine::open(disk_, small_store());
    if (!engine) return "open: " + engine.error().message;
    engine_ = std::move(*engine);
    auto counter = engine_->find(kCounter);
    if (!counter) return "find: " + counter.error().message;
    const size_t last = *counter ? std::stoull((*counter)->value) : 0;
    if (last < settled_) return fmt::format("lost: at {}, but {} was settled", last, settled_);
    if (last > issued_.size()) return fmt::format("made up: at {} of {}", last, issued_.size());
    for (size_t i = last; i < issued_.size(); ++i) {
      if (issued_[i].is_acknowledged) return fmt::format("lost: {} was acknowledged, at {}", i + 1, last);
    }
    for (size_t i = settled_; i < last; ++i) apply(issued_[i]);
    // What did not happen never will.
    issued_.resize(last);
    settled_ = last;
    projected_ = state_;
    return compare();
  }

  void apply(const Issued& issued) {
    if (issued.is_refused) return;
    for (const auto& [key, object] : issued.changes) {
      const auto old = state_.find(key);
      if (old != state_.end()) {
        if (old->second.body != 0) forgotten_ = old->second.body;
        state_.erase(old);
      }
      if (object) state_[key] = *object;
    }
  }

  std::string compare() {
    auto records = engine_->scan({.from = ""}, ~size_t{0});
    if (!records) return "scan: " + records.error().message;
    auto expected = state_.begin();
    for (const objects::Record& record : *records) {
      if (record.key == kCounter) continue;
      if (expected == state_.end() || expected->first != record.key)
        return "a record too many: " + record.key;
      if (expected->second.value != record.value) return "another value of " + record.key;
      if (std::string problem = compare_body(expected->second); !problem.empty()) return record.key + problem;
      ++expected;
    }
    if (expected != state_.end()) return "a record is missing: " + expected->first;
    if (forgotten_ != 0 && engine_->open_body(forgotten_)) return "a forgotten body is still there";
    return {};
  }

  std::string compare_body(const Object& object) {
    if (object.body == 0) return {};
    auto reader = engine_->open_body(object.body);
    if (!reader) return ": body: " + reader.error().message;
    if ((*reader)->size() != object.bytes) return ": body of another length";
    std::string content(object.bytes, '\0');
    auto got = (*reader)->read_at(0, content.data(), content.size());
    if (!got) return ": body: " + got.error().message;
    return content == content_of(object.content, object.bytes) ? "" : ": other bytes";
  }

  // What is durable now, in the middle of everything.
  std::string look() {
    auto counter = engine_->find(kCounter);
    if (!counter) return "find: " + counter.error().message;
    const size_t last = *counter ? std::stoull((*counter)->value) : 0;
    for (; settled_ < last; ++settled_) apply(issued_[settled_]);
    return compare();
  }

  std::shared_ptr<objects::NewBody> write_body(Object& object) {
    const size_t sizes[] = {0, 10, 300, 1500, 2500, 70'000, 200'000};
    object.bytes = sizes[pick(pick(5) == 0 ? 7 : 4)];
    object.content = random_();
    auto writer = engine_->write_body();
    if (!writer) return nullptr;
    const std::string content = content_of(object.content, object.bytes);
    for (size_t at = 0; at < content.size(); at += 50'000) {
      if (!(*writer)->write(std::string_view(content).substr(at, 50'000))) return nullptr;
    }
    auto body = (*writer)->finish();
    if (!body) return nullptr;
    object.body = (*body)->id();
    return std::move(*body);
  }

  void change_something() {
    Issued issued;
    objects::Batch batch;
    for (uint64_t changes = 1 + pick(3); changes > 0; --changes) {
      const std::string key = fmt::format("key-{}", pick(60));
      const bool is_there_already =
          std::ranges::any_of(issued.changes, [&](const auto& each) { return each.first == key; });
      if (is_there_already) continue;
      const auto old = projected_.find(key);
      if (old != projected_.end() && old->second.body != 0) batch.forgotten.push_back(old->second.body);
      if (pick(4) == 0) {
        batch.changes.push_back({key, std::nullopt});
        issued.changes.emplace_back(key, std::nullopt);
        continue;
      }
      Object object{.value = fmt::format("value-{}", random_() >> (pick(60)))};
      if (pick(3) > 0) {
        auto body = write_body(object);
        if (!body) return;
        batch.adopted.push_back(std::move(body));
      }
      batch.changes.push_back({key, object.value});
      issued.changes.emplace_back(key, object);
    }
    // Some are asked for that must not happen.
    issued.is_refused = pick(10) == 0;
    if (issued.is_refused) batch.expected.push_back({"key-0", 1'000'000'000});
    const size_t number = issued_.size();
    if (!issued.is_refused) batch.changes.push_back({kCounter, std::to_string(number + 1)});
    if (issued.is_refused) {
      engine_->commit(std::move(batch), [](const objects::CommitResult&) {});
      return;
    }
    for (const auto& [key, object] : issued.changes) {
      projected_.erase(key);
      if (object) projected_[key] = *object;
    }
    issued_.push_back(std::move(issued));
    engine_->commit(std::move(batch), [this, number](const objects::CommitResult& result) {
      if (result) issued_[number].is_acknowledged = true;
    });
  }

  LossyDisk disk_;
  std::mt19937_64 random_;
  std::unique_ptr<objects::Engine> engine_;
  std::vector<Issued> issued_;
  size_t settled_ = 0;       // So many of them are in state_.
  State state_, projected_;  // What must be there; what will be when all that was issued happened.
  objects::BodyId forgotten_ = 0;
};

}  // namespace holm::test
