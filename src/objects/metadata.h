// Metadata: ordered records with atomic, conditional commits, behind an interface that a database can stand
// behind too.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "objects/bodies.h"
#include "objects/failure.h"

namespace holm::objects {

// Of the commit that wrote a record: later ones are greater. 0 is none.
using Stamp = uint64_t;

// What stands under a key.
struct RecordState {
  std::string value;
  Stamp stamp = 0;

  bool operator==(const RecordState&) const = default;
};

struct Record {
  std::string key;
  std::string value;
  Stamp stamp = 0;

  bool operator==(const Record&) const = default;
};

using RecordPage = std::vector<Record>;

// Keys in the order of their bytes: from `from`, before `end` unless that is empty.
struct Range {
  std::string from;
  std::string end = {};
};

// A commit happens only if the record is still the one that was read; stamp 0: there is none.
struct Expectation {
  std::string key;
  Stamp stamp = 0;
};

struct Change {
  std::string key;
  std::optional<std::string> value;  // Nothing: the record is removed.
};

// All of it happens, or none. A key is changed at most once.
struct Batch {
  std::vector<Expectation> expected = {};
  std::vector<Range> empty = {};  // Where there must be no record.
  std::vector<Change> changes = {};
  std::vector<std::shared_ptr<NewBody>> adopted = {};  // A refused commit leaves them to whoever holds them.
  std::vector<BodyId> forgotten = {};                  // One that is not there is passed over.
};

enum class Refusal : uint8_t {
  Conflict,  // An expectation did not hold. Read again and decide again.
  Full,      // No space is left; what frees space is still taken.
  TooLarge,  // Of more than kBatchBytesMax.
  Failed,    // The disk failed: whether it happened is known after the next start.
};

struct CommitFailure {
  Refusal refusal = Refusal::Failed;
  std::string message;
};

using CommitResult = std::expected<Stamp, CommitFailure>;
// Called once, on a thread of the store, when the commit is durable or refused. It must not block.
using Committed = std::function<void(CommitResult)>;

constexpr size_t kKeyBytesMax = 4096;
constexpr size_t kBatchBytesMax = size_t{8} << 20;

// Any thread. Readers see durable commits only, each as a whole, and every commit that was answered before
// they began. Commits are in one order; expectations are about the state that the commit itself comes upon.
class Metadata {
 public:
  virtual ~Metadata() = default;
  virtual Outcome<std::optional<RecordState>> find(const std::string& key) = 0;
  // The first `records_max` records of each of the ranges, all of one moment. Work is by the page, not by the
  // range.
  virtual Outcome<std::vector<RecordPage>> scan_all(std::span<const Range> ranges, size_t records_max) = 0;
  Outcome<RecordPage> scan(const Range& range, size_t records_max);
  virtual void commit(Batch batch, Committed committed) = 0;
  // Greater than every number that was taken before and is part of a commit, also before a crash: for ids and
  // for the order of versions.
  virtual uint64_t take_number() = 0;
};

// Waits; not for threads that must not block.
CommitResult commit_and_wait(Metadata& metadata, Batch batch);

}  // namespace holm::objects
