// A process that is killed while it stores objects: what it acknowledged is there, whole, and nothing else is
// left.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "services/s3/record_keys.h"
#include "services/s3/records.h"
#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

constexpr int kRounds = 8;

std::string content_of(int number) {
  // Some in the log, some in a blob, some in several batches.
  const size_t sizes[] = {10, 20'000, 600'000};
  return std::string(sizes[number % 3], static_cast<char>('a' + number % 26));
}

// Stores objects 0, 1, 2 … over and over under few keys and tells each number once it is acknowledged.
[[noreturn]] void store_for_ever(const std::string& folder, int acknowledged) {
  TestS3 s3(folder);
  for (int number = 0;; ++number) {
    s3.put("bbb", "key-" + std::to_string(number % 40), content_of(number));
    if (::write(acknowledged, &number, sizeof number) != sizeof number) ::_exit(1);
  }
}

// The last number that was acknowledged before the child was killed.
int kill_after(const std::string& folder, int enough) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    store_for_ever(folder, ends[1]);
  }
  UniqueFd reading(ends[0]);
  ::close(ends[1]);
  int number = -1, last = -1;
  while (::read(reading.get(), &number, sizeof number) == sizeof number) {
    last = number;
    if (last == enough) ::kill(child, SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
  return last;
}

TEST(Crash, LosesNothingThatWasAcknowledgedAndLeavesNothingElse) {
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    TestFolder folder;
    {
      TestS3(folder.path()).create_bucket("bbb");
    }
    const int last = kill_after(folder.path(), 30 + round * 7);
    TestS3 s3(folder.path());
    for (int number = last; number >= 0 && number > last - 40; --number) {
      const std::string key = "key-" + std::to_string(number % 40);
      const std::string content = s3.get({.bucket = "bbb", .key = key});
      // The one after the last may have been stored without its acknowledgement being read.
      const bool is_next = (last + 1) % 40 == number % 40 && content == content_of(last + 1);
      EXPECT_TRUE(content == content_of(number) || is_next) << key;
    }
    EXPECT_EQ(s3.blob_count(), Records(s3.service()).scan(all_blobs(), 1000).size());
  }
}

}  // namespace

}  // namespace holm::s3
