// The manifest as bytes.

#include "objects/manifest.h"

#include "crypto/crc.h"
#include "objects/coding.h"

namespace holm::objects {

namespace {

constexpr char kName[] = "manifest";
constexpr char kNewName[] = "manifest.new";
constexpr uint64_t kMagic = 0x31304e414d4d4c48;  // "HLMMAN01"

std::string encode(const Manifest& manifest) {
  std::string bytes;
  put_u64(bytes, kMagic);
  put_varint(bytes, manifest.checkpoint);
  put_varint(bytes, manifest.replay_segment);
  put_varint(bytes, manifest.replay_offset);
  put_varint(bytes, manifest.next_file);
  put_varint(bytes, manifest.numbers);
  put_varint(bytes, manifest.runs.size());
  for (uint64_t run : manifest.runs) put_varint(bytes, run);
  put_varint(bytes, manifest.live_bytes.size());
  for (const auto& [segment, live] : manifest.live_bytes) {
    put_varint(bytes, segment);
    put_varint(bytes, live);
  }
  put_u32(bytes, crypto::crc32c(bytes));
  return bytes;
}

bool read_runs(ByteReader& reader, Manifest& manifest) {
  uint64_t count = 0;
  if (!reader.varint(count) || count > reader.left()) return false;
  manifest.runs.resize(count);
  for (uint64_t& run : manifest.runs) {
    if (!reader.varint(run)) return false;
  }
  return true;
}

bool read_live_bytes(ByteReader& reader, Manifest& manifest) {
  uint64_t count = 0;
  if (!reader.varint(count) || count > reader.left()) return false;
  for (; count > 0; --count) {
    uint32_t segment = 0;
    uint64_t live = 0;
    if (!reader.varint32(segment) || !reader.varint(live)) return false;
    manifest.live_bytes[segment] = live;
  }
  return true;
}

Outcome<Manifest> decode(std::string_view bytes) {
  constexpr size_t kCrcBytes = 4;
  uint32_t crc = 0;
  const bool is_long = bytes.size() >= kCrcBytes;
  ByteReader foot(bytes.substr(is_long ? bytes.size() - kCrcBytes : 0));
  if (!is_long || !foot.u32(crc) || crypto::crc32c(bytes.substr(0, bytes.size() - kCrcBytes)) != crc) {
    return fail(Fault::Damaged, "The manifest of the object store is damaged.");
  }
  ByteReader reader(bytes.substr(0, bytes.size() - kCrcBytes));
  uint64_t magic = 0;
  Manifest manifest;
  if (!reader.u64(magic) || magic != kMagic) {
    return fail(Fault::Damaged,
                "The object store was written by a version of holm that this one does not know.");
  }
  if (!reader.varint(manifest.checkpoint) || !reader.varint32(manifest.replay_segment) ||
      !reader.varint(manifest.replay_offset) || !reader.varint(manifest.next_file) ||
      !reader.varint(manifest.numbers) || !read_runs(reader, manifest) ||
      !read_live_bytes(reader, manifest) || !reader.is_at_end()) {
    return fail(Fault::Damaged, "The manifest of the object store is damaged.");
  }
  return manifest;
}

}  // namespace

Outcome<Manifest> read_manifest(Disk& disk) {
  auto file = disk.open(kName);
  if (!file) return fail(file.error());
  auto size = (*file)->size();
  if (!size) return fail(size.error());
  auto bytes = read_exactly(**file, 0, *size);
  if (!bytes) return fail(bytes.error());
  return decode(*bytes);
}

Outcome<> write_manifest(Disk& disk, const Manifest& manifest) {
  auto file = disk.create(kNewName);
  if (!file) return fail(file.error());
  if (auto written = (*file)->write_at(0, encode(manifest)); !written) return written;
  if (auto synced = (*file)->sync(); !synced) return synced;
  // Runs that the manifest speaks of have names before it has its own.
  if (auto named = disk.sync_names(); !named) return named;
  if (auto renamed = disk.rename(kNewName, kName); !renamed) return renamed;
  return disk.sync_names();
}

}  // namespace holm::objects
