// What the two interfaces promise, for every implementation of them: a further one is added to `Places`.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <optional>
#include <thread>

#include "objects/store.h"
#include "support/lossy_disk.h"
#include "support/reference_store.h"
#include "support/store_crashes.h"

namespace holm::objects {

namespace {

class ReferencePlace {
 public:
  Metadata& metadata() { return store_; }
  Bodies& bodies() { return store_; }
  CommitResult commit(Batch batch) { return store_.apply(std::move(batch)); }

 private:
  test::ReferenceStore store_;
};

// Everything is pushed to the runs every few commits.
class EnginePlace {
 public:
  Metadata& metadata() { return *engine_; }
  Bodies& bodies() { return *engine_; }
  CommitResult commit(Batch batch) {
    std::optional<CommitResult> result;
    engine_->commit(std::move(batch), [&](CommitResult outcome) { result = std::move(outcome); });
    while (!result) engine_->write_group();
    if (++commits_ % 3 == 0) EXPECT_TRUE(engine_->checkpoint());
    EXPECT_TRUE(engine_->upkeep());
    return *result;
  }

 private:
  test::LossyDisk disk_{1};
  std::unique_ptr<Engine> engine_ = std::move(Engine::open(disk_, test::small_store()).value());
  int commits_ = 0;
};

class ThreadsPlace {
 public:
  ThreadsPlace() {
    char path[] = "/tmp/holm-objects-XXXXXX";
    folder_ = ::mkdtemp(path);
    store_ = std::move(open_store(folder_, test::small_store()).value());
  }
  ~ThreadsPlace() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  Metadata& metadata() { return store_->metadata(); }
  Bodies& bodies() { return store_->bodies(); }
  CommitResult commit(Batch batch) { return commit_and_wait(metadata(), std::move(batch)); }

 private:
  std::string folder_;
  std::unique_ptr<Store> store_;
};

template <class Place>
class Contract : public testing::Test {
 protected:
  CommitResult put(const std::string& key, const std::string& value) {
    return place_.commit({.changes = {{key, value}}});
  }
  Stamp stamp_of(const std::string& key) {
    const auto record = place_.metadata().find(key).value();
    return record ? record->stamp : 0;
  }
  std::string keys(const Range& range, size_t count) {
    std::string text;
    for (const Record& record : place_.metadata().scan(range, count).value()) text += record.key + " ";
    return text;
  }
  std::shared_ptr<NewBody> body(const std::string& content) {
    auto writer = std::move(place_.bodies().write_body().value());
    EXPECT_TRUE(writer->write(content));
    return std::move(writer->finish().value());
  }
  std::string content_of(BodyId id) {
    auto reader = place_.bodies().open_body(id);
    if (!reader) return reader.error().fault == Fault::Absent ? "absent" : reader.error().message;
    std::string content((*reader)->size(), '\0');
    EXPECT_EQ((*reader)->read_at(0, content.data(), content.size()).value(), content.size());
    EXPECT_EQ((*reader)->take().value(), content);
    return content;
  }

  Place place_;
};

using Places = testing::Types<ReferencePlace, EnginePlace, ThreadsPlace>;
TYPED_TEST_SUITE(Contract, Places);

TYPED_TEST(Contract, FindsWhatWasCommittedAndNothingElse) {
  EXPECT_FALSE(this->place_.metadata().find("a").value());
  const auto stamp = this->put("a", "one");
  ASSERT_TRUE(stamp);
  EXPECT_EQ(this->place_.metadata().find("a").value(), (RecordState{"one", *stamp}));
  const auto later = this->put("a", "two");
  ASSERT_TRUE(later);
  EXPECT_GT(*later, *stamp);
  EXPECT_EQ(this->place_.metadata().find("a").value(), (RecordState{"two", *later}));
  ASSERT_TRUE(this->place_.commit({.changes = {{"a", std::nullopt}}}));
  EXPECT_FALSE(this->place_.metadata().find("a").value());
}

TYPED_TEST(Contract, CommitsAllOfABatchOrNothing) {
  ASSERT_TRUE(this->put("a", "one"));
  const auto refused =
      this->place_.commit({.expected = {{"b", 0}, {"a", 0}}, .changes = {{"a", "two"}, {"b", "two"}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().refusal, Refusal::Conflict);
  EXPECT_EQ(this->place_.metadata().find("a").value()->value, "one");
  EXPECT_FALSE(this->place_.metadata().find("b").value());
  ASSERT_TRUE(this->place_.commit(
      {.expected = {{"b", 0}, {"a", this->stamp_of("a")}}, .changes = {{"a", "two"}, {"b", "two"}}}));
  EXPECT_EQ(this->stamp_of("a"), this->stamp_of("b"));
}

TYPED_TEST(Contract, RefusesAStampThatIsNoLongerTrue) {
  ASSERT_TRUE(this->put("a", "one"));
  const Stamp read = this->stamp_of("a");
  ASSERT_TRUE(this->put("a", "two"));
  EXPECT_FALSE(this->place_.commit({.expected = {{"a", read}}, .changes = {{"a", "three"}}}));
  ASSERT_TRUE(this->place_.commit({.changes = {{"a", std::nullopt}}}));
  EXPECT_FALSE(this->place_.commit({.expected = {{"a", read}}, .changes = {{"a", "three"}}}));
  EXPECT_TRUE(this->place_.commit({.expected = {{"a", 0}}, .changes = {{"a", "three"}}}));
}

TYPED_TEST(Contract, RefusesARangeThatIsNotEmpty) {
  ASSERT_TRUE(this->put("bucket/x", "one"));
  const Batch batch{.empty = {{"bucket/", "bucket0"}}, .changes = {{"gone", "yes"}}};
  EXPECT_FALSE(this->place_.commit(batch));
  ASSERT_TRUE(this->place_.commit({.changes = {{"bucket/x", std::nullopt}}}));
  EXPECT_TRUE(this->place_.commit(batch));
  EXPECT_FALSE(this->place_.commit({.empty = {{"g", ""}}}));
}

TYPED_TEST(Contract, ScansInTheOrderOfBytes) {
  for (const char* key : {"b", "a", "a/", "a!", "\xc3\xa4", "B", "a/b"}) ASSERT_TRUE(this->put(key, "x"));
  ASSERT_TRUE(this->place_.commit({.changes = {{"a!", std::nullopt}}}));
  EXPECT_EQ(this->keys({}, 100), "B a a/ a/b b \xc3\xa4 ");
  EXPECT_EQ(this->keys({.from = "a/"}, 2), "a/ a/b ");
  EXPECT_EQ(this->keys({.from = "a", .end = "a/b"}, 100), "a a/ ");
  EXPECT_EQ(this->keys({.from = "a"}, 0), "");
}

// What moves from one range to another is in one of the two, whenever they are read.
TYPED_TEST(Contract, ScansSeveralRangesOfOneMoment) {
  ASSERT_TRUE(this->put("here", "x"));
  std::atomic<bool> is_over = false;
  std::thread mover([&] {
    for (int i = 0; i < 300; ++i) {
      const auto [from, to] = i % 2 == 0 ? std::pair("here", "there") : std::pair("there", "here");
      EXPECT_TRUE(this->place_.commit({.changes = {{from, std::nullopt}, {to, "x"}}}));
    }
    is_over = true;
  });
  const std::array<Range, 2> ranges = {Range{.from = "a", .end = "i"}, Range{.from = "t"}};
  int read = 0;
  while (!is_over || read == 0) {
    const auto found = this->place_.metadata().scan_all(ranges, 10).value();
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].size() + found[1].size(), 1u);
    ++read;
  }
  mover.join();
}

TYPED_TEST(Contract, ScansManyAcrossWhateverTheyLieIn) {
  std::string expected;
  for (int i = 0; i < 500; ++i) {
    // Written in an order that is not theirs, some twice, some taken away again.
    const std::string key = "key-" + std::to_string(1000 + i * 7 % 500);
    ASSERT_TRUE(this->put(key, std::string(50, 'x')));
  }
  for (int i = 0; i < 500; i += 5) ASSERT_TRUE(this->put("key-" + std::to_string(1000 + i), "y"));
  for (int i = 1; i < 500; i += 5) {
    ASSERT_TRUE(this->place_.commit({.changes = {{"key-" + std::to_string(1000 + i), std::nullopt}}}));
  }
  for (int i = 0; i < 500; ++i) {
    if (i % 5 != 1) expected += "key-" + std::to_string(1000 + i) + " ";
  }
  EXPECT_EQ(this->keys({}, 1000), expected);
  EXPECT_EQ(this->keys({.from = "key-1001", .end = "key-1004"}, 10), "key-1002 key-1003 ");
  EXPECT_EQ(this->place_.metadata().find("key-1005").value()->value, "y");
}

TYPED_TEST(Contract, BodiesAreThereOnceACommitAdoptsThemUntilOneForgetsThem) {
  for (size_t bytes : {size_t{0}, size_t{1}, size_t{1999}, size_t{2001}, size_t{65'536}, size_t{300'000}}) {
    SCOPED_TRACE(bytes);
    const std::string content(bytes, static_cast<char>('a' + bytes % 26));
    const auto made = this->body(content);
    EXPECT_EQ(made->bytes(), bytes);
    EXPECT_EQ(this->content_of(made->id()), "absent");
    ASSERT_TRUE(this->place_.commit({.changes = {{"a", "one"}}, .adopted = {made}}));
    EXPECT_EQ(this->content_of(made->id()), content);
    ASSERT_TRUE(this->place_.commit({.forgotten = {made->id()}}));
    EXPECT_EQ(this->content_of(made->id()), "absent");
    EXPECT_TRUE(this->place_.commit({.forgotten = {made->id()}}));
  }
}

TYPED_TEST(Contract, ARefusedCommitLeavesItsBodiesForAnother) {
  const auto made = this->body("content");
  EXPECT_FALSE(this->place_.commit({.expected = {{"a", 7}}, .adopted = {made}}));
  EXPECT_EQ(this->content_of(made->id()), "absent");
  EXPECT_TRUE(this->place_.commit({.adopted = {made}}));
  EXPECT_EQ(this->content_of(made->id()), "content");
}

TYPED_TEST(Contract, AnOpenBodyStaysReadableWhenItIsForgotten) {
  const std::string content(200'000, 'x');
  const auto made = this->body(content);
  ASSERT_TRUE(this->place_.commit({.adopted = {made}}));
  auto reader = std::move(this->place_.bodies().open_body(made->id()).value());
  ASSERT_TRUE(this->place_.commit({.forgotten = {made->id()}}));
  ASSERT_TRUE(this->put("a", "one"));
  std::string part(100'000, '\0');
  ASSERT_EQ(reader->read_at(99'999, part.data(), part.size()).value(), part.size());
  EXPECT_EQ(part, content.substr(99'999, 100'000));
  EXPECT_EQ(reader->read_at(199'999, part.data(), 10).value(), 1u);
  EXPECT_EQ(reader->read_at(200'000, part.data(), 10).value(), 0u);
}

// Written in pieces that fit no block, and read where blocks and extents begin and end.
TYPED_TEST(Contract, EveryPartOfABodyIsReadInEachWay) {
  std::string content(300'001, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 31 % 251);
  auto writer = std::move(this->place_.bodies().write_body().value());
  for (size_t at = 0; at < content.size(); at += 65'564) {
    ASSERT_TRUE(writer->write(std::string_view(content).substr(at, 65'564)));
  }
  const std::shared_ptr<NewBody> made = std::move(writer->finish().value());
  ASSERT_TRUE(this->place_.commit({.adopted = {made}}));
  const auto reader = std::move(this->place_.bodies().open_body(made->id()).value());
  std::string part(content.size() + 1, '\0');
  for (size_t at : {0, 1, 65'535, 65'536, 131'072, 262'143, 262'144, 300'000, 300'001, 400'000}) {
    for (size_t count : {1, 65'536, 65'537, 262'144, 300'002}) {
      const std::string expected = at < content.size() ? content.substr(at, count) : "";
      ASSERT_EQ(reader->read_at(at, part.data(), count).value(), expected.size());
      EXPECT_EQ(part.substr(0, expected.size()), expected);
      part.assign(part.size(), '\0');
      ASSERT_EQ(reader->read_unchecked(at, part.data(), count).value(), expected.size());
      EXPECT_EQ(part.substr(0, expected.size()), expected);
      part.assign(part.size(), '\0');
      const size_t cached = reader->read_cached(at, part.data(), count);
      ASSERT_LE(cached, expected.size());
      EXPECT_EQ(part.substr(0, cached), expected.substr(0, cached));
    }
  }
}

// Each thread counts: no count is lost or taken twice.
TEST(Threads, CommitBesideEachOther) {
  constexpr int kThreads = 4, kCounts = 200;
  ThreadsPlace place;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&place] {
      for (int counted = 0; counted < kCounts;) {
        const auto found = place.metadata().find("count").value();
        const int next = (found ? std::stoi(found->value) : 0) + 1;
        Batch batch{.expected = {{"count", found ? found->stamp : 0}},
                    .changes = {{"count", std::to_string(next)}}};
        counted += place.commit(std::move(batch)) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(place.metadata().find("count").value()->value, std::to_string(kThreads * kCounts));
}

TYPED_TEST(Contract, NumbersAscend) {
  const uint64_t first = this->place_.metadata().take_number();
  const auto made = this->body("content");
  EXPECT_GT(this->place_.metadata().take_number(), first);
}

}  // namespace

}  // namespace holm::objects
