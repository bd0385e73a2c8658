// Every moment's state of every key.

#include "objects/memory_table.h"

#include <gtest/gtest.h>

#include <random>

namespace holm::objects {

namespace {

std::optional<std::string> value_at(const MemoryTable& table, std::string_view key, uint64_t sequence_max) {
  const auto found = table.find(key, sequence_max);
  if (!found) return std::nullopt;
  return found->is_erased ? "erased" : std::string(found->value);
}

TEST(MemoryTable, ShowsEachMomentItsOwnState) {
  MemoryTable table;
  table.put("b", 2, "first");
  table.put("a", 3, "other");
  table.put("b", 5, std::nullopt);
  table.put("b", 7, "third");
  EXPECT_EQ(value_at(table, "b", 1), std::nullopt);
  EXPECT_EQ(value_at(table, "b", 4), "first");
  EXPECT_EQ(value_at(table, "b", 6), "erased");
  EXPECT_EQ(value_at(table, "b", UINT64_MAX), "third");
  EXPECT_EQ(value_at(table, "a", 2), std::nullopt);
  EXPECT_EQ(value_at(table, "c", UINT64_MAX), std::nullopt);
}

TEST(MemoryTable, TakesTheLastOfTwoChangesOfOneCommit) {
  MemoryTable table;
  table.put("a", 4, "first");
  table.put("a", 4, "second");
  EXPECT_EQ(value_at(table, "a", 4), "second");
  EXPECT_EQ(value_at(table, "a", 3), std::nullopt);
}

// Whatever comes when: finding a key and walking to it are two ways.
TEST(MemoryTable, FindsWhatWalksCome) {
  constexpr int kSteps = 2000, kKeys = 50, kMoments = 60;
  std::mt19937 random(1);
  const auto table = std::make_shared<MemoryTable>();
  for (int step = 0; step < kSteps; ++step) {
    const std::string key = "key" + std::to_string(random() % kKeys);
    const auto value = std::to_string(step);
    table->put(key, random() % kMoments,
               step % 7 == 0 ? std::nullopt : std::optional<std::string_view>(value));
  }
  std::mutex mutex;
  for (uint64_t moment = 0; moment <= kMoments; ++moment) {
    size_t walked = 0, found = 0;
    for (auto cursor = walk(table, mutex, "", "", moment); !cursor->is_at_end(); ++walked) {
      const Entry entry = cursor->entry();
      EXPECT_EQ(value_at(*table, entry.key, moment), entry.is_erased ? "erased" : std::string(entry.value));
      ASSERT_TRUE(cursor->next().has_value());
    }
    for (int key = 0; key < kKeys; ++key) {
      if (table->find("key" + std::to_string(key), moment)) ++found;
    }
    EXPECT_EQ(walked, found) << moment;
  }
}

}  // namespace

}  // namespace holm::objects
