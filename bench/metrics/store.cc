// The store of metrics: points a second through put() and record(), bytes a point on the disk, time to read.
// The peer is a table of (series, time, value) in SQLite, written in transactions of the same size.

#include "metrics/store.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <cmath>
#include <filesystem>
#include <functional>

#include "base/random.h"
#include "base/system_clock.h"
#include "sql/database.h"

namespace {

using namespace holm;
using namespace holm::metrics;

constexpr int64_t kSeries = 500, kMinutes = 24 * 60, kBatch = 1000;
constexpr double kTarget = 200'000, kBytesTarget = 2;

double seconds(const std::function<void()>& work) {
  SystemClock clock;
  const SteadyTime begun = clock.steady();
  work();
  return std::chrono::duration<double>(clock.steady() - begun).count();
}

// What instances measure: percentages of two decimals, counts, bytes, and things that hardly change.
class Values {
 public:
  double next(int64_t series) {
    const auto spread = static_cast<double>(random_.below(10'000));
    switch (series % 4) {
      case 0:
        return std::round(2000 + 1500 * std::sin(static_cast<double>(step_++) / 300) + spread / 20) / 100;
      case 1: return static_cast<double>(random_.below(200));
      case 2: return 40'000 + std::round(spread / 10);
      default: return static_cast<double>(3 + (spread < 20 ? 1 : 0));
    }
  }

 private:
  SystemRandom random_;
  int64_t step_ = 0;
};

Series series_of(int64_t number) {
  return {.metric = {"123456789012",
                     "us-east-1",
                     "Bench",
                     fmt::format("Metric{}", number % 4),
                     {{"InstanceId", fmt::format("i-{:017x}", number)}}},
          .unit = "None"};
}

uint64_t bytes_below(const std::string& folder) {
  uint64_t bytes = 0;
  for (const auto& each : std::filesystem::recursive_directory_iterator(folder)) {
    if (each.is_regular_file()) bytes += each.file_size();
  }
  return bytes;
}

std::string make_folder() {
  char name[] = "/tmp/holm-bench-metrics-XXXXXX";
  return ::mkdtemp(name);
}

// A day of minutes of all series, minute by minute as they come.
void each_batch(int64_t first, const std::function<void(const std::vector<Addition>&)>& take) {
  std::vector<Series> all;
  for (int64_t i = 0; i < kSeries; ++i) all.push_back(series_of(i));
  Values values;
  std::vector<Addition> batch;
  for (int64_t minute = 0; minute < kMinutes; ++minute) {
    for (int64_t i = 0; i < kSeries; ++i) {
      batch.push_back({all[static_cast<size_t>(i)], {first + minute * 60, Statistics::of(values.next(i))}});
      if (batch.size() < static_cast<size_t>(kBatch)) continue;
      take(batch);
      batch.clear();
    }
  }
  if (!batch.empty()) take(batch);
}

// Without the time that making the batches takes.
double time_of(int64_t first, const std::function<void(const std::vector<Addition>&)>& take) {
  double whole = 0;
  each_batch(first, [&](const std::vector<Addition>& batch) { whole += seconds([&] { take(batch); }); });
  return whole;
}

void measure_peer(int64_t first, double points) {
  const std::string folder = make_folder();
  {
    auto database = sql::open_sqlite(folder + "/peer.db");
    database->migrate("peer",
                      {{1,
                        "CREATE TABLE point (series INTEGER NOT NULL, time INTEGER NOT NULL, value REAL,"
                        " PRIMARY KEY (series, time)) WITHOUT ROWID"}});
    int64_t number = 0;
    const double took = time_of(first, [&](const std::vector<Addition>& batch) {
      auto transaction = database->begin(sql::Access::Write);
      for (const Addition& each : batch) {
        transaction->run("INSERT INTO point (series, time, value) VALUES (?1, ?2, ?3)",
                         {number++ % kSeries, each.slot.time, each.slot.statistics.sum});
      }
      transaction->commit();
    });
    fmt::print("peer: a table of SQLite         {:>12.0f} points/s\n", points / took);
  }
  fmt::print("peer: room                      {:>12.2f} bytes a point\n",
             static_cast<double>(bytes_below(folder)) / points);
  std::filesystem::remove_all(folder);
}

}  // namespace

int main() {
  SystemClock clock;
  const std::string folder = make_folder();
  const auto points = static_cast<double>(kSeries * kMinutes);
  const int64_t now = to_milliseconds(clock.now()) / 1000;
  const int64_t first = now - now % 60 - kMinutes * 60;
  double put = 0, flush = 0, read = 0;
  size_t found = 0;
  {
    auto opened = Store::open({.folder = folder}, clock);
    if (!opened) return fmt::print(stderr, "{}\n", opened.error().message), 1;
    Store& store = **opened;
    put = time_of(first, [&](const std::vector<Addition>& batch) { store.put(batch); });
    flush = seconds([&] {
      store.flush();
      store.maintain();
    });
    read = seconds([&] {
      for (int64_t i = 0; i < kSeries; ++i) {
        for (const Readings& each : store.read(series_of(i).metric, std::nullopt, first, now))
          found += each.slots.size();
      }
    });
  }
  const double room = static_cast<double>(bytes_below(folder)) / points;
  std::filesystem::remove_all(folder);
  fmt::print("{} series, a day of minutes, {} points in batches of {}, each durable\n", kSeries, points,
             kBatch);
  fmt::print("put                             {:>12.0f} points/s  (wanted: {:.0f})\n", points / put, kTarget);
  fmt::print("put and made blocks of          {:>12.0f} points/s\n", points / (put + flush));
  fmt::print("room                            {:>12.2f} bytes a point  (wanted: {})\n", room, kBytesTarget);
  fmt::print("read                            {:>12.0f} points/s\n", static_cast<double>(found) / read);
  measure_peer(first, points);
  const bool is_good =
      points / put >= kTarget && room <= kBytesTarget && found == static_cast<size_t>(points);
  return is_good ? 0 : 1;
}
