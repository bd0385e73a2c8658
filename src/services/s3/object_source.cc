// The stored bytes of an object as a stream.

#include "services/s3/object_source.h"

#include <algorithm>
#include <functional>

#include "async/byte_source.h"
#include "base/check.h"
#include "base/log.h"
#include "blobs/blobs.h"
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
    if (left_ == 0) co_return std::string_view();
    CHECK(index_ < extent_.pieces.size());
    const Piece& piece = extent_.pieces[index_];
    const uint64_t here = std::min(left_, piece.bytes - offset_);
    std::string_view bytes;
    if (piece.blob) {
      buffer_.resize(std::min(here, kReadBytes));
      std::function<void()> fill = [this] { fill_buffer(); };
      co_await service_.workers().run(reactor_, fill);
      bytes = buffer_;
    } else {
      bytes = std::string_view(piece.content).substr(offset_, here);
    }
    advance(bytes.size());
    co_return bytes;
  }

 private:
  void fill_buffer() {
    const Piece& piece = extent_.pieces[index_];
    if (!reader_) {
      auto opened = service_.store().open(*piece.blob);
      if (!opened) fail(opened.error().message);
      reader_ = std::move(*opened);
    }
    size_t filled = 0;
    while (filled < buffer_.size()) {
      auto got = reader_->read_at(offset_ + filled, buffer_.data() + filled, buffer_.size() - filled);
      if (!got) fail(got.error().message);
      if (*got == 0) fail("A blob is shorter than it was written.");
      filled += *got;
    }
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

  // Never wrong bytes: the connection is cut instead, as the head has been sent.
  [[noreturn]] static void fail(const std::string& message) {
    log::error("A stored object cannot be read: " + message);
    throw async::StreamError(message);
  }

  Service& service_;
  async::Reactor& reactor_;
  Extent extent_;
  uint64_t left_;
  size_t index_ = 0;
  uint64_t offset_ = 0;  // In the piece.
  std::unique_ptr<blobs::Reader> reader_;
  std::string buffer_;
};

}  // namespace

aws::Stream open_extent(Service& service, async::Reactor& reactor, Extent extent) {
  return std::make_shared<ExtentSource>(service, reactor, std::move(extent));
}

}  // namespace holm::s3
