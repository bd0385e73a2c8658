// Committing: one thread takes what waits, decides each commit by what it comes upon, writes all of them with
// one sync, and answers.

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "objects/engine.h"

namespace holm::objects {

namespace {

constexpr size_t kGroupBytesMax = size_t{16} << 20;
constexpr size_t kBufferBytesMax = size_t{1} << 20;  // Kept from one group for the next.
constexpr size_t kOperationBytesMax = 64;  // Of its numbers.
constexpr size_t kMemoryFactorMax = 4;     // How far the index in memory may outgrow its limit.
constexpr uint64_t kFreedBytesDue = uint64_t{1} << 20;
constexpr uint64_t kNow = UINT64_MAX;  // A view of what is committed, durable or not.

size_t bytes_of(const Batch& batch) {
  size_t bytes = kRecordHeadBytes + kRecordAlignment + batch.forgotten.size() * kOperationBytesMax;
  for (const Change& change : batch.changes) {
    bytes += kOperationBytesMax + change.key.size() + (change.value ? change.value->size() : 0);
  }
  for (const auto& body : batch.adopted) {
    const auto& stored = static_cast<const StoredBody&>(*body);
    // The encoded layout of a body is smaller than this.
    bytes += kOperationBytesMax + stored.content().size() + stored.layout().crcs.size() * sizeof(uint32_t) +
             stored.layout().extents.size() * kOperationBytesMax;
  }
  return bytes;
}

CommitFailure refusal_for(const Failure& failure) {
  return {failure.fault == Fault::Full ? Refusal::Full : Refusal::Failed, failure.message};
}

}  // namespace

// A commit on its way into the log.
struct Engine::Prepared {
  LogRecord record;
  std::vector<std::string_view> contents;
  std::vector<Freed> freed;
  std::deque<std::string> texts;  // What the operations' views are of.
  size_t bytes_max = 0;
  bool frees_space = false;
};

void Engine::commit(Batch batch, Committed committed) {
  for (const auto& body : batch.adopted) CHECK(!static_cast<const StoredBody&>(*body).is_adopted());
  {
    std::lock_guard lock(mutex_);
    waiting_.push_back({.batch = std::move(batch), .committed = std::move(committed)});
  }
  commits_wait_.notify_one();
}

// Whether new commits have to wait for a checkpoint, because memory is not without end.
bool Engine::is_behind() const {
  return frozen_ && !upkeep_fails_ && memory_->bytes() > kMemoryFactorMax * options_.memory_bytes_max;
}

bool Engine::wait_for_commits() {
  std::unique_lock lock(mutex_);
  commits_wait_.wait(lock, [this] { return is_stopping_ || (!waiting_.empty() && !is_behind()); });
  return !waiting_.empty() || !is_stopping_;
}

void Engine::stop() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  commits_wait_.notify_all();
  upkeep_waits_.notify_all();
}

bool Engine::write_group() {
  std::vector<Waiting> taken;
  {
    std::lock_guard lock(mutex_);
    size_t bytes = 0;
    while (!waiting_.empty() && bytes < kGroupBytesMax) {
      bytes += bytes_of(waiting_.front().batch);
      for (const Move& move : waiting_.front().moves) bytes += move.content.size();
      taken.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
  }
  if (taken.empty()) return false;
  Group group{.bytes = std::move(buffer_), .offset = tail_offset_, .last = 0, .synced = durable_};
  for (Waiting& waiting : taken) commit_one(waiting, group);
  static_cast<void>(write_out(group));
  if (group.bytes.capacity() <= kBufferBytesMax) buffer_ = std::move(group.bytes);
  buffer_.clear();
  finish(group);
  return true;
}

void Engine::commit_one(Waiting& waiting, Group& group) {
  const auto answer = [&](CommitResult result) {
    group.answers.emplace_back(std::move(waiting.committed), std::move(result));
  };
  if (auto refused = refusal_of(waiting.batch)) return answer(std::unexpected(std::move(*refused)));
  auto prepared = prepare(waiting);
  if (!prepared) return answer(std::unexpected(refusal_for(prepared.error())));
  // Nothing to write; it is answered when what was committed before it is durable.
  if (prepared->record.operations.empty()) return answer(Stamp{next_sequence_ - 1});
  if (auto made = make_room(group, *prepared); !made)
    return answer(std::unexpected(refusal_for(made.error())));
  prepared->record.sequence = next_sequence_++;
  prepared->record.durable = group.synced;
  {
    std::lock_guard lock(mutex_);
    prepared->record.numbers = numbers_;
  }
  const size_t begin = group.bytes.size();
  append_record(group.bytes, prepared->record, tail_, prepared->contents);
  apply(*prepared, std::string_view(group.bytes).substr(begin), group);
  for (const auto& body : waiting.batch.adopted) static_cast<StoredBody&>(*body).adopt();
  group.last = prepared->record.sequence;
  answer(Stamp{group.last});
}

std::optional<CommitFailure> Engine::refusal_of(const Batch& batch) const {
  {
    std::lock_guard lock(mutex_);
    if (!failure_.empty()) return CommitFailure{Refusal::Failed, failure_};
  }
  const bool has_long_key = std::ranges::any_of(
      batch.changes, [](const Change& change) { return change.key.size() > kKeyBytesMax; });
  if (has_long_key || bytes_of(batch) > kBatchBytesMax) {
    return CommitFailure{Refusal::TooLarge, "The commit is too large."};
  }
  const View now = view(kNow);
  for (const Expectation& expectation : batch.expected) {
    auto found = find_entry(now, record_key(expectation.key));
    if (!found) return refusal_for(found.error());
    const Stamp stamp = *found && !(*found)->is_erased ? (*found)->sequence : 0;
    if (stamp != expectation.stamp) {
      return CommitFailure{Refusal::Conflict, "The record is not the one that was read."};
    }
  }
  for (const Range& range : batch.empty) {
    const std::string end =
        range.end.empty() ? record_key("").replace(0, 1, 1, 'k' + 1) : record_key(range.end);
    auto cursor = walk_view(now, record_key(range.from), end);
    if (!cursor) return refusal_for(cursor.error());
    while (!(*cursor)->is_at_end()) {
      if (!(*cursor)->entry().is_erased) return CommitFailure{Refusal::Conflict, "The range is not empty."};
      if (auto moved = (*cursor)->next(); !moved) return refusal_for(moved.error());
    }
  }
  return std::nullopt;
}

Outcome<Engine::Prepared> Engine::prepare(Waiting& waiting) const {
  Prepared prepared;
  prepared.bytes_max = bytes_of(waiting.batch);
  prepared.frees_space = waiting.batch.adopted.empty() && waiting.moves.empty();
  auto& operations = prepared.record.operations;
  for (const Change& change : waiting.batch.changes) {
    const std::string_view key = prepared.texts.emplace_back(record_key(change.key));
    if (change.value) {
      operations.push_back({.kind = OperationKind::Put, .key = key, .value = *change.value});
    } else {
      operations.push_back({.kind = OperationKind::Erase, .key = key});
    }
  }
  for (const auto& body : waiting.batch.adopted) {
    const auto& stored = static_cast<const StoredBody&>(*body);
    if (is_large(stored.id())) {
      const std::string_view layout = prepared.texts.emplace_back(encode_layout(stored.layout()));
      operations.push_back({.kind = OperationKind::Extents, .value = layout, .body = stored.id()});
    } else {
      operations.push_back({.kind = OperationKind::Content, .body = stored.id()});
      prepared.contents.push_back(stored.content());
    }
  }
  if (auto moved = prepare_moves(waiting.moves, prepared); !moved) return fail(moved.error());
  if (auto done = prepare_forgotten(waiting.batch.forgotten, prepared); !done) return fail(done.error());
  return prepared;
}

// Bodies that were forgotten, or moved, since compaction read them stay as they are.
Outcome<> Engine::prepare_moves(const std::vector<Move>& moves, Prepared& prepared) const {
  if (moves.empty()) return {};
  const View now = view(kNow);
  for (const Move& move : moves) {
    auto found = find_entry(now, body_key(move.body));
    if (!found) return fail(found.error());
    if (!*found || (*found)->is_erased || read_location((*found)->value) != move.before) continue;
    prepared.record.operations.push_back(
        {.kind = OperationKind::Moved, .body = move.body, .before = move.before});
    prepared.contents.push_back(move.content);
    prepared.freed.push_back({.body = move.body, .location = move.before});
    prepared.bytes_max += kOperationBytesMax + move.content.size();
  }
  return {};
}

Outcome<> Engine::prepare_forgotten(const std::vector<BodyId>& bodies, Prepared& prepared) const {
  if (bodies.empty()) return {};
  const View now = view(kNow);
  std::set<BodyId> seen;
  for (BodyId body : bodies) {
    auto found = find_entry(now, body_key(body));
    if (!found) return fail(found.error());
    if (!*found || (*found)->is_erased || !seen.insert(body).second) continue;
    Freed freed{.body = body};
    if (is_large(body)) {
      if (auto layout = read_layout((*found)->value)) freed.extents = std::move(layout->extents);
    } else if (auto location = read_location((*found)->value)) {
      freed.location = *location;
    }
    prepared.record.operations.push_back(
        {.kind = OperationKind::Forget, .body = body, .before = freed.location});
    prepared.freed.push_back(std::move(freed));
  }
  return {};
}

Outcome<> Engine::make_room(Group& group, const Prepared& prepared) {
  if (tail_ != 0 && tail_offset_ + prepared.bytes_max <= tail_bytes_) return {};
  if (auto written = write_out(group); !written) return written;
  if (auto begun = begin_segment(prepared.bytes_max, prepared.frees_space); !begun) return begun;
  group.offset = tail_offset_;
  return {};
}

Outcome<> Engine::begin_segment(size_t bytes, bool frees_space) {
  // Before the first segment, so that a store that has lost its manifest is told from a new one. Upkeep does
  // not write it before there are commits.
  if (is_new_) {
    if (auto written = write_manifest(disk_, Manifest()); !written) return written;
    is_new_ = false;
  }
  std::shared_ptr<File> file, unused;
  uint32_t number = 0, unused_number = 0;
  uint64_t size = kSegmentHeadBytes + bytes;
  bool is_full = false;
  {
    std::lock_guard lock(mutex_);
    file = std::exchange(spare_, nullptr);
    number = file ? spare_number_ : next_segment_++;
    // The numbers of segments ascend, so a spare that is too small cannot be used later.
    if (file && spare_bytes_ < size) {
      unused = std::exchange(file, nullptr);
      unused_number = number;
      number = next_segment_++;
    }
    size = file ? spare_bytes_ : std::max(size, next_segment_bytes_);
  }
  if (unused) static_cast<void>(disk_.remove(segment_name(unused_number)));
  if (!file) {
    auto made = make_segment(disk_, number, size);
    const bool is_enough = kSegmentHeadBytes + bytes <= options_.reserve_bytes;
    if (!made && made.error().fault == Fault::Full && frees_space && is_enough) {
      const Failure full = made.error();
      made = take_reserve(disk_, number);
      if (!made && made.error().fault == Fault::Absent) made = fail(full);
      size = options_.reserve_bytes;
      std::lock_guard lock(mutex_);
      has_reserve_ = has_reserve_ && !made;
      is_full = true;
    }
    if (!made) {
      std::lock_guard lock(mutex_);
      is_full_ = made.error().fault == Fault::Full;
      return fail(made.error());
    }
    file = std::move(*made);
  }
  {
    std::lock_guard lock(mutex_);
    is_full_ = is_full;
    segments_[number] = {.file = file, .bytes = size};
    tail_ = number;
    tail_file_ = std::move(file);
    tail_bytes_ = size;
    tail_offset_ = kSegmentHeadBytes;
    next_segment_bytes_ = std::min(std::max(size, options_.segment_bytes_min) * 2, options_.segment_bytes_max);
  }
  drop_overtaken_spare();
  return {};
}

// Upkeep may have taken a lower number than the tail's and be done with it only now: the log would go back to it.
void Engine::drop_overtaken_spare() {
  uint32_t number = 0;
  {
    std::lock_guard lock(mutex_);
    if (!spare_ || spare_number_ > tail_) return;
    spare_ = nullptr;
    number = spare_number_;
  }
  static_cast<void>(disk_.remove(segment_name(number)));
}

void Engine::apply(Prepared& prepared, std::string_view encoded, Group& group) {
  uint64_t content_at = tail_offset_ + content_offset(encoded);
  // Read back, so that what is in memory is what a replay would find.
  const auto record = read_record(encoded, tail_, tail_offset_);
  CHECK_FATAL(record.has_value() && encoded.size() <= prepared.bytes_max && content_at > tail_offset_);
  {
    std::lock_guard lock(mutex_);
    for (const Operation& operation : record->operations) apply_operation(operation, record->sequence);
    log_bytes_ += encoded.size();
    tail_offset_ += encoded.size();
  }
  group.freed.insert(group.freed.end(), std::make_move_iterator(prepared.freed.begin()),
                     std::make_move_iterator(prepared.freed.end()));
}

// Of this life's commits and of those that are replayed. Space that is freed is counted when that is durable.
void Engine::apply_operation(const Operation& operation, uint64_t sequence) {
  switch (operation.kind) {
    case OperationKind::Put: return memory_->put(operation.key, sequence, operation.value);
    case OperationKind::Erase: return memory_->put(operation.key, sequence, std::nullopt);
    case OperationKind::Content:
    case OperationKind::Moved:
      segments_[operation.location.segment].live_bytes += operation.location.bytes;
      return memory_->put(body_key(operation.body), sequence, encode_location(operation.location));
    case OperationKind::Extents: return memory_->put(body_key(operation.body), sequence, operation.value);
    case OperationKind::Forget: return memory_->put(body_key(operation.body), sequence, std::nullopt);
  }
}

// After a failure nothing is known of what was written, so nothing more is: the next start reads what is
// there.
Outcome<> Engine::write_out(Group& group) {
  if (group.bytes.empty()) return {};
  auto done = tail_file_->write_at(group.offset, group.bytes);
  if (done) done = tail_file_->sync();
  if (!done) {
    log::error("The object store stops writing. " + done.error().message);
    std::lock_guard lock(mutex_);
    failure_ =
        "The object store writes nothing more until the daemon is started again. " + done.error().message;
    group.bytes.clear();
    return done;
  }
  group.synced = group.last;
  group.offset = tail_offset_;
  group.bytes.clear();
  return {};
}

void Engine::finish(Group& group) {
  std::string failure;
  {
    std::lock_guard lock(mutex_);
    failure = failure_;
    durable_ = std::max(durable_, group.synced);
    if (failure.empty()) {
      for (const Freed& freed : group.freed) {
        const auto segment = segments_.find(freed.location.segment);
        if (segment != segments_.end()) segment->second.live_bytes -= freed.location.bytes;
        freed_bytes_ += freed.location.bytes + (freed.extents.empty() ? 0 : kFreedBytesDue);
      }
      // Without a checkpoint no segment can be removed.
      const uint64_t log_bytes_max = is_full_ ? options_.reserve_bytes / 4 : options_.log_bytes_max;
      const bool is_due = memory_->bytes() > options_.memory_bytes_max || log_bytes_ > log_bytes_max;
      if (is_due && !frozen_) freeze();
    }
    wake_upkeep_if_due();
  }
  if (failure.empty()) {
    for (Freed& freed : group.freed) {
      if (!freed.extents.empty()) volumes_.forget(freed.body, std::move(freed.extents));
    }
  }
  for (auto& [committed, result] : group.answers) {
    if (result && !failure.empty() && *result > group.synced) {
      result = std::unexpected(CommitFailure{Refusal::Failed, failure});
    }
    if (committed) committed(std::move(result));
  }
}

void Engine::wake_upkeep_if_due() {
  const bool needs_spare = !spare_ && tail_offset_ * 2 > tail_bytes_;
  if (!frozen_ && !needs_spare && has_reserve_ && freed_bytes_ < kFreedBytesDue) return;
  freed_bytes_ = 0;
  upkeep_due_ = true;
  upkeep_waits_.notify_one();
}

// Everything that was applied is durable when this is called.
void Engine::freeze() {
  frozen_ = std::exchange(memory_, std::make_shared<MemoryTable>());
  frozen_manifest_ = {.checkpoint = durable_,
                      .replay_segment = tail_ == 0 ? next_segment_ : tail_,
                      .replay_offset = tail_ == 0 ? 0 : tail_offset_,
                      .numbers = numbers_};
  for (const auto& [number, segment] : segments_) {
    if (segment.live_bytes > 0) frozen_manifest_.live_bytes[number] = segment.live_bytes;
  }
  log_bytes_ = 0;
}

}  // namespace holm::objects
