// Writing and reading bodies.

#include "objects/body_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "crypto/crc.h"

namespace holm::objects {

namespace {

// Fills extents block by block, so that each block's checksum is known when it is written.
class ExtentWriter final {
 public:
  explicit ExtentWriter(Volumes& volumes) : volumes_(volumes) {}
  ~ExtentWriter() {
    if (is_taken_) return;
    settle();
    volumes_.free(layout_.extents);
  }
  ExtentWriter(const ExtentWriter&) = delete;
  ExtentWriter& operator=(const ExtentWriter&) = delete;

  Outcome<> write(std::string_view bytes) {
    while (!bytes.empty()) {
      // A whole block needs no copy.
      if (block_.empty() && bytes.size() >= kBodyBlockBytes) {
        if (auto written = write_block(bytes.substr(0, kBodyBlockBytes)); !written) return written;
        bytes.remove_prefix(kBodyBlockBytes);
        continue;
      }
      const size_t count = std::min<size_t>(bytes.size(), kBodyBlockBytes - block_.size());
      block_ += bytes.substr(0, count);
      bytes.remove_prefix(count);
      if (block_.size() < kBodyBlockBytes) continue;
      if (auto written = write_block(block_); !written) return written;
      block_.clear();
    }
    return {};
  }

  Outcome<Layout> finish() {
    if (!block_.empty()) {
      if (auto written = write_block(block_); !written) return fail(written.error());
    }
    settle();
    std::vector<uint32_t> synced;
    for (const Extent& extent : layout_.extents) {
      if (std::ranges::find(synced, extent.volume) != synced.end()) continue;
      auto file = volumes_.file(extent.volume);
      if (!file) return fail(file.error());
      if (auto done = (*file)->sync(); !done) {
        volumes_.abandon(extent.volume);
        return fail(done.error());
      }
      synced.push_back(extent.volume);
    }
    is_taken_ = true;
    return layout_;
  }

 private:
  Outcome<> write_block(std::string_view block) {
    if (!file_ || used_ == allocated_.bytes) {
      if (auto begun = begin_extent(); !begun) return begun;
    }
    if (auto written = file_->write_at(allocated_.offset + used_, block); !written) {
      settle();
      return written;
    }
    used_ += block.size();
    layout_.extents.back().bytes = used_;
    layout_.bytes += block.size();
    layout_.crcs.push_back(crypto::crc32c(block));
    return {};
  }

  Outcome<> begin_extent() {
    settle();
    auto extent = volumes_.allocate();
    if (!extent) return fail(extent.error());
    auto file = volumes_.file(extent->volume);
    if (!file) return fail(file.error());
    allocated_ = *extent;
    file_ = std::move(*file);
    used_ = 0;
    layout_.extents.push_back({.volume = extent->volume, .offset = extent->offset, .bytes = 0});
    return {};
  }

  // The rest of the extent can be another's.
  void settle() {
    if (!file_) return;
    file_->start_sync(allocated_.offset, used_);
    volumes_.settle(allocated_, used_);
    file_.reset();
  }

  Volumes& volumes_;
  Layout layout_;
  std::string block_;
  std::shared_ptr<File> file_;  // Of the extent that is being filled.
  Extent allocated_;
  uint64_t used_ = 0;
  bool is_taken_ = false;
};

class Writer final : public BodyWriter {
 public:
  Writer(Volumes& volumes, size_t inline_bytes_max, std::function<uint64_t()> take_number)
      : volumes_(volumes), inline_bytes_max_(inline_bytes_max), take_number_(std::move(take_number)) {}

  Outcome<> write(std::string_view bytes) override {
    if (is_over_) return fail(Fault::Broken, "The body is finished or has failed.");
    if (!extents_ && content_.size() + bytes.size() <= inline_bytes_max_) {
      content_ += bytes;
      return {};
    }
    if (!extents_) {
      extents_ = std::make_unique<ExtentWriter>(volumes_);
      const std::string first = std::exchange(content_, {});
      if (auto written = extents_->write(first); !written) return failed(written.error());
    }
    if (auto written = extents_->write(bytes); !written) return failed(written.error());
    return {};
  }

  Outcome<std::unique_ptr<NewBody>> finish() override {
    if (is_over_) return fail(Fault::Broken, "The body is finished or has failed.");
    const uint64_t number = take_number_() << 1;
    if (!extents_) {
      is_over_ = true;
      return std::make_unique<StoredBody>(volumes_, number, std::move(content_));
    }
    auto layout = extents_->finish();
    if (!layout) return failed(layout.error());
    is_over_ = true;
    return std::make_unique<StoredBody>(volumes_, number | 1, std::move(*layout));
  }

 private:
  std::unexpected<Failure> failed(Failure failure) {
    is_over_ = true;
    extents_.reset();
    return fail(std::move(failure));
  }

  Volumes& volumes_;
  size_t inline_bytes_max_;
  std::function<uint64_t()> take_number_;
  std::string content_;
  std::unique_ptr<ExtentWriter> extents_;
  bool is_over_ = false;
};

class SmallReader final : public BodyReader {
 public:
  explicit SmallReader(std::string content) : content_(std::move(content)) {}
  uint64_t size() const override { return content_.size(); }
  Outcome<size_t> read_at(uint64_t offset, char* buffer, size_t count) const override {
    if (offset >= content_.size()) return size_t{0};
    return content_.copy(buffer, count, offset);
  }

 private:
  std::string content_;
};

class LargeReader final : public BodyReader {
 public:
  LargeReader(Volumes& volumes, BodyId id, Layout layout)
      : volumes_(volumes), id_(id), layout_(std::move(layout)) {}
  ~LargeReader() override { volumes_.unpin(id_); }

  Outcome<> open() {
    uint64_t at = 0;
    for (const Extent& extent : layout_.extents) {
      auto file = volumes_.file(extent.volume);
      if (!file) return fail(file.error());
      files_.push_back(std::move(*file));
      starts_.push_back(at);
      at += extent.bytes;
    }
    return {};
  }

  uint64_t size() const override { return layout_.bytes; }

  // Whole blocks are read and checked, whatever part of them is asked for.
  Outcome<size_t> read_at(uint64_t offset, char* buffer, size_t count) const override {
    if (offset >= layout_.bytes) return size_t{0};
    count = static_cast<size_t>(std::min<uint64_t>(count, layout_.bytes - offset));
    std::string block;
    for (size_t done = 0; done < count;) {
      const uint64_t index = (offset + done) / kBodyBlockBytes, start = index * kBodyBlockBytes;
      const auto bytes = static_cast<size_t>(std::min(kBodyBlockBytes, layout_.bytes - start));
      const auto skipped = static_cast<size_t>(offset + done - start);
      if (skipped == 0 && count - done >= bytes) {
        if (auto read = read_block(index, buffer + done, bytes); !read) return fail(read.error());
        done += bytes;
        continue;
      }
      block.resize(bytes);
      if (auto read = read_block(index, block.data(), bytes); !read) return fail(read.error());
      const size_t wanted = std::min(count - done, bytes - skipped);
      std::memcpy(buffer + done, block.data() + skipped, wanted);
      done += wanted;
    }
    return count;
  }

 private:
  // Extents hold whole blocks, so a block lies in one of them.
  Outcome<> read_block(uint64_t index, char* buffer, size_t bytes) const {
    const uint64_t start = index * kBodyBlockBytes;
    const auto after = std::ranges::upper_bound(starts_, start);
    const auto which = static_cast<size_t>(after - starts_.begin()) - 1;
    const uint64_t at = layout_.extents[which].offset + (start - starts_[which]);
    auto got = files_[which]->read_at(at, buffer, bytes);
    if (!got) return fail(got.error());
    if (*got == bytes && crypto::crc32c(std::string_view(buffer, bytes)) == layout_.crcs[index]) return {};
    return fail(Fault::Damaged, fmt::format("Body {} is damaged: {} bytes at {} of volume {}.", id_, bytes,
                                            at, layout_.extents[which].volume));
  }

  Volumes& volumes_;
  BodyId id_;
  Layout layout_;
  std::vector<std::shared_ptr<File>> files_;
  std::vector<uint64_t> starts_;
};

}  // namespace

StoredBody::~StoredBody() {
  if (!is_adopted_) volumes_.free(std::move(layout_.extents));
}

std::unique_ptr<BodyWriter> make_body_writer(Volumes& volumes, size_t inline_bytes_max,
                                             std::function<uint64_t()> take_number) {
  return std::make_unique<Writer>(volumes, inline_bytes_max, std::move(take_number));
}

Outcome<std::unique_ptr<BodyReader>> read_large_body(Volumes& volumes, BodyId id, Layout layout) {
  auto reader = std::make_unique<LargeReader>(volumes, id, std::move(layout));
  if (auto opened = reader->open(); !opened) return fail(opened.error());
  return reader;
}

std::unique_ptr<BodyReader> read_small_body(std::string content) {
  return std::make_unique<SmallReader>(std::move(content));
}

}  // namespace holm::objects
