// Blobs on disk: whole or not there.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/strings.h"
#include "blobs/blobs.h"

namespace holm::blobs {

namespace {

class DiskStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "holm-blobs-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
    store = open_disk_store(folder + "/deep/blobs");
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::string put(std::string_view content) {
    auto writer = store->create().value();
    EXPECT_TRUE(writer->write(content));
    return writer->finish().value();
  }

  std::string content(const Reader& reader) {
    std::string bytes(reader.size() + 1, '?');
    size_t got = reader.read_at(0, bytes.data(), bytes.size()).value();
    return bytes.substr(0, got);
  }

  std::string folder;
  std::unique_ptr<Store> store;
};

TEST_F(DiskStoreTest, ABlobIsReadBackAsItWasWritten) {
  auto writer = store->create().value();
  std::string half(100'000, '\0');
  ASSERT_TRUE(writer->write("head"));
  ASSERT_TRUE(writer->write(half));
  ASSERT_TRUE(writer->write(""));
  std::string id = writer->finish().value();
  EXPECT_EQ(id.size(), 32u);
  auto reader = store->open(id).value();
  EXPECT_EQ(reader->size(), 100'004u);
  EXPECT_EQ(content(*reader), "head" + half);
  char few[3];
  EXPECT_EQ(reader->read_at(2, few, 3).value(), 3u);
  EXPECT_EQ(std::string_view(few, 3), std::string_view("ad\0", 3));
  EXPECT_EQ(reader->read_unchecked(100'003, few, 3).value(), 1u);
  EXPECT_LE(reader->read_cached(100'003, few, 3), 1u);
  EXPECT_EQ(reader->read_at(100'004, few, 3).value(), 0u);
  EXPECT_EQ(reader->read_at(999'999, few, 3).value(), 0u);
}

TEST_F(DiskStoreTest, AnEmptyBlobIsABlob) {
  EXPECT_EQ(content(*store->open(put("")).value()), "");
}

TEST_F(DiskStoreTest, ADroppedWriterLeavesNothing) {
  auto writer = store->create().value();
  ASSERT_TRUE(writer->write("half"));
  writer.reset();
  EXPECT_EQ(store->list(), std::vector<std::string>{});
  EXPECT_TRUE(std::filesystem::is_empty(folder + "/deep/blobs"));
}

TEST_F(DiskStoreTest, AFinishedWriterIsOfNoFurtherUse) {
  auto writer = store->create().value();
  ASSERT_TRUE(writer->finish());
  EXPECT_FALSE(writer->write("more"));
  EXPECT_FALSE(writer->finish());
  EXPECT_EQ(store->list().size(), 1u);
}

TEST_F(DiskStoreTest, AnOpenBlobOutlivesItsRemoval) {
  std::string id = put("kept for the reader");
  auto reader = store->open(id).value();
  store->remove(id);
  store->remove(id);
  EXPECT_EQ(content(*reader), "kept for the reader");
  EXPECT_FALSE(store->open(id));
  EXPECT_EQ(store->list(), std::vector<std::string>{});
}

TEST_F(DiskStoreTest, ListKnowsTheBlobsAndNothingElse) {
  std::vector<std::string> ids = {put("a"), put("b"), put("c")};
  std::ofstream(folder + "/deep/blobs/stray") << "x";
  std::ofstream(folder + "/deep/blobs/" + std::string(32, 'a')) << "in the wrong folder";
  std::vector<std::string> listed = open_disk_store(folder + "/deep/blobs")->list();
  std::ranges::sort(ids);
  std::ranges::sort(listed);
  EXPECT_EQ(listed, ids);
}

TEST_F(DiskStoreTest, WhatIsNoIdNamesNoFile) {
  std::ofstream(folder + "/secret") << "x";
  for (std::string id : {"", "../../../secret", "ABCDEF0123456789ABCDEF0123456789", "0123"}) {
    EXPECT_FALSE(store->open(id)) << id;
    store->remove(id);
  }
  EXPECT_TRUE(std::filesystem::exists(folder + "/secret"));
}

TEST_F(DiskStoreTest, AFolderThatCannotBeUsedIsNamed) {
  std::ofstream(folder + "/file") << "x";
  auto broken = open_disk_store(folder + "/file");
  auto writer = broken->create();
  ASSERT_FALSE(writer);
  EXPECT_NE(writer.error().message.find(folder + "/file"), std::string::npos) << writer.error().message;
}

// In a child, because the limit would hit the test's own output. Its exit status says what went wrong.
int write_beyond_the_limit(Store& store) {
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{.rlim_cur = 100'000, .rlim_max = 100'000};
  if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
  auto writer = store.create();
  if (!writer) return 3;
  if ((*writer)->write(std::string(200'000, 'x'))) return 4;
  if ((*writer)->write("x")) return 5;
  if ((*writer)->finish()) return 6;
  return store.list().empty() ? 0 : 7;
}

TEST_F(DiskStoreTest, ABlobThatDidNotFitIsNeverFinished) {
  pid_t child = ::fork();
  if (child == 0) ::_exit(write_beyond_the_limit(*store));
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(DiskStoreTest, AKilledProcessLeavesWholeBlobsOnly) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  pid_t child = ::fork();
  if (child == 0) {
    for (;;) {
      std::string id = put(std::string(50'000, 'x'));
      if (::write(ends[1], id.data(), id.size()) < 0) ::_exit(1);
    }
  }
  ::close(ends[1]);
  std::vector<std::string> finished;
  char id[32];
  while (finished.size() < 20 && ::read(ends[0], id, sizeof id) == 32) finished.emplace_back(id, sizeof id);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ends[0]);
  std::vector<std::string> listed = store->list();
  for (const std::string& one : finished) EXPECT_EQ(std::ranges::count(listed, one), 1);
  for (const std::string& one : listed) EXPECT_EQ(store->open(one).value()->size(), 50'000u);
}

}  // namespace

}  // namespace holm::blobs
