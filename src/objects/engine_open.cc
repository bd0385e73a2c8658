// Starting: the manifest says what the index was at the last checkpoint, the log says what came after it.

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "objects/coding.h"
#include "objects/engine.h"

namespace holm::objects {

Outcome<std::unique_ptr<Engine>> Engine::open(Disk& disk, const Options& options) {
  auto engine = std::make_unique<Engine>(disk, options);
  if (auto recovered = engine->recover(); !recovered) return fail(recovered.error());
  return engine;
}

Outcome<> Engine::recover() {
  auto names = disk_.list();
  if (!names) return fail(names.error());
  auto manifest = read_manifest(disk_);
  if (!manifest && manifest.error().fault != Fault::Absent) return fail(manifest.error());
  if (!manifest) {
    const bool is_used =
        std::ranges::any_of(*names, [](const std::string& name) { return segment_of(name).has_value(); });
    if (is_used) return fail(Fault::Damaged, "The manifest of the object store is missing.");
    manifest = Manifest();
    is_new_ = true;
  }
  manifest_ = *manifest;
  has_reserve_ = std::ranges::find(*names, kReserveName) != names->end();
  has_ballast_ = std::ranges::find(*names, kBallastName) != names->end();
  if (auto opened = open_runs(manifest_); !opened) return opened;
  if (auto replayed = replay_log(*names); !replayed) return replayed;
  if (auto opened = open_volumes(*names); !opened) return opened;
  return remove_strays(*names);
}

Outcome<> Engine::open_runs(const Manifest& manifest) {
  auto runs = std::make_shared<Runs>();
  for (uint64_t number : manifest.runs) {
    auto run = Run::open(disk_, number, cache_);
    if (!run)
      return fail(Fault::Damaged, "The index of the object store cannot be read. " + run.error().message);
    runs->push_back(std::move(*run));
  }
  runs_ = std::move(runs);
  return {};
}

Outcome<> Engine::replay_log(const std::vector<std::string>& names) {
  std::vector<uint32_t> numbers;
  for (const std::string& name : names) {
    if (const auto segment = segment_of(name)) numbers.push_back(*segment);
  }
  std::ranges::sort(numbers);
  for (const auto& [number, live] : manifest_.live_bytes) segments_[number].live_bytes = live;
  // The manifest's place in a segment is about that segment, which may be gone: no other gets its number.
  next_segment_ = std::max<uint32_t>(manifest_.replay_segment + (manifest_.replay_offset > 0 ? 1 : 0), 1);
  Replay replay{.next = manifest_.checkpoint + 1, .numbers = manifest_.numbers};
  for (uint32_t number : numbers) {
    next_segment_ = std::max(next_segment_, number + 1);
    if (auto opened = open_segment(number, replay); !opened) return opened;
  }
  durable_ = replay.next - 1;
  next_sequence_ = durable_ + 1;
  numbers_ = replay.numbers;
  for (auto& [number, segment] : segments_) {
    if (segment.file || segment.live_bytes == 0) continue;
    log::error(fmt::format("{} is missing, and the bodies of objects in it, {} bytes.", segment_name(number),
                           segment.live_bytes));
  }
  std::erase_if(segments_, [](const auto& each) { return !each.second.file; });
  return {};
}

// Keeps it when it has commits after the checkpoint or bodies that live.
Outcome<> Engine::open_segment(uint32_t number, Replay& replay) {
  const bool is_old = number < manifest_.replay_segment;
  if (is_old && !segments_.contains(number)) return {};
  auto file = disk_.open(segment_name(number));
  if (!file) return fail(file.error());
  auto size = (*file)->size();
  if (!size) return fail(size.error());
  if (!is_old) {
    const uint64_t offset = number == manifest_.replay_segment ? manifest_.replay_offset : 0;
    const auto visit = [this](const LogRecord& record) { apply_replayed(record); };
    auto found = replay_segment(**file, number, offset, replay, visit);
    if (!found) return fail(found.error());
    if (!*found && !segments_.contains(number)) return {};
    // What is read now must not be lost later.
    if (auto synced = (*file)->sync(); !synced) return synced;
  }
  segments_[number].file = std::move(*file);
  segments_[number].bytes = *size;
  return {};
}

void Engine::apply_replayed(const LogRecord& record) {
  log_bytes_ += record.bytes;
  for (const Operation& operation : record.operations) {
    apply_operation(operation, record.sequence);
    const bool frees = operation.kind == OperationKind::Forget || operation.kind == OperationKind::Moved;
    if (!frees || is_large(operation.body)) continue;
    const auto segment = segments_.find(operation.before.segment);
    if (segment != segments_.end()) segment->second.live_bytes -= operation.before.bytes;
  }
}

Outcome<> Engine::open_volumes(const std::vector<std::string>& names) {
  std::vector<Layout> layouts;
  auto cursor = walk_view(view(0), "l", "m");
  if (!cursor) return fail(cursor.error());
  while (!(*cursor)->is_at_end()) {
    const Entry entry = (*cursor)->entry();
    if (!entry.is_erased) {
      auto layout = read_layout(entry.value);
      if (!layout) return fail(Fault::Damaged, "The place of a large body cannot be read.");
      layout->crcs = {};
      layouts.push_back(std::move(*layout));
    }
    if (auto moved = (*cursor)->next(); !moved) return moved;
  }
  return volumes_.open(names, layouts);
}

// What a crash left half done. Nothing that is removed here was ever part of the store, or is any more.
Outcome<> Engine::remove_strays(const std::vector<std::string>& names) {
  std::set<std::string> kept = {"manifest"};
  for (uint64_t run : manifest_.runs) kept.insert(Run::name_of(run));
  for (const auto& [number, segment] : segments_) kept.insert(segment_name(number));
  for (const std::string& name : names) {
    const bool is_ours = name.starts_with("run-") || segment_of(name) || name.ends_with(".new");
    if (!is_ours || kept.contains(name)) continue;
    if (auto removed = disk_.remove(name); !removed) return removed;
  }
  return {};
}

}  // namespace holm::objects
