// The stored bytes of an object as a stream.

#include "services/s3/object_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "async/byte_source.h"
#include "async/yield.h"
#include "aws/service/error.h"
#include "base/check.h"
#include "base/log.h"
#include "blobs/blobs.h"
#include "services/s3/passing_buffer.h"
#include "services/s3/service.h"

namespace holm::s3 {

namespace {

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
    if (ready_.empty() && left_ > 0) {
      // A client that is fast enough would never let others have their turn.
      if (is_begun_) co_await async::yield(reactor_);
      co_await read_ahead();
    }
    co_return std::exchange(ready_, {});
  }

  async::Task<void> begin() {
    if (left_ > 0) co_await read_ahead();
    is_begun_ = true;
  }

 private:
  // The sealed chunks that hold the next bytes of a piece.
  struct Chunks {
    uint64_t first = 0;
    uint64_t count = 0;
    uint64_t sealed_bytes = 0;
    uint64_t skipped = 0;  // Of the first one, which were not asked for.
    uint64_t wanted = 0;   // Behind these.
  };

  // Fills `ready_` with the next bytes there are, which are at least one.
  async::Task<void> read_ahead() {
    CHECK(index_ < extent_.pieces.size());
    Piece& piece = extent_.pieces[index_];
    const uint64_t here = std::min(left_, piece.bytes - offset_);
    if (!piece.blob) {
      ready_ = content_of(piece).substr(offset_, here);
    } else if (piece.data_key.empty()) {
      char* const place = plain_.data();  // Of this thread.
      std::function<void()> fill = [this, &piece, place, here] { read_plain(piece, place, here); };
      co_await service_.workers().run(reactor_, fill);
    } else {
      co_await read_chunks(piece, here);
    }
    advance(ready_.size());
  }

  // What lies in memory is read and opened here, as going to a worker and back takes as long.
  async::Task<void> read_chunks(Piece& piece, uint64_t here) {
    open_blob(piece);
    const Chunks chunks = chunks_of(piece, here);
    const uint64_t at = chunks.first * (kChunkBytes + kSealBytes);
    char *const sealed = sealed_.data(), *const plain = plain_.data();  // Of this thread.
    if (piece.reader->read_cached(at, sealed, chunks.sealed_bytes) == chunks.sealed_bytes) {
      open_chunks(piece, chunks, sealed, plain);
      co_return;
    }
    std::function<void()> fill = [this, &piece, &chunks, sealed, plain, at] {
      // Sealed bytes prove by themselves what they are.
      read_stored(piece, &blobs::Reader::read_unchecked, at, {sealed, chunks.sealed_bytes});
      open_chunks(piece, chunks, sealed, plain);
    };
    co_await service_.workers().run(reactor_, fill);
  }

  Chunks chunks_of(const Piece& piece, uint64_t here) const {
    Chunks chunks{.first = offset_ / kChunkBytes, .skipped = offset_ % kChunkBytes};
    const uint64_t asked = std::min(chunks.skipped + here, kChunksAtOnce * kChunkBytes);
    chunks.count = (asked + kChunkBytes - 1) / kChunkBytes;
    chunks.wanted = asked - chunks.skipped;
    const uint64_t plain =
        std::min(chunks.count * kChunkBytes, piece.bytes - chunks.first * kChunkBytes);
    chunks.sealed_bytes = plain + chunks.count * kSealBytes;
    return chunks;
  }

  // Whole chunks are opened, one behind the other, and what was not asked for is left out.
  void open_chunks(const Piece& piece, const Chunks& chunks, char* sealed, char* plain) {
    const ChunkCipher cipher(piece.data_key);
    for (uint64_t i = 0; i < chunks.count; ++i) {
      const uint64_t at = i * (kChunkBytes + kSealBytes);
      const std::string_view chunk(sealed + at, std::min(chunks.sealed_bytes - at, kChunkBytes + kSealBytes));
      if (!cipher.open_to(chunks.first + i, chunk, plain + i * kChunkBytes)) fail_altered(piece, chunks, sealed);
    }
    ready_ = {plain + chunks.skipped, chunks.wanted};
  }

  // The bytes of a piece that is in memory.
  std::string_view content_of(Piece& piece) {
    std::string_view all = piece.content;
    if (!piece.data_key.empty()) {
      char* const plain = piece.content.data() + kPlainStart;
      if (!ChunkCipher(piece.data_key).open_to(0, all, plain)) fail("Its bytes are not those that were written.");
      all = all.substr(kPlainStart, all.size() - kSealBytes);
    }
    if (all.size() != piece.bytes) fail("An object is not as long as it was.");
    return all;
  }

  // Of a blob from before everything was sealed. Blocks.
  void read_plain(Piece& piece, char* place, uint64_t here) {
    open_blob(piece);
    const uint64_t count = std::min(here, kChunksAtOnce * kChunkBytes);
    read_stored(piece, &blobs::Reader::read_at, offset_, {place, count});
    ready_ = {place, count};
  }

  void open_blob(Piece& piece) {
    if (piece.reader) return;
    auto found = service_.store().open(*piece.blob);
    if (!found) fail(found.error().message);
    piece.reader = std::move(*found);
  }

  using Read = Result<size_t> (blobs::Reader::*)(uint64_t offset, char* buffer, size_t count) const;

  // Fills `place` from there on. Blocks.
  void read_stored(const Piece& piece, Read read, uint64_t at, std::span<char> place) {
    for (size_t filled = 0; filled < place.size();) {
      auto got = ((*piece.reader).*read)(at + filled, place.data() + filled, place.size() - filled);
      if (!got) fail(got.error().message);
      if (*got == 0) fail("A blob is shorter than it was written.");
      filled += *got;
    }
  }

  void advance(uint64_t bytes) {
    left_ -= bytes;
    offset_ += bytes;
    if (offset_ < extent_.pieces[index_].bytes) return;
    extent_.pieces[index_].reader.reset();
    offset_ = 0;
    ++index_;
    while (index_ < extent_.pieces.size() && extent_.pieces[index_].bytes == 0) ++index_;
  }

  // The store knows where on the disk the damage is, if it is one.
  [[noreturn]] void fail_altered(const Piece& piece, const Chunks& chunks, char* place) {
    const uint64_t at = chunks.first * (kChunkBytes + kSealBytes);
    auto checked = piece.reader->read_at(at, place, chunks.sealed_bytes);
    fail(checked ? "Its bytes are not those that were written." : checked.error().message);
  }

  // Never wrong bytes: an error, or a cut connection when the head has been sent.
  [[noreturn]] void fail(const std::string& message) const {
    log::error(fmt::format("The object {} cannot be read. {}", extent_.name, message));
    if (is_begun_) throw async::StreamError(message);
    throw_unreadable();
  }

  Service& service_;
  async::Reactor& reactor_;
  Extent extent_;
  uint64_t left_;  // Behind `ready_`.
  size_t index_ = 0;
  uint64_t offset_ = 0;  // In the piece.
  PassingBuffer sealed_, plain_;
  std::string_view ready_;  // Read ahead.
  bool is_begun_ = false;  // Part of it was given to somebody who cannot be told any more.
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
