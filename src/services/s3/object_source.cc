// The stored bytes of an object as a stream.

#include "services/s3/object_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "async/byte_source.h"
#include "aws/service/error.h"
#include "base/check.h"
#include "base/log.h"
#include "blobs/blobs.h"
#include "services/s3/sealed_bytes.h"
#include "services/s3/service.h"

namespace holm::s3 {

namespace {

constexpr uint64_t kReadBytes = 256 * 1024;

class ExtentSource final : public async::ByteSource {
 public:
  ExtentSource(Service& service, async::Reactor& reactor, Extent extent)
      : service_(service), reactor_(reactor), extent_(std::move(extent)), left_(extent_.bytes) {
    offset_ = extent_.first;
    while (index_ < extent_.pieces.size() && offset_ >= extent_.pieces[index_].bytes) {
      offset_ -= extent_.pieces[index_++].bytes;
    }
  }

  std::optional<uint64_t> length() const override { return extent_.bytes; }

  async::Task<std::string_view> read() override {
    if (first_) co_return *std::exchange(first_, std::nullopt);
    co_return co_await read_next();
  }

  async::Task<void> begin() {
    first_ = co_await read_next();
    is_begun_ = true;
  }

 private:
  async::Task<std::string_view> read_next() {
    if (left_ == 0) co_return std::string_view();
    CHECK(index_ < extent_.pieces.size());
    const Piece& piece = extent_.pieces[index_];
    const uint64_t here = std::min(left_, piece.bytes - offset_);
    std::string_view bytes;
    if (piece.blob) {
      std::function<void()> fill = [this, here] { fill_buffer(here); };
      co_await service_.workers().run(reactor_, fill);
      bytes = buffer_;
    } else {
      if (!piece.data_key.empty()) buffer_ = opened(ChunkCipher(piece.data_key), 0, piece.content);
      const std::string_view all = piece.data_key.empty() ? piece.content : buffer_;
      if (all.size() != piece.bytes) fail("An object is not as long as it was.");
      bytes = all.substr(offset_, here);
    }
    advance(bytes.size());
    co_return bytes;
  }

  // Up to `here` bytes from the offset on.
  void fill_buffer(uint64_t here) {
    const Piece& piece = extent_.pieces[index_];
    if (!reader_) {
      auto found = service_.store().open(*piece.blob);
      if (!found) fail(found.error().message);
      reader_ = std::move(*found);
    }
    if (piece.data_key.empty()) {
      read_stored(offset_, std::min(here, kReadBytes), buffer_);
    } else {
      fill_with_chunks(piece, here);
    }
  }

  // Whole chunks are opened, and what was not asked for is cut off. They are read together: the store checks
  // blocks as a whole, and a chunk lies in two of them.
  void fill_with_chunks(const Piece& piece, uint64_t here) {
    const ChunkCipher cipher(piece.data_key);
    const uint64_t first = offset_ / kChunkBytes, skipped = offset_ % kChunkBytes;
    const uint64_t wanted = std::min(skipped + here, kReadBytes);
    const uint64_t count = (wanted + kChunkBytes - 1) / kChunkBytes;
    const uint64_t plain = std::min(count * kChunkBytes, piece.bytes - first * kChunkBytes);
    read_stored(first * (kChunkBytes + kSealBytes), plain + count * kSealBytes, sealed_);
    buffer_.resize(plain);
    for (uint64_t chunk = 0; chunk < count; ++chunk) {
      const std::string_view sealed =
          std::string_view(sealed_).substr(chunk * (kChunkBytes + kSealBytes), kChunkBytes + kSealBytes);
      if (!cipher.open_to(first + chunk, sealed, buffer_.data() + chunk * kChunkBytes)) fail_altered();
    }
    buffer_.resize(std::min<uint64_t>(buffer_.size(), skipped + here));
    buffer_.erase(0, skipped);
  }

  void read_stored(uint64_t offset, uint64_t count, std::string& bytes) {
    bytes.resize(count);
    size_t filled = 0;
    while (filled < bytes.size()) {
      auto got = reader_->read_at(offset + filled, bytes.data() + filled, bytes.size() - filled);
      if (!got) fail(got.error().message);
      if (*got == 0) fail("A blob is shorter than it was written.");
      filled += *got;
    }
  }

  std::string opened(const ChunkCipher& cipher, uint64_t index, std::string_view sealed) const {
    auto plain = cipher.open(index, sealed);
    if (!plain) fail_altered();
    return std::move(*plain);
  }

  void advance(uint64_t bytes) {
    left_ -= bytes;
    offset_ += bytes;
    if (offset_ < extent_.pieces[index_].bytes) return;
    reader_.reset();
    offset_ = 0;
    ++index_;
    while (index_ < extent_.pieces.size() && extent_.pieces[index_].bytes == 0) ++index_;
  }

  [[noreturn]] void fail_altered() const { fail("Its bytes are not those that were written."); }

  // Never wrong bytes: an error, or a cut connection when the head has been sent.
  [[noreturn]] void fail(const std::string& message) const {
    log::error(fmt::format("The object {} cannot be read. {}", extent_.name, message));
    if (is_begun_) throw async::StreamError(message);
    throw_unreadable();
  }

  Service& service_;
  async::Reactor& reactor_;
  Extent extent_;
  uint64_t left_;
  size_t index_ = 0;
  uint64_t offset_ = 0;  // In the piece.
  std::unique_ptr<blobs::Reader> reader_;
  std::string sealed_;
  std::string buffer_;
  std::optional<std::string_view> first_;  // Read ahead.
  bool is_begun_ = false;                  // Part of it was given to somebody who cannot be told any more.
};

}  // namespace

void throw_unreadable() {
  throw aws::ServiceError("InternalError", 500,
                          "The object's bytes cannot be read from the disk; the region's log says why.");
}

void throw_not_stored(bool is_full) {
  if (is_full) {
    throw aws::ServiceError("ServiceUnavailable", 503,
                            "The region's disk is full, so nothing can be written until space is made.");
  }
  throw aws::ServiceError("InternalError", 500,
                          "The object store cannot write to the disk; the region's log says why.");
}

aws::Stream open_extent(Service& service, async::Reactor& reactor, Extent extent) {
  return std::make_shared<ExtentSource>(service, reactor, std::move(extent));
}

async::Task<aws::Stream> begin_extent(Service& service, async::Reactor& reactor, Extent extent) {
  auto source = std::make_shared<ExtentSource>(service, reactor, std::move(extent));
  co_await source->begin();
  co_return source;
}

}  // namespace holm::s3
