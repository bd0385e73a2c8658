// Logs keep their newest half, and readers keep their place.

#include "sandbox/log_files.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/files.h"
#include "base/unique_fd.h"

namespace holm::sandbox {
namespace {

class Log : public testing::Test {
 protected:
  Log() : file_(::mkstemp(path_)) {}
  ~Log() override { ::unlink(path_); }

  void append(const std::string& text) {
    ASSERT_EQ(::lseek(file_.get(), 0, SEEK_END) >= 0, true);
    ASSERT_EQ(::write(file_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  char path_[32] = "/var/tmp/holm-log-XXXXXX";
  UniqueFd file_;
  LogFiles logs_;
};

TEST_F(Log, KeepsTheNewestHalf) {
  const std::string text = std::string(64 << 10, 'a') + std::string(64 << 10, 'b');
  append(text);
  logs_.trim(path_, 128 << 10);
  EXPECT_EQ(read_file(path_)->size(), text.size()) << "not beyond its bound";
  logs_.trim(path_, 100 << 10);
  std::string rest = *read_file(path_);
  EXPECT_LE(rest.size(), size_t{100 << 10});
  EXPECT_EQ(rest.find('a'), std::string::npos);
}

TEST_F(Log, IsReadOnFromWhereAReaderWas) {
  append("one\ntwo\n");
  EXPECT_EQ(logs_.read(path_, 0, 4)->bytes, "one\n");
  auto rest = logs_.read(path_, 4, 100);
  EXPECT_EQ(rest->begin, 4u);
  EXPECT_EQ(rest->bytes, "two\n");
  EXPECT_EQ(logs_.read(path_, 8, 100)->bytes, "");
  EXPECT_EQ(logs_.read("/var/tmp/holm-no-such-log", 8, 100)->begin, 8u);
}

TEST_F(Log, PositionsOutliveCuts) {
  append(std::string(64 << 10, 'a') + std::string(64 << 10, 'b'));
  logs_.trim(path_, 100 << 10);
  append("end");
  const uint64_t whole = 128 << 10;
  auto part = logs_.read(path_, whole, 100);
  EXPECT_EQ(part->begin, whole);
  EXPECT_EQ(part->bytes, "end");
  // Who was further behind than what is left is told by the place where it begins.
  auto late = logs_.read(path_, 10, 10);
  EXPECT_GT(late->begin, 10u);
  EXPECT_LT(late->begin, whole);
  EXPECT_EQ(late->bytes, "bbbbbbbbbb");
}

TEST_F(Log, BeginsAnewWhenItsWriterEmptiesIt) {
  append("a long first life\n");
  ASSERT_EQ(::ftruncate(file_.get(), 0), 0);
  append("second\n");
  auto part = logs_.read(path_, 18, 100);
  EXPECT_EQ(part->begin, 0u);
  EXPECT_EQ(part->bytes, "second\n");
}

}  // namespace
}  // namespace holm::sandbox
