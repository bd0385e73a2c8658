// The object store's engine beside the limits of the machine's disk, in the same run.
// Usage: objects_bench FOLDER [OBJECTS]. One line a figure.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "objects/store.h"

namespace holm::objects {

namespace {

using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident_mib() {
  std::ifstream file("/proc/self/statm");
  double total = 0, resident = 0;
  file >> total >> resident;
  return resident * 4096 / (1 << 20);
}

// Durations in microseconds.
class Times {
 public:
  void add(Steady::time_point start) {
    times_.push_back(std::chrono::duration<double, std::micro>(Steady::now() - start).count());
  }
  double at(double part) {
    if (times_.empty()) return 0;
    std::ranges::sort(times_);
    return times_[static_cast<size_t>(part * static_cast<double>(times_.size() - 1))];
  }

 private:
  std::vector<double> times_;
};

// What the disk can do: 4 KiB into a file that is there already, and a sync, by one thread.
double raw_syncs(const std::string& folder) {
  constexpr int kBlocks = 4096, kCount = 3000;
  const std::string path = folder + "/raw";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
  const std::string block(4096, 'x');
  for (int i = 0; i < kBlocks; ++i) static_cast<void>(::pwrite(file, block.data(), block.size(), i * 4096L));
  ::fdatasync(file);
  Times times;
  const auto start = Steady::now();
  for (int i = 0; i < kCount; ++i) {
    const auto begin = Steady::now();
    static_cast<void>(::pwrite(file, block.data(), block.size(), i * 4096L));
    ::fdatasync(file);
    times.add(begin);
  }
  const double rate = kCount / seconds_since(start);
  fmt::print("raw: 4 KiB + fdatasync, one thread: {:.0f}/s, p50 {:.0f} us, p99 {:.0f} us\n", rate,
             times.at(0.5), times.at(0.99));
  ::close(file);
  std::filesystem::remove(path);
  return rate;
}

std::string key_of(uint64_t number) {
  return fmt::format("bucket/folder-{:04}/object-{:010}", number / 1000, number);
}

// As long as what S3 keeps of an object.
std::string value_of(uint64_t number) {
  return fmt::format(
      "{{\"etag\":\"{:032x}\",\"modified\":1767225600000,\"type\":\"application/octet-stream\"}}", number);
}

Batch put(Store& store, uint64_t number, const std::string& content) {
  auto writer = std::move(store.bodies().write_body().value());
  static_cast<void>(writer->write(content));
  Batch batch{.expected = {{key_of(number), 0}}, .changes = {{key_of(number), value_of(number)}}};
  batch.adopted.push_back(std::move(writer->finish().value()));
  return batch;
}

// Puts with `clients` of them under way; each client begins its next one when the last was answered.
class Putting {
 public:
  Putting(Store& store, uint64_t first, uint64_t count, const std::string& content)
      : store_(store), next_(first), end_(first + count), content_(content) {}

  void run(const std::string& name, int clients, double raw) {
    const uint64_t count = end_ - next_;
    const double cpu = cpu_seconds();
    const auto start = Steady::now();
    std::unique_lock lock(mutex_);
    for (int i = 0; i < clients; ++i) begin();
    done_.wait(lock, [&] { return answered_ == count; });
    const double seconds = seconds_since(start);
    fmt::print(
        "{}: {:.0f}/s ({:.2f} x raw syncs), p50 {:.0f} us, p99 {:.0f} us, {:.1f} us CPU each, {} refused\n",
        name, static_cast<double>(count) / seconds, static_cast<double>(count) / seconds / raw,
        times_.at(0.5), times_.at(0.99), (cpu_seconds() - cpu) / static_cast<double>(count) * 1e6, refused_);
  }

 private:
  void begin() {
    if (next_ == end_) return;
    const uint64_t number = next_++;
    const auto start = Steady::now();
    store_.metadata().commit(put(store_, number, content_), [this, start](const CommitResult& result) {
      std::lock_guard lock(mutex_);
      times_.add(start);
      refused_ += result ? 0 : 1;
      ++answered_;
      begin();
      done_.notify_one();
    });
  }

  Store& store_;
  uint64_t next_, end_, answered_ = 0, refused_ = 0;
  const std::string& content_;
  std::mutex mutex_;
  std::condition_variable done_;
  Times times_;
};

void measure(const std::string& name, int count, const std::function<void(int)>& work,
             double bytes_each = 0) {
  Times times;
  const double cpu = cpu_seconds();
  const auto start = Steady::now();
  for (int i = 0; i < count; ++i) {
    const auto begin = Steady::now();
    work(i);
    times.add(begin);
  }
  const double seconds = seconds_since(start);
  fmt::print("{}: {:.0f}/s, p50 {:.0f} us, p99 {:.0f} us, {:.1f} us CPU each", name, count / seconds,
             times.at(0.5), times.at(0.99), (cpu_seconds() - cpu) / count * 1e6);
  if (bytes_each > 0) fmt::print(", {:.0f} MB/s", bytes_each * count / seconds / 1e6);
  fmt::print("\n");
}

void measure_bodies(Store& store, const std::string& folder) {
  const std::string large(1 << 20, 'l');
  std::vector<BodyId> bodies;
  measure(
      "PUT 1 MiB, one client", 100,
      [&](int) {
        auto writer = std::move(store.bodies().write_body().value());
        static_cast<void>(writer->write(large));
        Batch batch;
        batch.adopted.push_back(std::move(writer->finish().value()));
        bodies.push_back(batch.adopted.front()->id());
        static_cast<void>(commit_and_wait(store.metadata(), std::move(batch)).value());
      },
      static_cast<double>(large.size()));
  std::string buffer(large.size(), '\0');
  measure(
      "GET 1 MiB, checked, cached", 1000,
      [&](int i) {
        auto reader =
            std::move(store.bodies().open_body(bodies[static_cast<size_t>(i) % bodies.size()]).value());
        if (!reader->read_at(0, buffer.data(), buffer.size())) std::abort();
      },
      static_cast<double>(large.size()));
  const std::string path = folder + "/raw";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
  static_cast<void>(::pwrite(file, large.data(), large.size(), 0));
  measure(
      "raw: 1 MiB pread, cached", 1000,
      [&](int) { static_cast<void>(::pread(file, buffer.data(), buffer.size(), 0)); },
      static_cast<double>(large.size()));
  ::close(file);
  std::filesystem::remove(path);
}

void measure_reads(Store& store, uint64_t objects) {
  measure("find a record", 20'000, [&](int i) {
    if (!store.metadata().find(key_of(static_cast<uint64_t>(i) * 7919 % objects)).value()) std::abort();
  });
  measure("LIST 1,000 keys", 500, [&](int i) {
    const auto from = key_of(static_cast<uint64_t>(i) * 104'729 % objects);
    if (store.metadata().scan({.from = from}, 1000).value().empty()) std::abort();
  });
  measure("LIST 100 folders, skipping what is in them", 100, [&](int i) {
    std::string from = fmt::format("bucket/folder-{:04}", static_cast<uint64_t>(i) % (objects / 1000 + 1));
    for (int folder = 0; folder < 100; ++folder) {
      const auto page = store.metadata().scan({.from = from}, 1).value();
      if (page.empty()) return;
      from = page.front().key.substr(0, page.front().key.rfind('/')) + "0";
    }
  });
}

// Many objects without bodies: what the index takes, and how long a start reads.
void fill(Store& store, uint64_t first, uint64_t objects) {
  constexpr uint64_t kBatch = 500;
  const auto start = Steady::now();
  for (uint64_t at = first; at < objects; at += kBatch) {
    Batch batch;
    for (uint64_t i = at; i < std::min(at + kBatch, objects); ++i) {
      batch.changes.push_back({key_of(i * 7919 % objects), value_of(i)});
    }
    static_cast<void>(commit_and_wait(store.metadata(), std::move(batch)).value());
  }
  fmt::print("{} records in batches of {}: {:.0f}/s\n", objects - first, kBatch,
             static_cast<double>(objects - first) / seconds_since(start));
}

void run(const std::string& folder, uint64_t objects) {
  constexpr uint64_t kSingle = 3000, kMany = 100'000, kAway = 1'000'000'000;
  const double raw = raw_syncs(folder);
  auto store = std::move(open_store(folder + "/store").value());
  const std::string small(4096, 's');
  Putting(*store, kAway, kSingle, small).run("PUT 4 KiB durable, one client", 1, raw);
  Putting(*store, kAway + kSingle, kMany, small).run("PUT 4 KiB durable, 64 clients", 64, raw);
  std::vector<BodyId> bodies;
  measure("DELETE, one client", 1000, [&](int i) {
    Batch batch{.changes = {{key_of(kAway + static_cast<uint64_t>(i)), std::nullopt}}};
    static_cast<void>(commit_and_wait(store->metadata(), std::move(batch)).value());
  });
  for (int i = 0; i < 100; ++i) {
    auto writer = std::move(store->bodies().write_body().value());
    static_cast<void>(writer->write(small));
    Batch batch;
    batch.adopted.push_back(std::move(writer->finish().value()));
    bodies.push_back(batch.adopted.front()->id());
    static_cast<void>(commit_and_wait(store->metadata(), std::move(batch)).value());
  }
  std::string buffer(small.size(), '\0');
  measure("GET 4 KiB, checked, cached", 50'000, [&](int i) {
    auto reader =
        std::move(store->bodies().open_body(bodies[static_cast<size_t>(i) % bodies.size()]).value());
    if (!reader->read_at(0, buffer.data(), buffer.size())) std::abort();
  });
  measure_bodies(*store, folder);
  fill(*store, 0, objects);
  measure_reads(*store, objects);
  const EngineNumbers numbers = store->numbers();
  fmt::print(
      "{} records: {:.1f} B of memory each for the index, {} runs, {:.0f} MB on disk, {:.0f} MiB resident\n",
      objects + kMany, static_cast<double>(numbers.index_bytes) / static_cast<double>(objects + kMany),
      numbers.runs, static_cast<double>(numbers.disk_bytes) / 1e6, resident_mib());
}

// As after kill -9: nothing was said to the store before.
void measure_start(const std::string& folder) {
  const auto start = Steady::now();
  auto store = open_store(folder + "/store");
  if (!store) std::abort();
  fmt::print("start after a kill: {:.3f} s, {:.0f} MiB resident\n", seconds_since(start), resident_mib());
}

}  // namespace

}  // namespace holm::objects

int main(int count, char** arguments) {
  if (count < 2) {
    fmt::print("Usage: objects_bench FOLDER [OBJECTS], or objects_bench FOLDER start\n");
    return 2;
  }
  const std::string folder = arguments[1], what = count > 2 ? arguments[2] : "1000000";
  if (what == "start") {
    holm::objects::measure_start(folder);
    return 0;
  }
  std::filesystem::create_directories(folder);
  holm::objects::run(folder, std::stoull(what));
  std::fflush(stdout);
  // The next start shall find what a kill leaves.
  ::_exit(0);
}
