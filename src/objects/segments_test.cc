// Segments of the log are used in the order of their numbers, whoever makes them, and however long that takes.

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "objects/engine.h"
#include "objects/segment_files.h"
#include "support/lossy_disk.h"
#include "support/store_crashes.h"

namespace holm::objects {

namespace {

// A disk that tells before it makes a file.
class WatchedDisk final : public Disk {
 public:
  explicit WatchedDisk(Disk& disk) : disk_(disk) {}
  Outcome<std::shared_ptr<File>> create(const std::string& name) override {
    if (on_create && segment_of(name)) on_create();
    return disk_.create(name);
  }
  Outcome<std::shared_ptr<File>> open(const std::string& name) override { return disk_.open(name); }
  Outcome<> rename(const std::string& from, const std::string& to) override { return disk_.rename(from, to); }
  Outcome<> remove(const std::string& name) override { return disk_.remove(name); }
  Outcome<> sync_names() override { return disk_.sync_names(); }
  Outcome<std::vector<std::string>> list() const override { return disk_.list(); }
  uint64_t room() const override { return disk_.room(); }

  std::function<void()> on_create;

 private:
  Disk& disk_;
};

void put(Engine& engine, const std::string& name, int count) {
  Batch batch;
  for (int i = 0; i < count; ++i) batch.changes.push_back({name + std::to_string(i), std::string(1000, 'x')});
  std::optional<CommitResult> result;
  engine.commit(std::move(batch), [&](CommitResult outcome) { result = std::move(outcome); });
  while (engine.write_group()) continue;
  ASSERT_TRUE(result && *result) << name;
}

TEST(Segments, OneThatUpkeepMadeTooLateIsNotUsed) {
  test::LossyDisk memory(1);
  WatchedDisk disk(memory);
  auto engine = std::move(Engine::open(disk, test::small_store()).value());
  put(*engine, "first", 1);
  while (engine->upkeep().value()) continue;
  for (int i = 0; i < 4; ++i) put(*engine, "more" + std::to_string(i), 1);

  // Upkeep has its number; then the log takes the next one; then upkeep is done, and the log only after that.
  std::promise<void> is_numbered, is_overtaken, is_done;
  const auto log = std::this_thread::get_id();
  disk.on_create = [&] {
    if (std::this_thread::get_id() == log) {
      is_overtaken.set_value();
      is_done.get_future().wait();
    } else {
      is_numbered.set_value();
      is_overtaken.get_future().wait();
    }
  };
  std::thread upkeep([&] {
    (void)engine->upkeep();
    is_done.set_value();
  });
  is_numbered.get_future().wait();
  put(*engine, "overtakes", 5);
  upkeep.join();
  disk.on_create = nullptr;

  for (int i = 0; i < 20; ++i) put(*engine, "later" + std::to_string(i), 1);
  engine.reset();
  auto again = Engine::open(disk, test::small_store());
  ASSERT_TRUE(again.has_value()) << again.error().message;
  for (const char* key : {"first0", "more30", "overtakes4", "later190"}) {
    EXPECT_TRUE((*again)->find(key).value().has_value()) << key;
  }
}

// Writing the same over and over takes no new files after a while: those that are dead are used again.
TEST(Segments, ThatAreDeadAreUsedAgain) {
  test::LossyDisk memory(1);
  WatchedDisk disk(memory);
  auto engine = std::move(Engine::open(disk, test::small_store()).value());
  int made = 0;
  auto write = [&](int rounds) {
    made = 0;
    disk.on_create = [&] { ++made; };
    for (int round = 0; round < rounds; ++round) {
      put(*engine, "same", 8);
      while (engine->upkeep().value()) continue;
    }
    disk.on_create = nullptr;
  };
  write(100);
  write(100);
  EXPECT_LT(made, 10);
  engine.reset();
  engine = std::move(Engine::open(disk, test::small_store()).value());
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(engine->find("same" + std::to_string(i)).value().has_value()) << i;
}

// Or the commits in between would wait for all of it.
TEST(Segments, AreFilledPieceByPieceOnTheDisk) {
  test::LossyDisk disk(1);
  constexpr uint64_t kPieces = 8;
  const uint64_t before = disk.syncs();
  ASSERT_TRUE(make_segment(disk, 1, kPieces << 20));
  EXPECT_GE(disk.syncs() - before, kPieces);
}

}  // namespace

}  // namespace holm::objects
