// Blocks: what goes in comes out, and takes little room.

#include "metrics/block.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "metrics/columns.h"
#include "support/seeded_random.h"

namespace holm::metrics {
namespace {

constexpr int64_t kStart = 1'767'225'600;

std::vector<Slot> every_minute(const std::vector<double>& values) {
  std::vector<Slot> slots;
  for (double value : values) {
    slots.push_back({kStart + 60 * static_cast<int64_t>(slots.size()), Statistics::of(value)});
  }
  return slots;
}

TEST(Blocks, GiveBackWhatTheyWereGiven) {
  const Statistics spread = Statistics::of_values({{0.25, 3}, {17, 1}, {1e9, 2}});
  const Statistics open{.count = 9, .sum = 1.0 / 3, .min = -1e-300, .max = 7, .values = {}};
  struct Case {
    const char* what;
    std::vector<Slot> slots;
  };
  const Case cases[] = {
      {"nothing", {}},
      {"one value", {{kStart, Statistics::of(1.5)}}},
      {"before 1970", {{-61, Statistics::of(1)}, {-60, Statistics::of(2)}}},
      {"the same again and again", every_minute(std::vector<double>(1440, 1))},
      {"whole numbers", every_minute({1, 5, 3, -2, 1e15})},
      {"decimals", every_minute({12.34, 12.35, 0.1, 99.99})},
      {"any numbers", every_minute({1.0 / 3, std::sqrt(2), 1e-310, -0.0, 1e308})},
      {"gaps",
       {{kStart, Statistics::of(1)}, {kStart + 7, Statistics::of(2)}, {kStart + 86'400, Statistics::of(3)}}},
      {"statistics", {{kStart, open}, {kStart + 60, Statistics::of(4, 2)}, {kStart + 120, open}}},
      {"distributions", {{kStart, spread}, {kStart + 60, open}, {kStart + 120, spread}}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    auto read = decode_block(encode_block(c.slots));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, c.slots);
  }
}

TEST(Blocks, GiveBackRandomNumbers) {
  test::SeededRandom random;
  for (int round = 0; round < 200; ++round) {
    std::vector<Slot> slots;
    int64_t time = kStart;
    for (uint64_t n = random.below(200); n > 0; --n) {
      time += 1 + static_cast<int64_t>(random.below(random.below(2) == 0 ? 2 : 5000));
      const double value =
          static_cast<double>(random.below(1'000'000)) / (random.below(2) == 0 ? 100.0 : 7.0);
      slots.push_back({time, Statistics::of(value, static_cast<double>(1 + random.below(3)))});
      if (random.below(3) == 0) slots.back().statistics.merge(Statistics::of(value + 1, 4));
    }
    EXPECT_EQ(decode_block(encode_block(slots)).value(), slots) << "round " << round;
  }
}

TEST(Blocks, AreCutOffNowhere) {
  const std::string bytes = encode_block(every_minute({1, 2.5, 1.0 / 3, 7}));
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_block(bytes.substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_block(bytes + "x"));
}

TEST(Columns, HoldTheExtremesOfIntegers) {
  const std::vector<int64_t> numbers = {std::numeric_limits<int64_t>::min(),
                                        std::numeric_limits<int64_t>::max(), 0, -1, 1};
  std::string bytes;
  put_integers(bytes, numbers);
  std::string_view rest = bytes;
  EXPECT_EQ(take_integers(rest, numbers.size()).value(), numbers);
  EXPECT_TRUE(rest.empty());
}

// Two bytes are what a point may take, in the kinds of series that there are most of.
TEST(Blocks, TakeTwoBytesAPoint) {
  test::SeededRandom random;
  std::vector<double> counts, percents, bytes_moved, idle;
  double load = 40;
  for (int i = 0; i < 1440; ++i) {
    counts.push_back(static_cast<double>(random.below(200)));
    load = std::min(100.0, std::max(0.0, load + (static_cast<double>(random.below(600)) - 299.5) / 100));
    percents.push_back(std::round(load * 100) / 100);
    bytes_moved.push_back(static_cast<double>(20'000 + random.below(4000)));
    idle.push_back(i % 60 == 7 ? 1 : 0);
  }
  auto per_point = [](const std::vector<double>& values) {
    return static_cast<double>(encode_block(every_minute(values)).size()) /
           static_cast<double>(values.size());
  };
  EXPECT_LE(per_point(counts), 1.3);
  EXPECT_LE(per_point(percents), 1.7);
  EXPECT_LE(per_point(bytes_moved), 1.8);
  EXPECT_LE(per_point(idle), 0.3);
}

TEST(Slots, OfOneTimeBecomeOne) {
  std::vector<Slot> slots = {{60, Statistics::of(1)}, {180, Statistics::of(3)}};
  merge_slots(slots, {{0, Statistics::of(9)}, {60, Statistics::of(2)}, {240, Statistics::of(4)}});
  ASSERT_EQ(slots.size(), 4u);
  EXPECT_EQ(slots[1], (Slot{60, {.count = 2, .sum = 3, .min = 1, .max = 2, .values = {}}}));
  coarsen(slots, 120);
  ASSERT_EQ(slots.size(), 3u);
  EXPECT_EQ(slots[0].statistics.sum, 12);
  EXPECT_EQ(slots[1].time, 120);
  EXPECT_EQ(slots[2].time, 240);
}

}  // namespace
}  // namespace holm::metrics
