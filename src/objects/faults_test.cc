// Disks that fail: full, damaged, unreadable, unable to sync. Whatever happens, wrong bytes are never given
// out and nothing that was acknowledged is denied.

#include <gtest/gtest.h>

#include <optional>

#include "objects/engine.h"
#include "support/lossy_disk.h"
#include "support/store_crashes.h"

namespace holm::objects {

namespace {

class Faults : public testing::Test {
 protected:
  void open() { engine_ = std::move(Engine::open(disk_, test::small_store()).value()); }
  void reopen() {
    engine_.reset();
    open();
  }
  std::string fault_of_opening() {
    engine_.reset();
    auto opened = Engine::open(disk_, test::small_store());
    if (opened) return "none";
    return opened.error().fault == Fault::Damaged ? "damaged" : opened.error().message;
  }

  std::string commit(Batch batch) {
    std::optional<CommitResult> result;
    engine_->commit(std::move(batch), [&](CommitResult outcome) { result = std::move(outcome); });
    while (engine_->write_group()) continue;
    if (*result) return "done";
    switch (result->error().refusal) {
      case Refusal::Conflict: return "conflict";
      case Refusal::Full: return "full";
      case Refusal::TooLarge: return "too large";
      case Refusal::Failed: return "failed";
    }
    return "";
  }
  std::string put(const std::string& key, const std::string& value) {
    return commit({.changes = {{key, value}}});
  }

  std::string put_body(const std::string& key, const std::string& content) {
    auto writer = std::move(engine_->write_body().value());
    if (auto written = writer->write(content); !written) {
      return written.error().fault == Fault::Full ? "full" : written.error().message;
    }
    auto body = writer->finish();
    if (!body) return body.error().fault == Fault::Full ? "full" : body.error().message;
    last_body_ = (*body)->id();
    return commit({.changes = {{key, "value"}}, .adopted = {std::move(*body)}});
  }
  std::string read_body(BodyId id) {
    auto reader = engine_->open_body(id);
    std::string content;
    Outcome<size_t> got = size_t{0};
    if (reader) {
      content.resize((*reader)->size());
      got = (*reader)->read_at(0, content.data(), content.size());
    }
    const Failure* failure = !reader ? &reader.error() : !got ? &got.error() : nullptr;
    if (failure == nullptr) return content;
    return failure->fault == Fault::Damaged  ? "damaged"
           : failure->fault == Fault::Absent ? "absent"
                                             : "broken";
  }
  // Where `content` stands in the files whose names begin like that.
  std::pair<std::string, uint64_t> place_of(const std::string& prefix, const std::string& content) {
    for (const std::string& name : disk_.list().value()) {
      const size_t at = disk_.bytes_of(name).find(content);
      if (name.starts_with(prefix) && at != std::string::npos) return {name, at};
    }
    ADD_FAILURE() << "not found";
    return {"", 0};
  }
  std::string newest(const std::string& prefix) {
    std::string found;
    for (const std::string& name : disk_.list().value()) {
      if (name.starts_with(prefix)) found = std::max(found, name);
    }
    return found;
  }
  void settle() {
    ASSERT_TRUE(engine_->checkpoint());
    while (engine_->upkeep().value() || engine_->write_group()) continue;
  }

  test::LossyDisk disk_{1};
  std::unique_ptr<Engine> engine_;
  BodyId last_body_ = 0;
};

TEST_F(Faults, ADamagedBodyIsAnErrorAndReportedAndOthersAreNot) {
  open();
  ASSERT_EQ(put_body("small", "small content"), "done");
  const BodyId small = last_body_;
  ASSERT_EQ(put_body("large", std::string(200'000, 'l')), "done");
  const BodyId large = last_body_;
  ASSERT_EQ(put_body("other", "other content"), "done");
  const BodyId other = last_body_;
  settle();
  const auto [segment, at] = place_of("log-", "small content");
  disk_.flip_bit(segment, at + 3);
  const auto [volume, begin] = place_of("volume-", std::string(200'000, 'l'));
  disk_.flip_bit(volume, begin + 150'000);
  reopen();
  EXPECT_EQ(read_body(small), "damaged");
  EXPECT_EQ(read_body(large), "damaged");
  EXPECT_EQ(read_body(other), "other content");
  const ScrubReport report = engine_->scrub().value();
  EXPECT_EQ(report.bodies, 3u);
  EXPECT_EQ(report.damaged, (std::vector<BodyId>{small, large}));
  EXPECT_EQ(report.messages.size(), 2u);
  // What is whole of a large body can be read.
  std::string start(65'536, '\0');
  EXPECT_TRUE(engine_->open_body(large).value()->read_at(0, start.data(), start.size()));
}

TEST_F(Faults, ADamagedIndexIsAnErrorAndReported) {
  open();
  for (int i = 0; i < 30; ++i) ASSERT_EQ(put("key-" + std::to_string(i), std::string(50, 'v')), "done");
  settle();
  disk_.flip_bit(newest("run-"), 100);
  reopen();
  EXPECT_EQ(engine_->find("key-0").error().fault, Fault::Damaged);
  EXPECT_TRUE(engine_->find("key-9").has_value());
  EXPECT_EQ(engine_->scan({}, 1000).error().fault, Fault::Damaged);
  EXPECT_EQ(engine_->scrub().value().messages.size(), 1u);
}

TEST_F(Faults, AnUnreadableFileIsAnErrorForWhatIsInItOnly) {
  open();
  ASSERT_EQ(put_body("large", std::string(200'000, 'l')), "done");
  const BodyId large = last_body_;
  ASSERT_EQ(put_body("small", "small content"), "done");
  disk_.fail_reads(newest("volume-"));
  EXPECT_EQ(read_body(large), "broken");
  EXPECT_EQ(read_body(last_body_), "small content");
  EXPECT_EQ(put("a", "one"), "done");
}

TEST_F(Faults, ALogThatIsDamagedBeforeItsEndIsNotCutOffThere) {
  open();
  ASSERT_EQ(put("a", "the first value"), "done");
  ASSERT_EQ(put("b", "the second value"), "done");
  const auto [segment, at] = place_of("log-", "the first value");
  disk_.flip_bit(segment, at);
  EXPECT_EQ(fault_of_opening(), "damaged");
  disk_.flip_bit(segment, at);
  reopen();
  EXPECT_EQ(engine_->find("a").value()->value, "the first value");
}

TEST_F(Faults, ALostSegmentIsNotPassedOver) {
  open();
  for (int i = 0; i < 300; ++i) ASSERT_EQ(put("key-" + std::to_string(i % 3), std::string(100, 'v')), "done");
  ASSERT_EQ(fault_of_opening(), "none");
  ASSERT_TRUE(disk_.remove("log-00000002"));
  EXPECT_EQ(fault_of_opening(), "damaged");
}

TEST_F(Faults, ALostManifestIsNotANewStore) {
  open();
  ASSERT_EQ(put("a", "one"), "done");
  ASSERT_TRUE(disk_.remove("manifest"));
  EXPECT_EQ(fault_of_opening(), "damaged");
}

TEST_F(Faults, ADamagedManifestIsNotBelieved) {
  open();
  ASSERT_EQ(put("a", "one"), "done");
  disk_.flip_bit("manifest", 9);
  EXPECT_EQ(fault_of_opening(), "damaged");
}

TEST_F(Faults, AFailedSyncAcknowledgesNothingMore) {
  open();
  ASSERT_EQ(put("a", "one"), "done");
  disk_.fail_syncs(true);
  EXPECT_EQ(put("a", "two"), "failed");
  disk_.fail_syncs(false);
  // Trying again would prove nothing.
  EXPECT_EQ(put("a", "three"), "failed");
  EXPECT_EQ(engine_->find("a").value()->value, "one");
  disk_.restart();
  reopen();
  EXPECT_EQ(engine_->find("a").value()->value, "one");
  EXPECT_EQ(put("a", "four"), "done");
}

TEST_F(Faults, AFullDiskTakesRemovalsAndGivesReadsAndRecovers) {
  open();
  ASSERT_EQ(put_body("first", std::string(100'000, 'f')), "done");
  const BodyId first = last_body_;
  std::vector<BodyId> bodies;
  disk_.set_capacity(600'000);
  std::string outcome;
  for (int i = 0; i < 2000 && outcome != "full"; ++i) {
    outcome = put_body("key-" + std::to_string(i), std::string(1500, static_cast<char>('a' + i % 26)));
    if (outcome == "done") bodies.push_back(last_body_);
    static_cast<void>(engine_->upkeep());
  }
  ASSERT_EQ(outcome, "full");
  ASSERT_GT(bodies.size(), 100u);
  EXPECT_EQ(put_body("large", std::string(100'000, 'x')), "full");
  EXPECT_EQ(read_body(first), std::string(100'000, 'f'));
  EXPECT_EQ(read_body(bodies[7]), std::string(1500, 'h'));
  // A start does not need space either.
  reopen();
  EXPECT_EQ(read_body(bodies[7]), std::string(1500, 'h'));
  for (size_t i = 0; i < bodies.size(); ++i) {
    ASSERT_EQ(commit({.changes = {{"key-" + std::to_string(i), std::nullopt}}, .forgotten = {bodies[i]}}),
              "done")
        << i;
    static_cast<void>(engine_->upkeep());
  }
  settle();
  EXPECT_EQ(put_body("again", std::string(1500, 'x')), "done");
  EXPECT_EQ(engine_->scan({}, 1000).value().size(), 2u);
}

TEST_F(Faults, SpaceOfWhatIsRemovedOrReplacedComesBack) {
  open();
  for (int i = 0; i < 3000; ++i) {
    ASSERT_EQ(put_body("key", std::string(1000, 'x')), "done");
    const BodyId now = last_body_;
    ASSERT_EQ(commit({.forgotten = {now}}), "done");
    while (engine_->upkeep().value()) continue;
  }
  settle();
  // Three megabytes went through it.
  EXPECT_LT(disk_.used(), 300'000u);
}

TEST_F(Faults, CompactionKeepsTheFewThatLive) {
  open();
  std::vector<BodyId> kept;
  for (int i = 0; i < 400; ++i) {
    ASSERT_EQ(put_body("key-" + std::to_string(i), "content " + std::to_string(i) + std::string(1000, 'x')),
              "done");
    if (i % 20 == 0) {
      kept.push_back(last_body_);
    } else {
      ASSERT_EQ(commit({.changes = {{"key-" + std::to_string(i), std::nullopt}}, .forgotten = {last_body_}}),
                "done");
    }
  }
  settle();
  settle();
  EXPECT_LT(disk_.used(), 200'000u);
  for (size_t i = 0; i < kept.size(); ++i) {
    EXPECT_TRUE(read_body(kept[i]).starts_with("content " + std::to_string(i * 20) + "x"));
  }
  reopen();
  EXPECT_EQ(engine_->scrub().value().bodies, kept.size());
  EXPECT_TRUE(engine_->scrub().value().messages.empty());
}

// What is moved is written with the commits that wait meanwhile.
TEST_F(Faults, CompactionMovesAPieceAtATime) {
  open();
  std::vector<BodyId> kept;
  for (int i = 0; i < 120; ++i) {
    ASSERT_EQ(put_body("key-" + std::to_string(i), std::to_string(i) + std::string(1000, 'x')), "done");
    if (i % 4 == 0) {
      kept.push_back(last_body_);
    } else {
      ASSERT_EQ(commit({.forgotten = {last_body_}}), "done");
    }
  }
  ASSERT_TRUE(engine_->checkpoint());
  size_t groups = 0;
  while (engine_->upkeep().value()) continue;
  while (engine_->write_group()) {
    ++groups;
    while (engine_->upkeep().value()) continue;
  }
  // Of four bodies that lie together, as many as fit into a piece with what is removed between them, one lives.
  EXPECT_GT(groups, kept.size() / 2);
  for (size_t i = 0; i < kept.size(); ++i) {
    EXPECT_TRUE(read_body(kept[i]).starts_with(std::to_string(i * 4) + "x"));
  }
}

TEST_F(Faults, OneSyncCarriesAllThatWaits) {
  open();
  ASSERT_EQ(put("a", "one"), "done");
  const uint64_t before = disk_.syncs();
  int done = 0;
  for (int i = 0; i < 20; ++i) {
    engine_->commit({.changes = {{"key-" + std::to_string(i), "x"}}},
                    [&](const CommitResult& result) { done += result ? 1 : 0; });
  }
  EXPECT_FALSE(engine_->find("key-0").value());  // Nobody sees what is not durable.
  EXPECT_TRUE(engine_->write_group());
  EXPECT_EQ(done, 20);
  EXPECT_EQ(disk_.syncs(), before + 1);
  EXPECT_FALSE(engine_->write_group());
}

TEST_F(Faults, AStartThatFindsNothingWritesNothing) {
  open();
  EXPECT_EQ(commit({}), "done");
  EXPECT_TRUE(engine_->checkpoint());
  EXPECT_FALSE(engine_->upkeep().value());
  reopen();
  EXPECT_TRUE(disk_.list().value().empty());
  EXPECT_EQ(disk_.syncs(), 0u);
  ASSERT_EQ(put("a", "one"), "done");
  reopen();
  EXPECT_EQ(engine_->find("a").value()->value, "one");
}

TEST_F(Faults, ASegmentThatIsGoneGivesItsNumberToNoOther) {
  open();
  ASSERT_EQ(put("a", "one"), "done");
  ASSERT_TRUE(engine_->checkpoint());
  reopen();
  EXPECT_TRUE(newest("log-").empty()) << "nothing in it is needed any more";
  reopen();
  ASSERT_EQ(put("b", "two"), "done");
  ASSERT_EQ(put("c", "three"), "done");
  reopen();
  EXPECT_EQ(engine_->scan({}, 10).value().size(), 3u);
}

TEST_F(Faults, ACommitOfNothingIsAnsweredAfterThoseBeforeIt) {
  open();
  ASSERT_EQ(put("a", "one"), "done");
  std::vector<std::string> order;
  engine_->commit({.changes = {{"a", "two"}}}, [&](const CommitResult&) { order.emplace_back("change"); });
  engine_->commit({}, [&](const CommitResult& result) {
    order.emplace_back("nothing");
    EXPECT_TRUE(result.has_value());
    EXPECT_EQ(engine_->find("a").value()->value, "two");
  });
  EXPECT_TRUE(engine_->write_group());
  EXPECT_EQ(order, (std::vector<std::string>{"change", "nothing"}));
  disk_.fail_syncs(true);
  engine_->commit({.changes = {{"a", "three"}}}, {});
  EXPECT_EQ(commit({}), "failed");
}

TEST_F(Faults, ACommitThatIsTooLargeIsRefused) {
  open();
  EXPECT_EQ(put(std::string(kKeyBytesMax + 1, 'k'), "x"), "too large");
  EXPECT_EQ(put("k", std::string(kBatchBytesMax, 'v')), "too large");
  EXPECT_EQ(put("k", std::string(kBatchBytesMax / 2, 'v')), "done");
  reopen();
  EXPECT_EQ(engine_->find("k").value()->value.size(), kBatchBytesMax / 2);
}

TEST_F(Faults, NumbersAreNotGivenAgainByALaterLife) {
  open();
  ASSERT_EQ(put_body("a", "one"), "done");
  const uint64_t number = engine_->take_number();
  ASSERT_EQ(put("a", std::to_string(number)), "done");
  reopen();
  EXPECT_GT(engine_->take_number(), number);
  settle();
  reopen();
  EXPECT_GT(engine_->take_number(), number);
}

}  // namespace

}  // namespace holm::objects
