// Bodies on their way to disk.

#include "services/s3/body.h"

#include <fmt/format.h>

#include "async/byte_source.h"
#include "aws/service/error.h"
#include "base/strings.h"
#include "blobs/blobs.h"
#include "s3/errors.h"
#include "services/s3/service.h"

namespace holm::s3 {

namespace {

constexpr size_t kBatchBytes = 256 * 1024;

template <class T>
T require(Result<T> result) {
  if (!result) {
    throw aws::ServiceError("InternalError", 500, "The object cannot be stored. " + result.error().message);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// The bytes of one body in order. One thread at a time.
class Incoming final {
 public:
  Incoming(blobs::Store& store, Algorithm algorithm, std::optional<Algorithm> also)
      : store_(store), digest_(algorithm) {
    if (also) also_.emplace(*also);
  }

  // Blocks: for workers, unless the bytes are few.
  void take(std::string_view bytes) {
    md5_.update(bytes);
    digest_.update(bytes);
    if (also_) also_->update(bytes);
    bytes_ += bytes.size();
    if (!writer_ && content_.size() + bytes.size() <= kInlineBytesMax) {
      content_ += bytes;
      return;
    }
    if (!writer_) {
      writer_ = require(store_.create());
      require(writer_->write(content_));
      content_.clear();
    }
    require(writer_->write(bytes));
  }

  // Hashes are final; nothing is durable yet.
  Body summary() {
    return {.bytes = bytes_,
            .md5 = std::string(crypto::bytes_of(md5_.finish())),
            .algorithm = digest_.algorithm(),
            .checksum = digest_.finish(),
            .also = also_ ? also_->finish() : std::string()};
  }

  // Blocks until the bytes are durable, if they are for a blob.
  void store_in(Body& body) {
    if (writer_) {
      body.blob = std::make_shared<NewBlob>(store_, require(writer_->finish()));
    } else {
      body.content = std::move(content_);
    }
  }

  bool is_large() const { return writer_ != nullptr; }

 private:
  blobs::Store& store_;
  crypto::Md5 md5_;
  Digest digest_;
  std::optional<Digest> also_;
  uint64_t bytes_ = 0;
  std::string content_;
  std::unique_ptr<blobs::Writer> writer_;
};

std::string require_digest(const std::string& base64, size_t bytes) {
  auto digest = base64_decode(base64);
  if (!digest || digest->size() != bytes) {
    throw aws::ServiceError("InvalidDigest", 400, "The Content-MD5 you specified was invalid.");
  }
  return *digest;
}

std::optional<Algorithm> announced_algorithm(const async::ByteSource& stream) {
  for (const std::string& name : stream.trailer_names()) {
    constexpr std::string_view kStart = "x-amz-checksum-";
    if (name.starts_with(kStart)) return require_algorithm(to_upper(name.substr(kStart.size())));
  }
  return std::nullopt;
}

// Which checksum to compute. One that is announced has to come.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
Algorithm algorithm_for(const BodyClaims& claims, const async::ByteSource* stream) {
  const auto announced = stream ? announced_algorithm(*stream) : std::nullopt;
  if (claims.checksum && announced) throw_two_checksums();
  const auto told = claims.checksum ? std::optional(claims.checksum->algorithm) : announced;
  if (!claims.algorithm_name) return told.value_or(claims.algorithm.value_or(Algorithm::Crc64nvme));
  const Algorithm named = require_algorithm(*claims.algorithm_name);
  if (!told) {
    throw InvalidRequest(
        "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or "
        "x-amz-trailer headers were found.");
  }
  if (*told != named) {
    throw InvalidRequest("Value for x-amz-sdk-checksum-algorithm header is invalid.");
  }
  return named;
}

void check(const Body& body, const BodyClaims& claims, const async::ByteSource* stream) {
  if (claims.content_md5 && require_digest(*claims.content_md5, body.md5.size()) != body.md5) {
    aws::ServiceError error("BadDigest", 400,
                            "The Content-MD5 you specified did not match what we received.");
    error.with("ExpectedDigest", *claims.content_md5).with("CalculatedDigest", base64_encode(body.md5));
    throw error;
  }
  std::optional<std::string> told;
  if (claims.checksum) told = claims.checksum->value;
  if (!told && stream) told = stream->find_trailer(header_of(body.algorithm));
  if (!told) return;
  const auto decoded = base64_decode(*told);
  if (!decoded || decoded->size() != body.checksum.size()) {
    throw InvalidRequest(fmt::format("Value for {} header is invalid.", header_of(body.algorithm)));
  }
  if (*decoded != body.checksum) {
    throw aws::ServiceError(
        "BadDigest", 400,
        fmt::format("The {} you specified did not match the calculated checksum.", name_of(body.algorithm)));
  }
}

void require_size(uint64_t bytes) {
  if (bytes <= kBodyBytesMax) return;
  aws::ServiceError error("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size");
  error.with("ProposedSize", std::to_string(bytes)).with("MaxSizeAllowed", std::to_string(kBodyBytesMax));
  throw error;
}

}  // namespace

NewBlob::~NewBlob() {
  if (!is_kept_) store_.remove(id_);
}

async::Task<Body> receive(Service& service, async::Reactor& reactor, aws::Stream stream, BodyClaims claims) {
  // What is wrong already is said before the first byte is asked for.
  if (claims.content_md5) require_digest(*claims.content_md5, sizeof(crypto::Md5Digest));
  if (stream) require_size(stream->length().value_or(0));
  Incoming incoming(service.store(), algorithm_for(claims, stream.get()), claims.also);
  std::string batch;
  uint64_t bytes = 0;
  std::function<void()> take = [&] { incoming.take(batch); };
  bool is_at_end = stream == nullptr;
  while (!is_at_end) {
    const std::string_view piece = co_await stream->read();
    is_at_end = piece.empty();
    batch += piece;
    bytes += piece.size();
    require_size(bytes);
    if (batch.size() < kBatchBytes) continue;
    co_await service.workers().run(reactor, take);
    batch.clear();
  }
  // Hashing a small body takes less than going to a worker and back.
  if (bytes > kInlineBytesMax && !batch.empty()) {
    co_await service.workers().run(reactor, take);
  } else {
    take();
  }
  Body body = incoming.summary();
  check(body, claims, stream.get());
  std::function<void()> store = [&] { incoming.store_in(body); };
  if (incoming.is_large()) {
    co_await service.workers().run(reactor, store);
  } else {
    store();
  }
  co_return body;
}

}  // namespace holm::s3
