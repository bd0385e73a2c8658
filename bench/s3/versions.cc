// S3 with very many objects, without HTTP: memory and disk for each, lists, and the start after a kill.
// Usage: s3_versions_bench FOLDER [OBJECTS], then s3_versions_bench FOLDER start [OBJECTS], which lists as well

#include "services/s3/versions.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include "services/s3/records.h"
#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

using Steady = std::chrono::steady_clock;

constexpr uint64_t kTogether = 1000;
constexpr char kBucket[] = "many";

double seconds_since(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

double resident_mib() {
  std::ifstream file("/proc/self/statm");
  uint64_t all = 0, resident = 0;
  file >> all >> resident;
  return static_cast<double>(resident) * 4096 / (1 << 20);
}

std::string key_of(uint64_t number) {
  return fmt::format("folder-{:04}/object-{:08}.bin", number / 10'000, number);
}

// As PutObject keeps them, a thousand in a commit, and no bytes.
void fill(TestS3& s3, int64_t bucket, uint64_t objects) {
  const auto start = Steady::now();
  for (uint64_t number = 0; number < objects;) {
    Records records(s3.service(), Records::Purpose::Change);
    for (uint64_t i = 0; i < kTogether && number < objects; ++i, ++number) {
      const VersionRow row{.id = records.take_id(),
                           .key = key_of(number),
                           .version = "null",
                           .etag = "d41d8cd98f00b204e9800998ecf8427e",
                           .modified = s3.now(),
                           .checksum_algorithm = "CRC64NVME",
                           .checksum = "AAAAAAAAAAA=",
                           .checksum_type = "FULL_OBJECT",
                           .attributes = R"({"ContentType":"binary/octet-stream"})",
                           .encryption = {.method = "AES256"},
                           .stored = {.sealed_key = std::string(60, 'k')}};
      keep_new(records, bucket, row, {});
    }
    static_cast<void>(
        objects::commit_and_wait(s3.service().objects().metadata(), records.take_commit().batch).value());
  }
  fmt::print("{} objects: {:.0f}/s, a thousand in a commit\n", objects,
             static_cast<double>(objects) / seconds_since(start));
}

void measure_lists(TestS3& s3, uint64_t objects, const std::string& delimiter) {
  std::vector<double> times;
  uint64_t number = 0;
  for (int i = 0; i < 500; ++i) {
    number = (number + 7'919'377) % objects;
    ListObjectsV2Request request{.bucket = kBucket, .start_after = key_of(number)};
    if (!delimiter.empty()) request.delimiter = delimiter;
    const auto start = Steady::now();
    const auto page = s3.call<ListObjectsV2>(std::move(request));
    times.push_back(seconds_since(start) * 1e3);
  }
  std::ranges::sort(times);
  fmt::print("ListObjectsV2 of 1,000{}: p50 {:.2f} ms, p99 {:.2f} ms\n",
             delimiter.empty() ? "" : " with a delimiter", times[times.size() / 2],
             times[times.size() * 99 / 100]);
}

void run(const std::string& folder, uint64_t objects) {
  TestS3 s3(folder);
  s3.create_bucket(kBucket);
  const double before = resident_mib();
  fill(s3, 1, objects);
  measure_lists(s3, objects, "");
  measure_lists(s3, objects, "/");
  const auto count = static_cast<double>(objects);
  const objects::EngineNumbers numbers = s3.service().objects().numbers();
  fmt::print("an object: {:.1f} B of memory for the index, {:.0f} B resident, {:.0f} B on disk\n",
             static_cast<double>(numbers.index_bytes) / count, (resident_mib() - before) * (1 << 20) / count,
             static_cast<double>(numbers.disk_bytes) / count);
  std::fflush(stdout);
  // The next start shall find what a kill leaves.
  ::_exit(0);
}

}  // namespace

}  // namespace holm::s3

int main(int count, char** arguments) {
  if (count < 2) {
    fmt::print("Usage: s3_versions_bench FOLDER [OBJECTS], or s3_versions_bench FOLDER start [OBJECTS]\n");
    return 2;
  }
  const std::string folder = arguments[1], what = count > 2 ? arguments[2] : "10000000";
  if (what != "start") holm::s3::run(folder, std::stoull(what));
  const auto start = holm::s3::Steady::now();
  holm::s3::TestS3 s3(folder);
  fmt::print("start after a kill: {:.3f} s, {:.0f} MiB resident\n", holm::s3::seconds_since(start),
             holm::s3::resident_mib());
  if (count > 3) {
    for (const char* delimiter : {"", "/"}) holm::s3::measure_lists(s3, std::stoull(arguments[3]), delimiter);
  }
  std::fflush(stdout);
  ::_exit(0);
}
