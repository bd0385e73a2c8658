// The files of the commit log.

#include "objects/segment_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "crypto/crc.h"
#include "objects/coding.h"
#include "objects/metadata.h"

namespace holm::objects {

namespace {

constexpr uint64_t kMagic = 0x31304745534d4c48;  // "HLMSEG01"
constexpr std::string_view kPrefix = "log-";
constexpr size_t kZerosAtOnce = size_t{1} << 20;
constexpr uint64_t kRecordBytesMax = kBatchBytesMax + (uint64_t{1} << 20);  // With its head and padding.

std::string head_of(uint32_t segment) {
  std::string head;
  put_u64(head, kMagic);
  put_u32(head, segment);
  put_u32(head, crypto::crc32c(head));
  head.resize(kSegmentHeadBytes, '\0');
  return head;
}

// Synced piece by piece: a commit's sync waits for what the disk was given before it, at most one of these.
Outcome<> fill(File& file, uint64_t bytes) {
  const std::string zeros(std::min<uint64_t>(bytes, kZerosAtOnce), '\0');
  for (uint64_t at = 0; at < bytes; at += zeros.size()) {
    const auto piece = std::string_view(zeros).substr(0, std::min<uint64_t>(zeros.size(), bytes - at));
    if (auto written = file.write_at(at, piece); !written) return written;
    if (auto synced = file.sync(); !synced) return synced;
  }
  return {};
}

Outcome<> fill_and_sync(Disk& disk, File& file, std::string_view head, uint64_t bytes) {
  if (auto filled = fill(file, bytes); !filled) return filled;
  if (auto written = file.write_at(0, head); !written) return written;
  if (auto synced = file.sync(); !synced) return synced;
  return disk.sync_names();
}

Outcome<std::shared_ptr<File>> make_file(Disk& disk, const std::string& name, std::string_view head,
                                         uint64_t bytes) {
  auto file = disk.create(name);
  if (!file) return file;
  if (auto made = fill_and_sync(disk, **file, head, bytes); !made) {
    // What cannot be removed either is removed at the next start.
    static_cast<void>(disk.remove(name));
    return fail(made.error());
  }
  return file;
}

Outcome<std::string> read_all(const File& file) {
  auto size = file.size();
  if (!size) return fail(size.error());
  return read_exactly(file, 0, *size);
}

std::unexpected<Failure> damaged(uint32_t segment, uint64_t at, uint64_t sequence) {
  return fail(
      Fault::Damaged,
      fmt::format("The commit log is damaged in {} at byte {}: commit {} was stored and cannot be read. "
                  "Nothing was changed. Restore the folder from a copy.",
                  segment_name(segment), at, sequence));
}

}  // namespace

std::string segment_name(uint32_t segment) { return fmt::format("{}{:08x}", kPrefix, segment); }

std::optional<uint32_t> segment_of(const std::string& name) {
  uint32_t segment = 0;
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const auto read = std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), segment, 16);
  if (read.ec != std::errc() || segment_name(segment) != name) return std::nullopt;
  return segment;
}

Outcome<std::shared_ptr<File>> make_segment(Disk& disk, uint32_t segment, uint64_t bytes) {
  return make_file(disk, segment_name(segment), head_of(segment), bytes);
}

Outcome<> reuse_segment(Disk& disk, File& file, uint32_t dead, uint32_t segment) {
  // The new name shows the new head only. Until then a crash leaves a file that nothing needs.
  if (auto written = file.write_at(0, head_of(segment)); !written) return written;
  if (auto synced = file.sync(); !synced) return synced;
  if (auto renamed = disk.rename(segment_name(dead), segment_name(segment)); !renamed) return renamed;
  return disk.sync_names();
}

Outcome<> make_reserve(Disk& disk, const std::string& name, uint64_t bytes) {
  // Under another name until it is whole.
  const std::string new_name = name + ".new";
  if (auto made = make_file(disk, new_name, {}, bytes); !made) return fail(made.error());
  if (auto renamed = disk.rename(new_name, name); !renamed) return renamed;
  return disk.sync_names();
}

Outcome<std::shared_ptr<File>> take_reserve(Disk& disk, uint32_t segment) {
  auto file = disk.open(kReserveName);
  if (!file) return file;
  if (auto written = (*file)->write_at(0, head_of(segment)); !written) return fail(written.error());
  if (auto synced = (*file)->sync(); !synced) return fail(synced.error());
  if (auto renamed = disk.rename(kReserveName, segment_name(segment)); !renamed) return fail(renamed.error());
  if (auto named = disk.sync_names(); !named) return fail(named.error());
  return file;
}

Outcome<bool> replay_segment(const File& file, uint32_t segment, uint64_t offset, Replay& replay,
                             const std::function<void(const LogRecord&)>& visit) {
  auto bytes = read_all(file);
  if (!bytes) return fail(bytes.error());
  // A segment is used once its head is durable, so one without a head has no records.
  if (!bytes->starts_with(head_of(segment))) {
    if (proves_durable(*bytes, segment, 0, 0)) return damaged(segment, 0, replay.next);
    return false;
  }
  bool found = false;
  uint64_t at = std::max(offset, kSegmentHeadBytes);
  while (at < bytes->size()) {
    const auto record = read_record(std::string_view(*bytes).substr(at), segment, at);
    if (!record || record->sequence != replay.next) break;
    visit(*record);
    ++replay.next;
    replay.numbers = std::max(replay.numbers, record->numbers);
    at += record->bytes;
    found = true;
  }
  const auto rest = std::string_view(*bytes).substr(std::min<uint64_t>(at, bytes->size()));
  if (proves_durable(rest, segment, at, replay.next)) return damaged(segment, at, replay.next);
  return found;
}

Outcome<std::unique_ptr<SegmentPiece>> read_piece(const File& file, uint32_t segment, uint64_t at,
                                                  uint64_t bytes) {
  auto size = file.size();
  if (!size) return fail(size.error());
  auto piece = std::make_unique<SegmentPiece>();
  piece->begin = piece->end = at;
  for (const uint64_t enough : {bytes, kRecordBytesMax}) {
    auto read = read_exactly(file, at, std::min<uint64_t>(enough, *size - std::min(at, *size)));
    if (!read) return fail(read.error());
    piece->bytes = std::move(*read);
    while (piece->end < at + piece->bytes.size()) {
      auto record = read_record(std::string_view(piece->bytes).substr(piece->end - at), segment, piece->end);
      if (!record) break;
      piece->end += record->bytes;
      piece->records.push_back(std::move(*record));
      if (piece->end >= at + bytes) break;
    }
    // Without a record there may be one that is larger.
    if (!piece->records.empty()) break;
  }
  return piece;
}

}  // namespace holm::objects
