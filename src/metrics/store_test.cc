// The store: what was put in is read, whatever happened in between, and grows coarse with age.

#include "metrics/store.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "metrics/entries.h"
#include "metrics/log.h"
#include "sql/database.h"
#include "support/fake_clock.h"
#include "support/seeded_random.h"

namespace holm::metrics {
namespace {

constexpr int64_t kHour = 3600, kDay = 24 * kHour;

class StoreTest : public testing::Test {
 protected:
  StoreTest() { reopen(); }
  ~StoreTest() override {
    store.reset();
    std::filesystem::remove_all(folder);
  }

  static std::string make_folder() {
    char name[] = "/tmp/holm-metrics-XXXXXX";
    return ::mkdtemp(name);
  }
  // As after the daemon's death: nothing is said to the old store.
  void reopen() {
    store.reset();
    auto opened = Store::open({.folder = folder}, clock);
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  }
  int64_t now() const { return to_milliseconds(clock.now()) / 1000; }
  void put(int64_t time, double value, const std::string& unit = "None") {
    store->put({{{metric, unit}, {time, Statistics::of(value)}}});
  }
  void put_ones(int64_t from, int64_t count, int64_t step) {
    std::vector<Addition> additions;
    for (int64_t i = 0; i < count; ++i) {
      additions.push_back({{metric, "None"}, {from + i * step, Statistics::of(1)}});
    }
    store->put(additions);
  }
  std::vector<Slot> all() {
    std::vector<Slot> slots;
    for (Readings& each : store->read(metric, std::nullopt, 0, now() + kDay)) merge_slots(slots, each.slots);
    return slots;
  }
  double sum() {
    double result = 0;
    for (const Slot& slot : all()) result += slot.statistics.sum;
    return result;
  }

  const std::string folder = make_folder();
  test::FakeClock clock;
  Metric metric{"123456789012", "eu-west-1", "Shop", "Orders", {{"Kind", "book"}}};
  std::unique_ptr<Store> store;
};

TEST_F(StoreTest, WhatWasPutIsThereAfterACrash) {
  put(now(), 1);
  put(now() + 60, 2);
  put(now() + 60, 5);
  const std::vector<Slot> before = all();
  ASSERT_EQ(before.size(), 2u);
  EXPECT_EQ(before[1].statistics.sum, 7);
  reopen();
  EXPECT_EQ(all(), before);
  put(now() + 120, 3);
  reopen();
  EXPECT_EQ(all().size(), 3u);
  store->flush();
  EXPECT_EQ(all().size(), 3u);
  reopen();
  EXPECT_EQ(all().size(), 3u);
  put(now() + 180, 3);
  reopen();
  EXPECT_EQ(all().size(), 4u) << "the series is known to the database and to the log";
}

TEST_F(StoreTest, AFlushLeavesOneLog) {
  for (int i = 0; i < 3; ++i) {
    put(now(), 1);
    reopen();
  }
  store->flush();
  int logs = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    logs += file.path().filename().string().starts_with("log-");
  }
  EXPECT_EQ(logs, 1);
  EXPECT_EQ(sum(), 3);
}

TEST_F(StoreTest, ATornLogEndsWhereItWasTorn) {
  put(now(), 1);
  put(now() + 60, 2);
  store.reset();
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (!file.path().filename().string().starts_with("log-")) continue;
    std::filesystem::resize_file(file.path(), file.file_size() - 3);
  }
  reopen();
  EXPECT_EQ(sum(), 1);
}

TEST_F(StoreTest, OrderDoesNotMatter) {
  test::SeededRandom random;
  std::vector<int64_t> times;
  for (int64_t i = 0; i < 300; ++i) times.push_back(now() - 60 * i);
  for (size_t i = times.size() - 1; i > 0; --i) std::swap(times[i], times[random.below(i + 1)]);
  for (size_t i = 0; i < times.size(); ++i) {
    put(times[i], static_cast<double>(i));
    if (i % 70 == 0) store->flush();
    if (i % 90 == 0) reopen();
  }
  const auto slots = all();
  ASSERT_EQ(slots.size(), 300u);
  EXPECT_TRUE(std::ranges::is_sorted(slots, {}, &Slot::time));
  EXPECT_EQ(sum(), 299 * 300 / 2);
}

TEST_F(StoreTest, UnitsAreKeptApart) {
  put(now(), 1, "Count");
  put(now(), 2, "Bytes");
  auto readings = store->read(metric, std::nullopt, now(), now() + 1);
  ASSERT_EQ(readings.size(), 2u);
  EXPECT_EQ(readings[0].unit, "Bytes");
  readings = store->read(metric, "Count", now(), now() + 1);
  ASSERT_EQ(readings.size(), 1u);
  EXPECT_EQ(readings[0].slots[0].statistics.sum, 1);
  EXPECT_TRUE(store->read(metric, "Percent", now(), now() + 1).empty());
}

TEST_F(StoreTest, MetricsAreToldApartByTheirDimensions) {
  put(now(), 1);
  Metric plain = metric;
  plain.dimensions.clear();
  store->put({{{plain, "None"}, {now(), Statistics::of(2)}}});
  EXPECT_EQ(store->read(plain, std::nullopt, 0, now() + 1).size(), 1u);
  EXPECT_EQ(store->read(plain, std::nullopt, 0, now() + 1)[0].slots[0].statistics.sum, 2);
  Metric turned = metric;
  turned.dimensions = {{"Z", "1"}, {"A", "2"}};
  store->put({{{turned, "None"}, {now(), Statistics::of(3)}}});
  std::swap(turned.dimensions[0], turned.dimensions[1]);
  EXPECT_EQ(store->read(turned, std::nullopt, 0, now() + 1)[0].slots[0].statistics.sum, 3);

  const std::string prefix = key_prefix(metric.account, metric.region, "Shop", std::nullopt);
  auto listed = store->list(prefix, "", 2);
  ASSERT_EQ(listed.size(), 2u);
  auto rest = store->list(prefix, key_of(listed[1].series), 10);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].last, now());
  EXPECT_TRUE(store->list(key_prefix(metric.account, "us-east-1", {}, {}), "", 10).empty());
}

TEST_F(StoreTest, ValuesGrowCoarseWithAgeAndGoInTheEnd) {
  const int64_t start = now();
  put_ones(start, 600, 1);
  EXPECT_EQ(all().size(), 600u);
  struct Step {
    int64_t age;
    size_t slots;
  };
  int64_t age = 0;
  for (const Step& step : {Step{2 * kHour, 600}, Step{4 * kHour, 10}, Step{14 * kDay, 10}, Step{16 * kDay, 2},
                           Step{62 * kDay, 2}, Step{64 * kDay, 1}, Step{454 * kDay, 1}}) {
    clock.advance(std::chrono::seconds(step.age - age));
    age = step.age;
    store->maintain();
    EXPECT_EQ(all().size(), step.slots) << "after " << age << " seconds";
    EXPECT_EQ(sum(), 600) << "after " << age << " seconds";
  }
  clock.advance(std::chrono::seconds(2 * kDay));
  store->maintain();
  EXPECT_TRUE(all().empty());
  EXPECT_TRUE(store->list(key_prefix(metric.account, metric.region, {}, {}), "", 1).empty());
}

TEST_F(StoreTest, ManySmallBlocksBecomeFew) {
  const int64_t start = now();
  for (int64_t hour = 0; hour < 48; ++hour) {
    put_ones(start + hour * kHour, 60, 60);
    clock.advance(std::chrono::hours(1));
    store->maintain();
    ASSERT_EQ(all().size(), static_cast<size_t>(60 * (hour + 1)));
  }
  store.reset();
  auto database = sql::open_sqlite(folder + "/metrics.db");
  auto blocks = database->begin(sql::Access::Read)->find("SELECT count(*) FROM metrics_block")->integer(0);
  EXPECT_LE(blocks, 2 * 6);
}

TEST_F(StoreTest, RecordedValuesComeToTheMinute) {
  clock.advance(std::chrono::milliseconds(61'500));
  store->record({metric, "None"}, clock.now(), Statistics::of(4));
  store->record({metric, "None"}, clock.now(), {});
  ASSERT_EQ(all().size(), 1u);
  EXPECT_EQ(all()[0].time, now() - 1);
  store->settle();
  reopen();
  EXPECT_EQ(sum(), 4);
}

// Nothing is missing or seen twice while it moves from memory into the database.
TEST_F(StoreTest, ReadersSeeEverythingWhileItIsFlushed) {
  std::atomic<bool> is_done = false;
  std::atomic<int> written = 0;
  std::thread writer([&] {
    for (int i = 0; i < 60; ++i) {
      put(now() + 60 * i, 1);
      written = i + 1;
      if (i % 5 == 4) store->flush();
    }
    is_done = true;
  });
  while (!is_done) {
    const int before = written;
    const double seen = sum();
    EXPECT_GE(seen, before);
    EXPECT_LE(seen, written + 1);
  }
  writer.join();
  EXPECT_EQ(sum(), 60);
}

TEST(Entries, AreReadBackAsWritten) {
  std::string record;
  put_name(record, 300, std::string("a\0b", 3));
  put_slot(record, 300, {-5, Statistics::of(1.5)});
  put_slot(record, 1, {60, Statistics::of_values({{1, 1}, {2, 1}, {4, 3}})});
  std::vector<Slot> slots;
  std::vector<std::string> names;
  const EntryReader reader{.name = [&](uint64_t, std::string_view key) { names.emplace_back(key); },
                           .slot = [&](uint64_t, Slot slot) { slots.push_back(std::move(slot)); }};
  ASSERT_TRUE(read_entries(record, reader));
  EXPECT_EQ(names, std::vector<std::string>{std::string("a\0b", 3)});
  ASSERT_EQ(slots.size(), 2u);
  EXPECT_EQ(slots[0], (Slot{-5, Statistics::of(1.5)}));
  EXPECT_EQ(slots[1].statistics.values.size(), 3u);
  for (size_t size = 1; size < record.size(); ++size) {
    slots.clear();
    (void)read_entries(record.substr(0, size), reader);
    EXPECT_LT(slots.size(), 2u);
  }
}

TEST(Keys, AreReadBackAsWritten) {
  const Series series{{"1", "r", "AWS/EC2", "CPUUtilization", {{"InstanceId", "i-1"}, {"Zone", "a"}}},
                      "Percent"};
  EXPECT_EQ(series_of(key_of(series)), series);
  EXPECT_FALSE(series_of("x"));
  EXPECT_FALSE(series_of(""));
}

}  // namespace
}  // namespace holm::metrics
