// Objects are found where their requests run, and on a worker where that would mean to wait.

#include "services/s3/short_reads.h"

#include <gtest/gtest.h>

#include <string>

#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

class ShortReads : public ::testing::Test {
 protected:
  void SetUp() override {
    s3_.create_bucket("place");
    s3_.put("place", "small", "content");
  }

  size_t trips_of(const std::string& key) {
    const size_t before = s3_.trips_to_workers();
    answer_ = s3_.outcome<GetObject>({.bucket = "place", .key = key});
    return s3_.trips_to_workers() - before;
  }

  TestFolder folder_;
  TestS3 s3_{folder_.path()};
  std::string answer_;
};

TEST_F(ShortReads, TakeNoWorkerWhereTheyAreLet) {
  EXPECT_EQ(trips_of("small"), 1u);
  s3_.let_reactor_read();
  EXPECT_EQ(trips_of("small"), 0u);
  EXPECT_EQ(answer_, "200");
  EXPECT_EQ(s3_.get({.bucket = "place", .key = "small"}), "content");
}

TEST_F(ShortReads, TellWhatIsWrong) {
  s3_.let_reactor_read();
  EXPECT_EQ(trips_of("none"), 0u);
  EXPECT_EQ(answer_, "404 NoSuchKey");
}

TEST_F(ShortReads, SeeWhatWasWrittenBefore) {
  s3_.let_reactor_read();
  s3_.put("place", "small", "other content");
  EXPECT_EQ(s3_.get({.bucket = "place", .key = "small"}), "other content");
}

}  // namespace

}  // namespace holm::s3
