// What lies on the disk: records of the log, runs, filters, layouts, the manifest. And bytes that are none of
// them.

#include <gtest/gtest.h>

#include "objects/coding.h"
#include "objects/key_filter.h"
#include "objects/log_record.h"
#include "objects/manifest.h"
#include "objects/run.h"
#include "objects/volumes.h"
#include "support/lossy_disk.h"

namespace holm::objects {

namespace {

std::string some_record(uint32_t segment) {
  const LogRecord record{.sequence = 7,
                         .durable = 5,
                         .numbers = 9,
                         .operations = {{.kind = OperationKind::Put, .key = "kone", .value = "value"},
                                        {.kind = OperationKind::Content, .body = 12},
                                        {.kind = OperationKind::Erase, .key = "ktwo"},
                                        {.kind = OperationKind::Forget, .body = 4, .before = {1, 2, 3, 4}},
                                        {.kind = OperationKind::Moved, .body = 6, .before = {5, 6, 7, 8}}}};
  std::string bytes;
  append_record(bytes, record, segment, {"content", "moved"});
  return bytes;
}

TEST(Record, IsReadAsItWasWritten) {
  const std::string bytes = some_record(3);
  EXPECT_EQ(bytes.size() % kRecordAlignment, 0u);
  const auto record = read_record(bytes, 3, 1000);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->sequence, 7u);
  EXPECT_EQ(record->durable, 5u);
  EXPECT_EQ(record->numbers, 9u);
  EXPECT_EQ(record->bytes, bytes.size());
  ASSERT_EQ(record->operations.size(), 5u);
  EXPECT_EQ(record->operations[0].value, "value");
  const Location content = record->operations[1].location;
  EXPECT_EQ(content.segment, 3u);
  EXPECT_EQ(bytes.substr(content.offset - 1000, content.bytes), "content");
  EXPECT_EQ(record->operations[3].before, (Location{1, 2, 3, 4}));
  const Location moved = record->operations[4].location;
  EXPECT_EQ(bytes.substr(moved.offset - 1000, moved.bytes), "moved");
}

TEST(Record, IsTheSameBehindOthers) {
  const LogRecord record{.sequence = 1, .operations = {{.kind = OperationKind::Content, .body = 2}}};
  std::string alone, behind = some_record(3);
  append_record(alone, record, 3, {"content"});
  const size_t begin = behind.size();
  append_record(behind, record, 3, {"content"});
  EXPECT_EQ(behind.substr(begin), alone);
  EXPECT_EQ(behind.substr(0, begin), some_record(3));
}

TEST(Record, IsNoneWhenABitIsAnother) {
  const std::string bytes = some_record(3);
  const size_t used = bytes.find("moved") + 5;  // Behind it there is padding.
  for (size_t bit = 0; bit < used * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(read_record(damaged, 3, 0)) << bit;
  }
}

TEST(Record, IsNoneWhenItIsCutOffOrOfAnotherSegment) {
  const std::string bytes = some_record(3);
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(read_record(std::string_view(bytes).substr(0, length), 3, 0)) << length;
  }
  EXPECT_FALSE(read_record(bytes, 4, 0));
}

TEST(Record, ProvesWhatWasDurableBeforeIt) {
  const std::string bytes = std::string(40, 'x') + some_record(3);
  EXPECT_TRUE(proves_durable(bytes, 3, 0, 5));
  EXPECT_FALSE(proves_durable(bytes, 3, 0, 6));
  EXPECT_FALSE(proves_durable(bytes, 4, 0, 5));
}

TEST(Coding, NumbersComeBackAndNothingIsReadBehindTheEnd) {
  for (uint64_t number : {uint64_t{0}, uint64_t{127}, uint64_t{128}, uint64_t{1} << 32, ~uint64_t{0}}) {
    std::string bytes;
    put_varint(bytes, number);
    uint64_t read = 1;
    EXPECT_TRUE(ByteReader(bytes).varint(read));
    EXPECT_EQ(read, number);
    bytes.pop_back();
    EXPECT_FALSE(ByteReader(bytes).varint(read));
    EXPECT_EQ(number_of(ordered_bytes(number)), number);
  }
  EXPECT_LT(ordered_bytes(255), ordered_bytes(256));
}

TEST(KeyFilter, KnowsEveryKeyAndFewOthers) {
  KeyFilter filter(1000);
  for (int i = 0; i < 1000; ++i) filter.add("key-" + std::to_string(i));
  const KeyFilter read = KeyFilter::from_bytes(filter.bytes());
  int wrong = 0;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(read.may_have("key-" + std::to_string(i)));
    wrong += read.may_have("other-" + std::to_string(i)) ? 1 : 0;
  }
  EXPECT_LT(wrong, 40);
}

TEST(Run, FindsAndWalksWhatWasAdded) {
  test::LossyDisk disk(1);
  auto writer = std::move(RunWriter::create(disk, 1, 1000, 256).value());
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "key-" + std::to_string(1000 + i);
    ASSERT_TRUE(writer->add({key, static_cast<uint64_t>(i + 1), i % 10 == 0, i % 10 == 0 ? "" : key}));
  }
  ASSERT_TRUE(writer->finish());
  const auto run = Run::open(disk, 1).value();
  EXPECT_EQ(run->entries(), 1000u);
  EXPECT_TRUE(run->check());
  EXPECT_EQ(run->find("key-1555").value()->value, "key-1555");
  EXPECT_TRUE(run->find("key-1550").value()->is_erased);
  EXPECT_FALSE(run->find("key-15550").value());
  EXPECT_FALSE(run->find("a").value());
  EXPECT_FALSE(run->find("z").value());
  auto cursor = std::move(run->walk("key-1996x", "key-1999").value());
  ASSERT_FALSE(cursor->is_at_end());
  EXPECT_EQ(cursor->entry().key, "key-1997");
  ASSERT_TRUE(cursor->next());
  EXPECT_EQ(cursor->entry().sequence, 999u);
  ASSERT_TRUE(cursor->next());
  EXPECT_TRUE(cursor->is_at_end());
  EXPECT_TRUE(run->walk("z", "").value()->is_at_end());
}

TEST(Run, ThatIsEmptyHasNothing) {
  test::LossyDisk disk(1);
  ASSERT_TRUE(RunWriter::create(disk, 1, 0, 256).value()->finish());
  const auto run = Run::open(disk, 1).value();
  EXPECT_FALSE(run->find("a").value());
  EXPECT_TRUE(run->walk("", "").value()->is_at_end());
}

TEST(Layout, IsReadAsItWasWrittenAndNothingElseIs) {
  const Layout layout{.bytes = 100'000, .extents = {{1, 4096, 65'536}, {2, 0, 34'464}}, .crcs = {1, 2}};
  const std::string bytes = encode_layout(layout);
  EXPECT_EQ(read_layout(bytes), layout);
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(read_layout(std::string_view(bytes).substr(0, length)));
  }
  EXPECT_FALSE(read_layout(bytes + "x"));
}

TEST(Manifest, IsReadAsItWasWritten) {
  test::LossyDisk disk(1);
  EXPECT_EQ(read_manifest(disk).error().fault, Fault::Absent);
  const Manifest manifest{.checkpoint = 5,
                          .replay_segment = 2,
                          .replay_offset = 99,
                          .next_file = 9,
                          .numbers = 77,
                          .runs = {8, 3},
                          .live_bytes = {{1, 100}, {2, 5}}};
  ASSERT_TRUE(write_manifest(disk, manifest));
  disk.restart();
  EXPECT_EQ(read_manifest(disk).value(), manifest);
}

}  // namespace

}  // namespace holm::objects
