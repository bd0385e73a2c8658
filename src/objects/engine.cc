// Reading: the memory tables first, then the runs from the newest to the oldest.

#include "objects/engine.h"

#include <fmt/format.h>

#include "crypto/crc.h"
#include "objects/coding.h"

namespace holm::objects {

namespace {

constexpr char kRecord = 'k', kSmall = 's', kLarge = 'l';
constexpr int kOpenAttemptsMax = 5;  // Compaction may move a body while it is looked for.

std::optional<FoundEntry> find_in(const MemoryTable& table, std::string_view key, uint64_t sequence_max) {
  const auto found = table.find(key, sequence_max);
  if (!found) return std::nullopt;
  return FoundEntry{found->sequence, found->is_erased, std::string(found->value)};
}

// In the newest that knows the key.
Outcome<std::optional<FoundEntry>> find_in(const std::vector<std::shared_ptr<Run>>& runs, std::string_view key) {
  for (const auto& run : runs) {
    auto found = run->find(key);
    if (!found || *found) return found;
  }
  return std::nullopt;
}

}  // namespace

std::string record_key(std::string_view key) {
  std::string bytes;
  bytes.reserve(1 + key.size());
  bytes += kRecord;
  bytes += key;
  return bytes;
}

std::string body_key(BodyId id) { return (is_large(id) ? kLarge : kSmall) + ordered_bytes(id); }

Engine::Engine(Disk& disk, const Options& options)
    : disk_(disk),
      options_(options),
      cache_(std::make_shared<BlockCache>(options.cache_bytes_max)),
      volumes_(disk, options.volumes),
      next_segment_bytes_(options.segment_bytes_min) {}

Engine::~Engine() = default;

Engine::View Engine::view(uint64_t sequence) const {
  std::lock_guard lock(mutex_);
  return {memory_, frozen_, runs_, sequence == 0 ? durable_ : sequence};
}

Outcome<std::optional<FoundEntry>> Engine::find_entry(const View& view, std::string_view key) const {
  {
    std::lock_guard lock(mutex_);
    for (const auto& table : {view.memory, view.frozen}) {
      if (!table) continue;
      if (auto found = find_in(*table, key, view.sequence)) return found;
    }
  }
  return find_in(*view.runs, key);
}

Outcome<std::optional<FoundEntry>> Engine::find_durable(std::string_view key) const {
  std::shared_ptr<const Runs> runs;
  {
    std::lock_guard lock(mutex_);
    if (auto found = find_in(*memory_, key, durable_)) return found;
    if (frozen_) {
      if (auto found = find_in(*frozen_, key, durable_)) return found;
    }
    runs = runs_;
  }
  return find_in(*runs, key);
}

Outcome<std::unique_ptr<Cursor>> Engine::walk_view(const View& view, const std::string& from,
                                                   const std::string& end) const {
  std::vector<std::unique_ptr<Cursor>> sources;
  for (const auto& table : {view.memory, view.frozen}) {
    if (table) sources.push_back(walk(table, mutex_, from, end, view.sequence));
  }
  for (const auto& run : *view.runs) {
    auto cursor = run->walk(from, end);
    if (!cursor) return cursor;
    sources.push_back(std::move(*cursor));
  }
  return merge(std::move(sources));
}

Outcome<std::optional<RecordState>> Engine::find(const std::string& key) {
  auto found = find_durable(record_key(key));
  if (!found) return fail(found.error());
  if (!*found || (*found)->is_erased) return std::nullopt;
  return RecordState{std::move((*found)->value), (*found)->sequence};
}

Outcome<RecordPage> Engine::scan_view(const View& view, const Range& range, size_t records_max) const {
  const std::string end = range.end.empty() ? std::string(1, kRecord + 1) : record_key(range.end);
  auto cursor = walk_view(view, record_key(range.from), end);
  if (!cursor) return fail(cursor.error());
  RecordPage records;
  while (!(*cursor)->is_at_end() && records.size() < records_max) {
    const Entry entry = (*cursor)->entry();
    if (!entry.is_erased) {
      records.push_back({std::string(entry.key.substr(1)), std::string(entry.value), entry.sequence});
    }
    if (auto moved = (*cursor)->next(); !moved) return fail(moved.error());
  }
  return records;
}

Outcome<std::vector<RecordPage>> Engine::scan_all(std::span<const Range> ranges, size_t records_max) {
  const View now = view(0);
  std::vector<RecordPage> found;
  for (const Range& range : ranges) {
    auto records = scan_view(now, range, records_max);
    if (!records) return fail(records.error());
    found.push_back(std::move(*records));
  }
  return found;
}

uint64_t Engine::take_number() {
  std::lock_guard lock(mutex_);
  return ++numbers_;
}

Outcome<std::unique_ptr<BodyWriter>> Engine::write_body() {
  return make_body_writer(volumes_, options_.inline_bytes_max, [this] { return take_number(); });
}

Outcome<std::string> Engine::read_content(const Location& location) const {
  // No bytes keep no segment.
  if (location.bytes == 0) return std::string();
  std::shared_ptr<File> file;
  {
    std::lock_guard lock(mutex_);
    const auto found = segments_.find(location.segment);
    if (found != segments_.end()) file = found->second.file;
  }
  if (!file) return fail(Fault::Absent, fmt::format("{} is missing.", segment_name(location.segment)));
  auto content = read_exactly(*file, location.offset, location.bytes);
  if (content && crypto::crc32c(*content) != location.crc) {
    std::lock_guard lock(mutex_);
    // Its segment may have been used again since the body was moved or forgotten.
    const auto found = segments_.find(location.segment);
    if (found == segments_.end() || found->second.file != file)
      return fail(Fault::Absent, "The body has moved.");
    return fail(Fault::Damaged, fmt::format("A body is damaged: {} bytes at {} of {}.", location.bytes,
                                            location.offset, segment_name(location.segment)));
  }
  return content;
}

Outcome<std::unique_ptr<BodyReader>> Engine::open_body(BodyId id) {
  // Pinned before it is looked for, so that its extents are not freed in between.
  if (is_large(id)) volumes_.pin(id);
  std::string problem;
  for (int attempt = 0; attempt < kOpenAttemptsMax; ++attempt) {
    auto found = find_durable(body_key(id));
    const bool is_there = found && *found && !(*found)->is_erased;
    if (is_large(id)) {
      auto layout = is_there ? read_layout((*found)->value) : std::nullopt;
      if (layout) return read_large_body(volumes_, id, std::move(*layout));
      volumes_.unpin(id);
    }
    if (!found) return fail(found.error());
    if (!is_there) return fail(Fault::Absent, fmt::format("There is no body {}.", id));
    const auto location = is_large(id) ? std::nullopt : read_location((*found)->value);
    if (!location) return fail(Fault::Damaged, fmt::format("The place of body {} cannot be read.", id));
    auto content = read_content(*location);
    if (content) return read_small_body(std::move(*content));
    if (content.error().fault != Fault::Absent) return fail(content.error());
    problem = content.error().message;
  }
  return fail(Fault::Damaged, problem);
}

}  // namespace holm::objects
