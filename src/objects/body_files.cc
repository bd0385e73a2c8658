// Writing and reading bodies.

#include "objects/body_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "crypto/crc.h"

namespace holm::objects {

namespace {

constexpr uint64_t kUnsyncedBytesMax = uint64_t{1} << 20;  // Before the disk begins with them.

// Fills extents, and takes down the checksum of each block.
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
      if (!file_ || used_ == allocated_.bytes) {
        if (auto begun = begin_extent(); !begun) return begun;
      }
      const auto here = bytes.substr(0, static_cast<size_t>(allocated_.bytes - used_));
      if (auto written = file_->write_at(allocated_.offset + used_, here); !written) {
        settle();
        return written;
      }
      add_checksums(here);
      used_ += here.size();
      layout_.extents.back().bytes = used_;
      layout_.bytes += here.size();
      if (used_ - started_ >= kUnsyncedBytesMax) start_sync();
      bytes.remove_prefix(here.size());
    }
    return {};
  }

  Outcome<Layout> finish() {
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
  // Extents hold whole blocks, so where one begins a block begins too.
  void add_checksums(std::string_view bytes) {
    for (uint64_t at = used_; !bytes.empty();) {
      const uint64_t in_block = at % kBodyBlockBytes;
      const auto here = bytes.substr(0, static_cast<size_t>(kBodyBlockBytes - in_block));
      if (in_block == 0) layout_.crcs.push_back(0);
      layout_.crcs.back() = crypto::crc32c(here, layout_.crcs.back());
      at += here.size();
      bytes.remove_prefix(here.size());
    }
  }

  Outcome<> begin_extent() {
    settle();
    auto extent = volumes_.allocate();
    if (!extent) return fail(extent.error());
    auto file = volumes_.file(extent->volume);
    if (!file) return fail(file.error());
    allocated_ = *extent;
    file_ = std::move(*file);
    used_ = started_ = 0;
    layout_.extents.push_back({.volume = extent->volume, .offset = extent->offset, .bytes = 0});
    return {};
  }

  // The rest of the extent can be another's.
  void settle() {
    if (!file_) return;
    start_sync();
    volumes_.settle(allocated_, used_);
    file_.reset();
  }

  void start_sync() {
    if (used_ == started_) return;
    file_->start_sync(allocated_.offset + started_, used_ - started_);
    started_ = used_;
  }

  Volumes& volumes_;
  Layout layout_;
  std::shared_ptr<File> file_;  // Of the extent that is being filled.
  Extent allocated_;
  uint64_t used_ = 0;
  uint64_t started_ = 0;  // Of these, what the disk was told to begin with.
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
  // It was checked when it was opened.
  Outcome<size_t> read_unchecked(uint64_t offset, char* buffer, size_t count) const override {
    return read_at(offset, buffer, count);
  }
  size_t read_cached(uint64_t offset, char* buffer, size_t count) const override {
    return read_at(offset, buffer, count).value_or(0);
  }
  Outcome<std::string> take() override { return std::move(content_); }

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

  Outcome<size_t> read_unchecked(uint64_t offset, char* buffer, size_t count) const override {
    size_t done = 0;
    while (done < count && offset + done < layout_.bytes) {
      const Place place = place_of(offset + done);
      const auto here = static_cast<size_t>(std::min<uint64_t>(count - done, place.left));
      auto got = files_[place.extent]->read_at(place.offset, buffer + done, here);
      if (!got) return fail(got.error());
      if (*got != here) return damaged(here, place);
      done += here;
    }
    return done;
  }

  size_t read_cached(uint64_t offset, char* buffer, size_t count) const override {
    size_t done = 0;
    while (done < count && offset + done < layout_.bytes) {
      const Place place = place_of(offset + done);
      const auto here = static_cast<size_t>(std::min<uint64_t>(count - done, place.left));
      const size_t got = files_[place.extent]->read_cached(place.offset, buffer + done, here);
      done += got;
      if (got != here) break;
    }
    return done;
  }

  Outcome<std::string> take() override {
    std::string bytes(static_cast<size_t>(layout_.bytes), '\0');
    if (auto got = read_at(0, bytes.data(), bytes.size()); !got) return fail(got.error());
    return bytes;
  }

 private:
  // Of a byte of the body.
  struct Place {
    size_t extent = 0;
    uint64_t offset = 0;  // In its volume.
    uint64_t left = 0;    // Of the extent, from there on.
  };

  Place place_of(uint64_t at) const {
    const auto after = std::ranges::upper_bound(starts_, at);
    const auto which = static_cast<size_t>(after - starts_.begin()) - 1;
    const uint64_t skipped = at - starts_[which];
    const Extent& extent = layout_.extents[which];
    return {.extent = which, .offset = extent.offset + skipped, .left = extent.bytes - skipped};
  }

  std::unexpected<Failure> damaged(size_t bytes, const Place& place) const {
    return fail(Fault::Damaged, fmt::format("Body {} is damaged: {} bytes at {} of volume {}.", id_, bytes,
                                            place.offset, layout_.extents[place.extent].volume));
  }

  // Extents hold whole blocks, so a block lies in one of them.
  Outcome<> read_block(uint64_t index, char* buffer, size_t bytes) const {
    const Place place = place_of(index * kBodyBlockBytes);
    auto got = files_[place.extent]->read_at(place.offset, buffer, bytes);
    if (!got) return fail(got.error());
    if (*got == bytes && crypto::crc32c(std::string_view(buffer, bytes)) == layout_.crcs[index]) return {};
    return damaged(bytes, place);
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
