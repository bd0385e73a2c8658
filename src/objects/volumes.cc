// Volumes and their extents.

#include "objects/volumes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "objects/coding.h"

namespace holm::objects {

namespace {

constexpr std::string_view kPrefix = "volume-";

uint64_t taken(uint64_t bytes) {
  return (bytes + kExtentAlignment - 1) / kExtentAlignment * kExtentAlignment;
}

// Calls `visit` with each hole between the extents of a volume that is `bytes` long.
template <class Visit>
void for_each_gap(std::vector<Extent> extents, uint64_t bytes, const Visit& visit) {
  std::ranges::sort(extents, {}, &Extent::offset);
  uint64_t at = 0;
  for (const Extent& extent : extents) {
    if (extent.offset > at) visit(at, extent.offset - at);
    at = std::max(at, extent.offset + taken(extent.bytes));
  }
  if (bytes > at) visit(at, bytes - at);
}

}  // namespace

std::string encode_layout(const Layout& layout) {
  std::string bytes;
  put_varint(bytes, layout.bytes);
  put_varint(bytes, layout.extents.size());
  for (const Extent& extent : layout.extents) {
    put_varint(bytes, extent.volume);
    put_varint(bytes, extent.offset);
    put_varint(bytes, extent.bytes);
  }
  put_varint(bytes, layout.crcs.size());
  for (uint32_t crc : layout.crcs) put_u32(bytes, crc);
  return bytes;
}

std::optional<Layout> read_layout(std::string_view bytes) {
  ByteReader reader(bytes);
  Layout layout;
  uint64_t extents = 0, crcs = 0, sum = 0;
  if (!reader.varint(layout.bytes) || !reader.varint(extents) || extents > reader.left()) return std::nullopt;
  layout.extents.resize(extents);
  for (Extent& extent : layout.extents) {
    if (!reader.varint32(extent.volume) || !reader.varint(extent.offset) || !reader.varint(extent.bytes)) {
      return std::nullopt;
    }
    sum += extent.bytes;
  }
  const uint64_t blocks = layout.bytes / kBodyBlockBytes + (layout.bytes % kBodyBlockBytes == 0 ? 0 : 1);
  if (sum != layout.bytes || !reader.varint(crcs) || crcs != blocks || crcs > reader.left() / 4)
    return std::nullopt;
  layout.crcs.resize(crcs);
  for (uint32_t& crc : layout.crcs) reader.u32(crc);
  if (!reader.is_at_end()) return std::nullopt;
  return layout;
}

std::string Volumes::name_of(uint32_t volume) { return fmt::format("{}{:08x}", kPrefix, volume); }

std::optional<uint32_t> Volumes::volume_of(const std::string& file_name) {
  uint32_t volume = 0;
  if (!file_name.starts_with(kPrefix)) return std::nullopt;
  const auto read =
      std::from_chars(file_name.data() + kPrefix.size(), file_name.data() + file_name.size(), volume, 16);
  if (read.ec != std::errc() || name_of(volume) != file_name) return std::nullopt;
  return volume;
}

Outcome<> Volumes::open(const std::vector<std::string>& file_names, const std::vector<Layout>& layouts) {
  std::map<uint32_t, std::vector<Extent>> used;
  for (const Layout& layout : layouts) {
    for (const Extent& extent : layout.extents) used[extent.volume].push_back(extent);
  }
  std::lock_guard lock(mutex_);
  for (const std::string& name : file_names) {
    const auto volume = volume_of(name);
    if (!volume) continue;
    next_ = std::max(next_, *volume + 1);
    if (used.contains(*volume)) continue;
    if (auto removed = disk_.remove(name); !removed) return removed;
  }
  for (const auto& [volume, extents] : used) {
    next_ = std::max(next_, volume + 1);
    auto file = disk_.open(name_of(volume));
    if (!file) {
      log::error(fmt::format("A volume with {} pieces of objects cannot be opened. {}", extents.size(),
                             file.error().message));
      continue;
    }
    Volume& made = volumes_[volume];
    made.file = std::move(*file);
    for (const Extent& extent : extents) made.live_bytes += taken(extent.bytes);
    const auto allocated = made.file->allocated(), size = made.file->size();
    if (!allocated || !size || *allocated <= made.live_bytes + made.live_bytes / 16) continue;
    for_each_gap(extents, *size, [&](uint64_t offset, uint64_t bytes) {
      static_cast<void>(made.file->punch(offset, bytes));  // Space that stays lost is no error.
    });
  }
  return {};
}

Outcome<> Volumes::begin_volume() {
  const uint32_t volume = next_;
  auto file = disk_.create(name_of(volume));
  if (!file) return fail(file.error());
  if (auto named = disk_.sync_names(); !named) return named;
  ++next_;
  volumes_[volume].file = std::move(*file);
  current_ = volume;
  cursor_ = 0;
  return {};
}

Outcome<Extent> Volumes::allocate() {
  std::lock_guard lock(mutex_);
  if (current_ == 0 || cursor_ + options_.extent_bytes > options_.volume_bytes) {
    if (auto begun = begin_volume(); !begun) return fail(begun.error());
  }
  const Extent extent{.volume = current_, .offset = cursor_, .bytes = options_.extent_bytes};
  cursor_ += taken(extent.bytes);
  volumes_[current_].live_bytes += taken(extent.bytes);
  return extent;
}

void Volumes::settle(const Extent& allocated, uint64_t used) {
  std::lock_guard lock(mutex_);
  volumes_[allocated.volume].live_bytes -= taken(allocated.bytes) - taken(used);
  const bool is_last = allocated.volume == current_ && cursor_ == allocated.offset + taken(allocated.bytes);
  if (is_last) cursor_ = allocated.offset + taken(used);
}

Outcome<std::shared_ptr<File>> Volumes::file(uint32_t volume) {
  std::lock_guard lock(mutex_);
  const auto found = volumes_.find(volume);
  if (found == volumes_.end()) return fail(Fault::Damaged, fmt::format("{} is missing.", name_of(volume)));
  return found->second.file;
}

void Volumes::abandon(uint32_t volume) {
  std::lock_guard lock(mutex_);
  if (current_ == volume) current_ = 0;
}

void Volumes::pin(BodyId body) {
  std::lock_guard lock(mutex_);
  ++pins_[body].count;
}

void Volumes::unpin(BodyId body) {
  std::lock_guard lock(mutex_);
  const auto found = pins_.find(body);
  if (--found->second.count > 0) return;
  freed_.insert(freed_.end(), found->second.condemned.begin(), found->second.condemned.end());
  pins_.erase(found);
}

void Volumes::forget(BodyId body, std::vector<Extent> extents) {
  std::lock_guard lock(mutex_);
  const auto pinned = pins_.find(body);
  auto& list = pinned == pins_.end() ? freed_ : pinned->second.condemned;
  list.insert(list.end(), extents.begin(), extents.end());
}

void Volumes::free(std::vector<Extent> extents) {
  std::lock_guard lock(mutex_);
  freed_.insert(freed_.end(), extents.begin(), extents.end());
}

Outcome<bool> Volumes::reclaim() {
  std::vector<Extent> freed;
  {
    std::lock_guard lock(mutex_);
    freed.swap(freed_);
  }
  Outcome<bool> result = !freed.empty();
  for (const Extent& extent : freed) {
    if (extent.bytes == 0) continue;
    std::shared_ptr<File> file;
    bool is_last = false;
    {
      std::lock_guard lock(mutex_);
      const auto found = volumes_.find(extent.volume);
      if (found == volumes_.end()) continue;
      found->second.live_bytes -= taken(extent.bytes);
      is_last = found->second.live_bytes == 0 && extent.volume != current_;
      file = found->second.file;
      if (is_last) volumes_.erase(found);
    }
    auto done =
        is_last ? disk_.remove(name_of(extent.volume)) : file->punch(extent.offset, taken(extent.bytes));
    if (!done) result = fail(done.error());
  }
  return result;
}

uint64_t Volumes::live_bytes() const {
  std::lock_guard lock(mutex_);
  uint64_t sum = 0;
  for (const auto& [number, volume] : volumes_) sum += volume.live_bytes;
  return sum;
}

}  // namespace holm::objects
