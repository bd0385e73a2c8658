// Objects are found where their requests run, and on a worker where that would mean to wait.

#include "services/s3/short_reads.h"

#include <gtest/gtest.h>

#include <string>

#include "s3/handlers.h"
#include "services/s3/test_place.h"
#include "sql/quick_reads.h"

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

// What a reactor's thread may run gives what a worker gives.
template <class Op>
typename Op::Output on_reactor(TestS3& s3, const typename Op::Input& input) {
  const aws::Operation* operation = aws::find_operation(model(), Op::name);
  EXPECT_TRUE(s3.service().is_short(*operation)) << Op::name;
  EXPECT_EQ(operation->mode, aws::Mode::Read) << Op::name;
  typename Op::Output output;
  s3.any_reactor().call([&] {
    const auto transaction = sql::try_read(s3.database(), sql::Shown::Durable);
    ASSERT_NE(transaction, nullptr);
    aws::Call call{s3.caller(kTestAccount, "eu-west-1", "test"), *transaction, s3};
    const aws::Box made = operation->invoke(s3.service(), call, &input);
    output = std::move(*static_cast<typename Op::Output*>(made.get()));
    transaction->commit();
  });
  return output;
}

TEST_F(ShortReads, OfWholeOperationsGiveWhatWorkersGive) {
  s3_.let_reactor_read();
  const HeadObjectRequest object{.bucket = "place", .key = "small"};
  const HeadObjectOutput head = on_reactor<HeadObject>(s3_, object), same = s3_.call<HeadObject>(object);
  EXPECT_FALSE(head.e_tag.value_or("").empty());
  EXPECT_EQ(head.e_tag, same.e_tag);
  EXPECT_EQ(head.content_length, 7);
  EXPECT_EQ(head.content_length, same.content_length);
  EXPECT_EQ(head.content_type, same.content_type);
  EXPECT_EQ(head.last_modified, same.last_modified);
  EXPECT_EQ(on_reactor<HeadBucket>(s3_, {.bucket = "place"}).bucket_region, "eu-west-1");
  EXPECT_EQ(on_reactor<GetObjectTagging>(s3_, {.bucket = "place", .key = "small"}).tag_set.size(), 0u);
  EXPECT_EQ(on_reactor<GetBucketVersioning>(s3_, {.bucket = "place"}).status, std::nullopt);
  EXPECT_EQ(on_reactor<GetBucketLocation>(s3_, {.bucket = "place"}).document,
            s3_.call<GetBucketLocation>({.bucket = "place"}).document);
}

TEST_F(ShortReads, AreNoneOfWhatWritesOrReadsMuch) {
  for (const aws::Operation& operation : model().operations) {
    if (s3_.service().is_short(operation)) EXPECT_EQ(operation.mode, aws::Mode::Read) << operation.name;
  }
  EXPECT_FALSE(s3_.service().is_short(*aws::find_operation(model(), "ListObjectsV2")));
}

}  // namespace

}  // namespace holm::s3
