// Changes of records: decided by what is so when they happen, durable together, and told once.

#include "services/s3/changes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "services/s3/test_place.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

class Changes : public ::testing::Test {
 protected:
  void SetUp() override { s3.create_bucket("bbb"); }

  void with_call(const std::function<void(aws::Call&)>& work) {
    s3.transact(s3.caller(kTestAccount, "eu-west-1", "test"), sql::Access::Write, work);
  }
  void apply(const std::function<void(Records&)>& work) {
    with_call([&](aws::Call& call) { change(s3.service(), call, work); });
  }
  std::optional<std::string> find(const std::string& key) { return Records(s3.service()).find(key); }

  TestFolder folder;
  TestS3 s3{folder.path()};
};

TEST_F(Changes, AreDecidedAgainWhenSomebodyElseWasFirst) {
  apply([](Records& records) { records.put("test", "0"); });
  int decided = 0;
  with_call([&](aws::Call& call) {
    change(s3.service(), call, [&](Records& records) {
      const std::string before = records.find("test").value();
      if (++decided == 1) {
        Records other(s3.service(), Records::Purpose::Change);
        other.put("test", "other");
        objects::commit_and_wait(s3.service().objects().metadata(), other.take_commit().batch).value();
      }
      records.put("test", before + "+");
    });
  });
  EXPECT_EQ(decided, 2);
  EXPECT_EQ(find("test"), "other+");
}

// Whoever finds nothing to do, or refuses, has read at several moments, too.
TEST_F(Changes, AreDecidedAgainWhenNothingWasToBeDoneAsTheyWere) {
  for (const bool refuses : {false, true}) {
    apply([](Records& records) { records.erase("test"); });
    int decided = 0;
    apply([&](Records& records) {
      const bool is_there = records.find("test").has_value();
      if (++decided == 1) {
        Records other(s3.service(), Records::Purpose::Change);
        other.put("test", "other");
        objects::commit_and_wait(s3.service().objects().metadata(), other.take_commit().batch).value();
      }
      if (is_there) return records.put("test", "seen");
      if (refuses) throw aws::ServiceError("NotThere", 404, "There is none.");
    });
    EXPECT_EQ(decided, 2);
    EXPECT_EQ(find("test"), "seen");
  }
}

TEST_F(Changes, ShowTheirOwnBeforeTheyHappen) {
  apply([](Records& records) {
    for (const char* key : {"test-a", "test-b", "test-c"}) records.put(key, "old");
  });
  Records records(s3.service(), Records::Purpose::Change);
  records.erase("test-a");
  records.put("test-bb", "new");
  records.put("test-c", "new");
  std::vector<std::string> seen;
  for (const objects::Record& record : records.scan({"test-", "test."}, 2))
    seen.push_back(record.key + record.value);
  EXPECT_EQ(seen, (std::vector<std::string>{"test-bold", "test-bbnew"}));
  EXPECT_EQ(records.find("test-a"), std::nullopt);
  EXPECT_EQ(records.find("test-c"), "new");
  EXPECT_EQ(find("test-c"), "old");
}

TEST_F(Changes, HaveTheirEffectsOnceTheyAreDurableAndNotBefore) {
  int effects = 0;
  EXPECT_THROW(apply([&](Records& records) {
                 records.put("test", "x");
                 records.after_commit([&] { ++effects; });
                 throw aws::ServiceError("Refused", 400, "No.");
               }),
               aws::ServiceError);
  EXPECT_EQ(effects, 0);
  EXPECT_EQ(find("test"), std::nullopt);
  apply([&](Records& records) {
    records.put("test", "x");
    records.after_commit([&] {
      ++effects;
      EXPECT_EQ(find("test"), "x");
    });
  });
  EXPECT_EQ(effects, 1);
}

// The outbox is what a crash between the commit and the jobs leaves.
TEST_F(Changes, LeaveNothingToBeToldThatACrashCouldLose) {
  apply([&](Records& records) {
    records.put("test", "x");
    records.schedule({.kind = "test.kind", .key = "k", .payload = "{}"}, s3.now());
  });
  auto jobs = [&] {
    return s3.database()
        .begin(sql::Access::Read)
        ->find("SELECT count(*) FROM jobs_job WHERE kind = 'test.kind'")
        ->integer(0);
  };
  EXPECT_EQ(jobs(), 1);
  Records records(s3.service(), Records::Purpose::Change);
  records.schedule({.kind = "test.kind", .key = "other", .payload = "{}"}, s3.now());
  objects::commit_and_wait(s3.service().objects().metadata(), records.take_commit().batch).value();
  EXPECT_EQ(jobs(), 1) << "as after a crash";
  empty_outbox(s3.service());
  EXPECT_EQ(jobs(), 2);
  EXPECT_TRUE(Records(s3.service()).scan(whole_outbox(), 10).empty());
}

TEST_F(Changes, OfOneKeyByManyAreOneAfterTheOther) {
  s3.call<PutBucketVersioning>({.bucket = "bbb", .versioning_configuration = {.status = "Enabled"}});
  constexpr int kWriters = 8, kEach = 20;
  std::vector<std::future<void>> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.push_back(std::async(std::launch::async, [this] {
      for (int number = 0; number < kEach; ++number) s3.put("bbb", "k", "content");
    }));
  }
  for (std::future<void>& writer : writers) writer.get();
  const auto versions = s3.call<ListObjectVersions>({.bucket = "bbb"}).versions;
  EXPECT_EQ(versions.size(), size_t{kWriters * kEach});
  EXPECT_EQ(std::ranges::count(versions, std::optional(true), &ObjectVersion::is_latest), 1);
}

// Of writers that all expect that there is nothing, one is right.
TEST_F(Changes, ThatAreConditionalHappenOnce) {
  for (int round = 0; round < 10; ++round) {
    std::vector<std::future<bool>> writers;
    for (int writer = 0; writer < 8; ++writer) {
      writers.push_back(std::async(std::launch::async, [this, round] {
        PutObjectRequest request{.bucket = "bbb", .if_none_match = "*", .key = "k" + std::to_string(round)};
        request.body = std::make_shared<async::StringSource>("content");
        try {
          s3.call<PutObject>(std::move(request));
          return true;
        } catch (const aws::ServiceError& error) {
          EXPECT_EQ(error.http_status, 412);
          return false;
        }
      }));
    }
    int happened = 0;
    for (std::future<bool>& writer : writers) happened += writer.get() ? 1 : 0;
    EXPECT_EQ(happened, 1);
  }
}

// Nothing is stored in a bucket that is gone, and no bucket goes that has something.
TEST_F(Changes, AndTheEndOfTheirBucketExcludeEachOther) {
  for (int round = 0; round < 20; ++round) {
    const std::string bucket = "bucket-" + std::to_string(round);
    s3.create_bucket(bucket);
    std::future<std::string> removal =
        std::async(std::launch::async, [&] { return s3.outcome<DeleteBucket>({.bucket = bucket}); });
    std::string stored = "200";
    try {
      s3.put(bucket, "k", "content");
    } catch (const aws::ServiceError& error) {
      stored = error.code;
    }
    const std::string removed = removal.get();
    if (stored == "200") {
      EXPECT_EQ(removed, "409 BucketNotEmpty");
      EXPECT_EQ(s3.get({.bucket = bucket, .key = "k"}), "content");
    } else {
      EXPECT_EQ(stored, "NoSuchBucket");
      EXPECT_EQ(removed, "200");
    }
  }
}

}  // namespace

}  // namespace holm::s3
