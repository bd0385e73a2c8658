// What is done beside commits: checkpoints of the index, merging its runs, compaction, scrubbing.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "objects/coding.h"
#include "objects/engine.h"

namespace holm::objects {

namespace {

constexpr size_t kMergedMin = 4;  // Runs of like size.
constexpr size_t kRunsMax = 12;
constexpr size_t kBodiesAtOnce = 256;
constexpr size_t kReusableMax = 3;     // Dead segments that are kept,
constexpr uint64_t kRoomyFactor = 16;  // where there is room for so many.

// Merging is worth it where several neighbours are alike, so that each entry is rewritten a few times only:
// [begin, end) of the runs, newest first; empty: not now.
std::pair<size_t, size_t> runs_to_merge(const std::vector<std::shared_ptr<Run>>& runs) {
  for (size_t begin = 0; begin < runs.size(); ++begin) {
    uint64_t sum = runs[begin]->bytes();
    size_t end = begin + 1;
    while (end < runs.size() && runs[end]->bytes() <= sum) sum += runs[end++]->bytes();
    if (end - begin >= kMergedMin) return {begin, end};
  }
  if (runs.size() > kRunsMax) return {0, runs.size() / 2 + 1};
  return {0, 0};
}

}  // namespace

bool Engine::wait_for_upkeep() {
  std::unique_lock lock(mutex_);
  upkeep_waits_.wait(lock, [this] { return is_stopping_ || upkeep_due_; });
  upkeep_due_ = false;
  return !is_stopping_;
}

Outcome<bool> Engine::upkeep() {
  std::lock_guard alone(upkeep_mutex_);
  bool done = false;
  Outcome<bool> failed = false;
  using Step = Outcome<bool> (Engine::*)();
  constexpr Step kSteps[] = {&Engine::write_checkpoint, &Engine::remove_dead_segments,
                             &Engine::prepare_reserves, &Engine::prepare_segments,
                             &Engine::merge_runs,       &Engine::compact};
  auto reclaimed = volumes_.reclaim();
  if (!reclaimed) failed = reclaimed;
  done = reclaimed.value_or(false);
  for (const Step step : kSteps) {
    // One that fails does not keep the others from freeing space.
    auto result = (this->*step)();
    if (!result) failed = result;
    done = done || result.value_or(false);
  }
  {
    std::lock_guard lock(mutex_);
    upkeep_fails_ = !failed;
  }
  commits_wait_.notify_all();
  if (!failed) return failed;
  return done;
}

Outcome<> Engine::checkpoint() {
  std::lock_guard alone(upkeep_mutex_);
  if (auto written = write_checkpoint(); !written) return fail(written.error());
  {
    std::lock_guard lock(mutex_);
    if (!failure_.empty() || memory_->is_empty()) return {};
    freeze();
  }
  if (auto written = write_checkpoint(); !written) return fail(written.error());
  if (auto removed = remove_dead_segments(); !removed) return fail(removed.error());
  return {};
}

Outcome<bool> Engine::write_checkpoint() {
  std::shared_ptr<MemoryTable> frozen;
  Manifest manifest;
  {
    std::lock_guard lock(mutex_);
    if (!frozen_) return false;
    frozen = frozen_;
    manifest = frozen_manifest_;
  }
  auto written = write_checkpoint_of(frozen, manifest);
  if (!written && written.error().fault == Fault::Full && has_ballast_) {
    has_ballast_ = false;
    if (auto removed = disk_.remove(kBallastName); !removed) return fail(removed.error());
    written = write_checkpoint_of(frozen, std::move(manifest));
  }
  if (!written) return fail(written.error());
  commits_wait_.notify_all();
  return true;
}

Outcome<> Engine::write_checkpoint_of(const std::shared_ptr<MemoryTable>& frozen, Manifest manifest) {
  std::shared_ptr<const Runs> runs;
  {
    std::lock_guard lock(mutex_);
    runs = runs_;
  }
  std::mutex nobodys;  // It does not change any more.
  const auto entries = walk(frozen, nobodys, "", "", UINT64_MAX);
  auto run = write_run(*entries, frozen->keys(), runs->empty());
  if (!run) return fail(run.error());
  auto now = std::make_shared<Runs>(*runs);
  now->insert(now->begin(), *run);
  manifest.next_file = manifest_.next_file;
  for (const auto& each : *now) manifest.runs.push_back(each->number());
  if (auto written = write_manifest(disk_, manifest); !written) return written;
  manifest_ = std::move(manifest);
  std::lock_guard lock(mutex_);
  runs_ = std::move(now);
  frozen_ = nullptr;
  return {};
}

Outcome<std::shared_ptr<Run>> Engine::write_run(Cursor& entries, uint64_t entries_max, bool is_oldest) {
  const uint64_t number = manifest_.next_file++;
  auto writer = RunWriter::create(disk_, number, entries_max, options_.block_bytes);
  if (!writer) return fail(writer.error());
  Outcome<> done;
  while (done && !entries.is_at_end()) {
    const Entry entry = entries.entry();
    // Below the oldest run there is nothing that an erased entry would hide.
    if (!entry.is_erased || !is_oldest) done = (*writer)->add(entry);
    if (done) done = entries.next();
  }
  if (done) done = (*writer)->finish();
  if (!done) {
    static_cast<void>(disk_.remove(Run::name_of(number)));
    return fail(done.error());
  }
  return Run::open(disk_, number, cache_);
}

Outcome<bool> Engine::merge_runs() {
  std::shared_ptr<const Runs> before;
  {
    std::lock_guard lock(mutex_);
    before = runs_;
  }
  const auto [begin, end] = runs_to_merge(*before);
  if (begin == end) return false;
  std::vector<std::unique_ptr<Cursor>> sources;
  uint64_t entries = 0;
  for (size_t i = begin; i < end; ++i) {
    auto cursor = (*before)[i]->walk("", "");
    if (!cursor) return fail(cursor.error());
    sources.push_back(std::move(*cursor));
    entries += (*before)[i]->entries();
  }
  auto merged = write_run(*merge(std::move(sources)), entries, end == before->size());
  if (!merged) return fail(merged.error());
  auto now = std::make_shared<Runs>(before->begin(), before->begin() + static_cast<ptrdiff_t>(begin));
  now->push_back(*merged);
  now->insert(now->end(), before->begin() + static_cast<ptrdiff_t>(end), before->end());
  Manifest manifest = manifest_;
  manifest.runs.clear();
  for (const auto& each : *now) manifest.runs.push_back(each->number());
  if (auto written = write_manifest(disk_, manifest); !written) return fail(written.error());
  manifest_ = std::move(manifest);
  {
    std::lock_guard lock(mutex_);
    runs_ = std::move(now);
  }
  for (size_t i = begin; i < end; ++i) {
    if (auto removed = disk_.remove(Run::name_of((*before)[i]->number())); !removed)
      return fail(removed.error());
  }
  return true;
}

Outcome<bool> Engine::prepare_reserves() {
  bool needs_reserve = false;
  {
    std::lock_guard lock(mutex_);
    if (tail_ == 0 || !failure_.empty()) return false;
    needs_reserve = !has_reserve_;
  }
  const bool needs_ballast = !has_ballast_;
  if (needs_reserve) {
    if (auto made = make_reserve(disk_, kReserveName, options_.reserve_bytes); !made)
      return fail(made.error());
    std::lock_guard lock(mutex_);
    has_reserve_ = true;
  }
  if (needs_ballast) {
    if (auto made = make_reserve(disk_, kBallastName, options_.ballast_bytes); !made)
      return fail(made.error());
    has_ballast_ = true;
  }
  return needs_reserve || needs_ballast;
}

Outcome<bool> Engine::prepare_segments() {
  uint32_t number = 0;
  uint64_t bytes = 0;
  {
    std::lock_guard lock(mutex_);
    const bool is_due = tail_ != 0 && failure_.empty() && !spare_ && tail_offset_ * 2 > tail_bytes_;
    if (!is_due) return false;
    number = next_segment_++;
    bytes = next_segment_bytes_;
  }
  auto made = next_segment_file(number, bytes);
  if (!made) return fail(made.error());
  std::unique_lock lock(mutex_);
  if (number > tail_) {
    spare_ = std::move(*made);
    spare_number_ = number;
    spare_bytes_ = bytes;
    return true;
  }
  // The log did not wait and went on with another.
  lock.unlock();
  if (auto removed = disk_.remove(segment_name(number)); !removed) return fail(removed.error());
  return true;
}

// A dead segment that is large enough, or else a new one of `bytes`, which becomes what it has.
Outcome<std::shared_ptr<File>> Engine::next_segment_file(uint32_t number, uint64_t& bytes) {
  const auto found =
      std::ranges::find_if(reusable_, [&](const Reusable& each) { return each.segment.bytes >= bytes; });
  if (found == reusable_.end()) return make_segment(disk_, number, bytes);
  const Reusable dead = std::move(*found);
  reusable_.erase(found);
  if (auto reused = reuse_segment(disk_, *dead.segment.file, dead.number, number); !reused) {
    static_cast<void>(disk_.remove(segment_name(dead.number)));
    static_cast<void>(disk_.remove(segment_name(number)));
    return fail(reused.error());
  }
  bytes = dead.segment.bytes;
  return dead.segment.file;
}

Outcome<bool> Engine::remove_dead_segments() {
  size_t dead = 0, kept = kReusableMax;
  {
    std::lock_guard lock(mutex_);
    for (auto each = segments_.begin(); each != segments_.end();) {
      const auto& [number, segment] = *each;
      const bool is_needed = number >= manifest_.replay_segment || number == tail_ || segment.live_bytes > 0;
      if (!is_needed) reusable_.push_back({number, segment});
      dead += is_needed ? 0 : 1;
      each = is_needed ? std::next(each) : segments_.erase(each);
    }
  }
  if (disk_.room() < kRoomyFactor * options_.segment_bytes_max) kept = 0;
  if (auto dropped = drop_reusable(kept); !dropped) return fail(dropped.error());
  return dead > 0;
}

// The largest are kept: segments grow.
Outcome<> Engine::drop_reusable(size_t kept) {
  std::ranges::sort(reusable_,
                    [](const Reusable& a, const Reusable& b) { return a.segment.bytes > b.segment.bytes; });
  while (reusable_.size() > kept) {
    if (auto removed = disk_.remove(segment_name(reusable_.back().number)); !removed) return removed;
    reusable_.pop_back();
  }
  return {};
}

// A piece of a segment at a time, and the next when what is alive of it has been written anew: neither memory
// nor a group of commits gets large by it.
Outcome<bool> Engine::compact() {
  if (!choose_segment()) return false;
  auto piece = read_piece(*compaction_->file, compaction_->segment, compaction_->at, options_.piece_bytes);
  if (!piece) {
    compaction_.reset();
    return fail(piece.error());
  }
  std::vector<Move> moves;
  const View now = view(0);
  for (const LogRecord& record : (*piece)->records) {
    for (const Operation& operation : record.operations) {
      if (!is_alive(operation, now)) continue;
      const auto content =
          (*piece)->bytes.substr(operation.location.offset - (*piece)->begin, operation.location.bytes);
      moves.push_back({operation.body, operation.location, content});
    }
  }
  if (!moves.empty()) enqueue_moves(std::move(moves));
  compaction_->at = (*piece)->end;
  if ((*piece)->records.empty()) compaction_.reset();
  return true;
}

// The one that is being compacted, or else that with the smallest part that is still needed, if that is less
// than half.
bool Engine::choose_segment() {
  std::lock_guard lock(mutex_);
  if (moving_ > 0 || !failure_.empty()) return false;
  if (std::exchange(has_compaction_failed_, false)) {
    compaction_.reset();
    compacted_.clear();
  }
  if (compaction_) {
    const auto found = segments_.find(compaction_->segment);
    if (found != segments_.end() && found->second.file == compaction_->file) return true;
    compaction_.reset();  // Nothing of it is needed any more.
  }
  double least = 0.5;
  for (const auto& [number, segment] : segments_) {
    const double ratio = static_cast<double>(segment.live_bytes) / static_cast<double>(segment.bytes);
    if (number >= manifest_.replay_segment || number == tail_ || compacted_.contains(number)) continue;
    if (ratio >= least) continue;
    least = ratio;
    compaction_ = {.segment = number, .file = segment.file, .at = kSegmentHeadBytes};
  }
  if (compaction_) compacted_.insert(compaction_->segment);
  return compaction_.has_value();
}

// Whether it brought a body that is still there.
bool Engine::is_alive(const Operation& operation, const View& now) const {
  if (operation.kind != OperationKind::Content && operation.kind != OperationKind::Moved) return false;
  const auto found = find_entry(now, body_key(operation.body));
  return found && *found && !(*found)->is_erased && read_location((*found)->value) == operation.location;
}

void Engine::enqueue_moves(std::vector<Move> moves) {
  const auto moved = [this](const CommitResult& result) {
    std::lock_guard lock(mutex_);
    --moving_;
    has_compaction_failed_ = !result;
    if (!result) return;  // Not before something has changed.
    upkeep_due_ = true;
    upkeep_waits_.notify_one();
  };
  {
    std::lock_guard lock(mutex_);
    ++moving_;
    waiting_.push_back({.batch = {}, .committed = moved, .moves = std::move(moves)});
  }
  commits_wait_.notify_one();
}

void Engine::check_bodies(std::vector<BodyId> bodies, ScrubReport& report) {
  for (BodyId body : bodies) {
    auto reader = open_body(body);
    Outcome<> read;
    if (!reader) {
      if (reader.error().fault == Fault::Absent) continue;  // Forgotten meanwhile.
      read = fail(reader.error());
    } else {
      std::string buffer(kBodyBlockBytes, '\0');
      for (uint64_t at = 0; read && at < (*reader)->size(); at += buffer.size()) {
        auto got = (*reader)->read_at(at, buffer.data(), buffer.size());
        if (!got) read = fail(got.error());
      }
    }
    ++report.bodies;
    if (read) continue;
    report.damaged.push_back(body);
    report.messages.push_back(fmt::format("Body {}: {}", body, read.error().message));
  }
}

Outcome<ScrubReport> Engine::scrub() {
  ScrubReport report;
  const View now = view(0);
  for (const auto& run : *now.runs) {
    ++report.runs;
    if (auto checked = run->check(); !checked) report.messages.push_back(checked.error().message);
  }
  // Small ones, then large ones; some at a time, so that nothing is held open for long.
  for (std::string from : {"s", "l"}) {
    const std::string end(1, static_cast<char>(from.front() + 1));
    while (!from.empty()) {
      auto cursor = walk_view(view(0), from, end);
      if (!cursor) return fail(cursor.error());
      std::vector<BodyId> bodies;
      while (!(*cursor)->is_at_end() && bodies.size() < kBodiesAtOnce) {
        const Entry entry = (*cursor)->entry();
        if (!entry.is_erased) bodies.push_back(number_of(entry.key.substr(1)));
        from = std::string(entry.key) + '\0';
        if (auto moved = (*cursor)->next(); !moved) return fail(moved.error());
      }
      if ((*cursor)->is_at_end()) from.clear();
      check_bodies(std::move(bodies), report);
    }
  }
  return report;
}

EngineNumbers Engine::numbers() const {
  std::lock_guard lock(mutex_);
  EngineNumbers numbers{
      .runs = runs_->size(), .segments = segments_.size(), .volume_bytes = volumes_.live_bytes()};
  for (const auto& run : *runs_) {
    numbers.index_bytes += run->memory_bytes();
    numbers.disk_bytes += run->bytes();
  }
  numbers.memory_bytes = memory_->bytes() + (frozen_ ? frozen_->bytes() : 0);
  for (const auto& [number, segment] : segments_) numbers.disk_bytes += segment.bytes;
  return numbers;
}

}  // namespace holm::objects
