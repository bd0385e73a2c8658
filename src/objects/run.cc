// Runs: blocks of entries with keys shortened by what they share with the one before, then an index of the
// blocks, the key filter and a foot of fixed length. Each block and each of the others ends with its CRC32C.

#include "objects/run.h"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/crc.h"
#include "objects/coding.h"

namespace holm::objects {

namespace {

constexpr uint64_t kMagic = 0x31304e55524d4c48;  // "HLMRUN01"
constexpr size_t kCrcBytes = 4;
constexpr size_t kFootBytes = 8 * 5 + kCrcBytes;
constexpr size_t kWriteBytes = size_t{1} << 20;

std::string with_crc(std::string bytes) {
  put_u32(bytes, crypto::crc32c(bytes));
  return bytes;
}

Outcome<std::string> read_checked(const File& file, uint64_t offset, size_t count) {
  if (count < kCrcBytes) return fail(Fault::Damaged, "A piece of a run is too short.");
  auto bytes = read_exactly(file, offset, count);
  if (!bytes) return bytes;
  ByteReader reader(std::string_view(*bytes).substr(count - kCrcBytes));
  uint32_t crc = 0;
  reader.u32(crc);
  bytes->resize(count - kCrcBytes);
  if (crypto::crc32c(*bytes) != crc) {
    return fail(Fault::Damaged, fmt::format("The {} bytes at {} are damaged.", count, offset));
  }
  return bytes;
}

struct Foot {
  uint64_t index_bytes = 0, filter_bytes = 0, entries = 0, blocks = 0;
};

// Reads the entries of a block one after the other.
class BlockReader {
 public:
  explicit BlockReader(std::string_view block) : reader_(block) {}

  // False at the end, or when the bytes are no entry.
  bool next(std::string& key, Entry& entry) {
    if (reader_.is_at_end()) return false;
    uint64_t shared = 0, tagged = 0;
    std::string_view rest;
    if (!reader_.varint(shared) || !reader_.text(rest) || !reader_.varint(tagged) ||
        !reader_.varint(entry.sequence) || !reader_.bytes(tagged >> 1, entry.value) || shared > key.size()) {
      is_broken_ = true;
      return false;
    }
    key.resize(shared);
    key += rest;
    entry.key = key;
    entry.is_erased = (tagged & 1) != 0;
    return true;
  }
  bool is_broken() const { return is_broken_; }

 private:
  ByteReader reader_;
  bool is_broken_ = false;
};

}  // namespace

class RunCursor final : public Cursor {
 public:
  RunCursor(std::shared_ptr<const Run> run, std::string end) : run_(std::move(run)), end_(std::move(end)) {}

  Outcome<> seek(std::string_view from) {
    if (run_->blocks_.empty()) return {};
    // Who looks for a place often looks for little there, and for the same again: this block is kept.
    const size_t block = run_->block_of(from);
    if (auto loaded = load(block, run_->find_block(block)); !loaded) return loaded;
    while (!is_at_end_ && entry_.key < from) {
      if (auto moved = next(); !moved) return moved;
    }
    return {};
  }

  bool is_at_end() const override { return is_at_end_; }
  Entry entry() const override { return entry_; }
  Outcome<> next() override {
    if (reader_.next(key_, entry_)) {
      is_at_end_ = !end_.empty() && entry_.key >= end_;
      return {};
    }
    if (reader_.is_broken()) return fail(Fault::Damaged, "An entry of a run is damaged.");
    if (block_ + 1 == run_->blocks_.size()) {
      is_at_end_ = true;
      return {};
    }
    return load(block_ + 1, run_->read_block(block_ + 1));
  }

 private:
  Outcome<> load(size_t block, Outcome<BlockCache::Block> bytes) {
    is_at_end_ = true;
    if (!bytes) return fail(bytes.error());
    block_ = block;
    bytes_ = std::move(*bytes);
    reader_ = BlockReader(*bytes_);
    key_.clear();
    return next();
  }

  std::shared_ptr<const Run> run_;
  std::string end_, key_;
  BlockCache::Block bytes_;
  size_t block_ = 0;
  BlockReader reader_{{}};
  Entry entry_;
  bool is_at_end_ = true;
};

std::string Run::name_of(uint64_t number) { return fmt::format("run-{:016x}", number); }

Outcome<std::shared_ptr<Run>> Run::open(Disk& disk, uint64_t number, std::shared_ptr<BlockCache> cache) {
  auto file = disk.open(name_of(number));
  if (!file) return fail(file.error());
  auto run = std::make_shared<Run>(number, std::move(*file));
  run->cache_ = std::move(cache);
  if (auto read = run->read_index(); !read) {
    return fail(read.error().fault, fmt::format("{}: {}", name_of(number), read.error().message));
  }
  return run;
}

Outcome<> Run::read_index() {
  auto size = file_->size();
  if (!size) return fail(size.error());
  bytes_ = *size;
  if (bytes_ < kFootBytes) return fail(Fault::Damaged, "It is too short.");
  auto foot_bytes = read_checked(*file_, bytes_ - kFootBytes, kFootBytes);
  if (!foot_bytes) return fail(foot_bytes.error());
  ByteReader reader(*foot_bytes);
  uint64_t magic = 0;
  Foot foot;
  if (!reader.u64(magic) || magic != kMagic || !reader.u64(foot.index_bytes) ||
      !reader.u64(foot.filter_bytes) || !reader.u64(foot.entries) || !reader.u64(foot.blocks)) {
    return fail(Fault::Damaged, "Its foot is damaged.");
  }
  const uint64_t body = bytes_ - kFootBytes;
  if (foot.filter_bytes > body || foot.index_bytes > body - foot.filter_bytes) {
    return fail(Fault::Damaged, "Its foot is damaged.");
  }
  entries_ = foot.entries;
  auto filter = read_checked(*file_, body - foot.filter_bytes, foot.filter_bytes);
  if (!filter) return fail(filter.error());
  filter_ = KeyFilter::from_bytes(std::move(*filter));
  auto index = read_checked(*file_, body - foot.filter_bytes - foot.index_bytes, foot.index_bytes);
  if (!index) return fail(index.error());
  ByteReader blocks(*index);
  blocks_.reserve(foot.blocks);
  block_keys_.reserve(index->size());
  uint64_t offset = 0;
  while (!blocks.is_at_end()) {
    uint32_t block_bytes = 0;
    std::string_view key;
    if (!blocks.varint32(block_bytes) || !blocks.text(key))
      return fail(Fault::Damaged, "Its index is damaged.");
    block_keys_ += key;
    blocks_.push_back({offset, block_bytes, static_cast<uint32_t>(block_keys_.size())});
    offset += block_bytes;
  }
  block_keys_.shrink_to_fit();
  return {};
}

std::string_view Run::first_key(size_t block) const {
  const uint32_t begin = block == 0 ? 0 : blocks_[block - 1].key_end;
  return std::string_view(block_keys_).substr(begin, blocks_[block].key_end - begin);
}

size_t Run::block_of(std::string_view key) const {
  size_t low = 0, high = blocks_.size();
  while (high - low > 1) {
    const size_t middle = low + (high - low) / 2;
    (first_key(middle) <= key ? low : high) = middle;
  }
  return low;
}

Outcome<BlockCache::Block> Run::read_block(size_t block) const {
  auto bytes = read_checked(*file_, blocks_[block].offset, blocks_[block].bytes);
  if (!bytes)
    return fail(bytes.error().fault, fmt::format("{}: {}", name_of(number_), bytes.error().message));
  return std::make_shared<const std::string>(std::move(*bytes));
}

Outcome<BlockCache::Block> Run::find_block(size_t block) const {
  const auto index = static_cast<uint32_t>(block);
  if (cache_) {
    if (auto kept = cache_->find(number_, index)) return kept;
  }
  auto read = read_block(block);
  if (read && cache_) cache_->keep(number_, index, *read);
  return read;
}

Outcome<std::optional<FoundEntry>> Run::find(std::string_view key) const {
  if (blocks_.empty() || !filter_.may_have(key)) return std::nullopt;
  auto bytes = find_block(block_of(key));
  if (!bytes) return fail(bytes.error());
  BlockReader reader(**bytes);
  std::string found;
  Entry entry;
  while (reader.next(found, entry)) {
    if (entry.key < key) continue;
    if (entry.key > key) return std::nullopt;
    return FoundEntry{entry.sequence, entry.is_erased, std::string(entry.value)};
  }
  if (reader.is_broken()) return fail(Fault::Damaged, "An entry of a run is damaged.");
  return std::nullopt;
}

Outcome<std::unique_ptr<Cursor>> Run::walk(std::string_view from, std::string end) const {
  auto cursor = std::make_unique<RunCursor>(shared_from_this(), std::move(end));
  if (auto found = cursor->seek(from); !found) return fail(found.error());
  return cursor;
}

Outcome<> Run::check() const {
  for (size_t block = 0; block < blocks_.size(); ++block) {
    if (auto bytes = read_block(block); !bytes) return fail(bytes.error());
  }
  return {};
}

Outcome<std::unique_ptr<RunWriter>> RunWriter::create(Disk& disk, uint64_t number, uint64_t entries_max,
                                                      size_t block_bytes) {
  auto file = disk.create(Run::name_of(number));
  if (!file) return fail(file.error());
  return std::make_unique<RunWriter>(std::move(*file), entries_max, block_bytes);
}

Outcome<> RunWriter::add(const Entry& entry) {
  if (block_.empty()) {
    first_key_ = entry.key;
    last_key_.clear();
  }
  const auto [same, other] = std::ranges::mismatch(last_key_, entry.key);
  const auto shared = static_cast<size_t>(same - last_key_.begin());
  put_varint(block_, shared);
  put_text(block_, entry.key.substr(shared));
  put_varint(block_, uint64_t{entry.value.size()} << 1 | (entry.is_erased ? 1 : 0));
  put_varint(block_, entry.sequence);
  block_ += entry.value;
  last_key_.assign(entry.key);
  filter_.add(entry.key);
  ++entries_;
  return block_.size() >= block_bytes_ ? end_block() : Outcome<>();
}

Outcome<> RunWriter::end_block() {
  if (block_.empty()) return {};
  const std::string bytes = with_crc(std::move(block_));
  block_.clear();
  put_varint(index_, bytes.size());
  put_text(index_, first_key_);
  ++blocks_;
  return append(bytes);
}

Outcome<> RunWriter::append(std::string_view bytes) {
  unwritten_ += bytes;
  return unwritten_.size() >= kWriteBytes ? write_out() : Outcome<>();
}

Outcome<> RunWriter::write_out() {
  if (auto written = file_->write_at(written_, unwritten_); !written) return written;
  file_->start_sync(written_, unwritten_.size());
  written_ += unwritten_.size();
  unwritten_.clear();
  return {};
}

Outcome<> RunWriter::finish() {
  if (auto ended = end_block(); !ended) return ended;
  const std::string index = with_crc(std::move(index_)), filter = with_crc(filter_.bytes());
  std::string foot;
  for (uint64_t number : {kMagic, uint64_t{index.size()}, uint64_t{filter.size()}, entries_, blocks_}) {
    put_u64(foot, number);
  }
  for (const std::string& part : {index, filter, with_crc(std::move(foot))}) {
    if (auto written = append(part); !written) return written;
  }
  if (auto written = write_out(); !written) return written;
  return file_->sync();
}

}  // namespace holm::objects
