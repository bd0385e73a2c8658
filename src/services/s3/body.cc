// Bodies on their way to disk.

#include "services/s3/body.h"

#include <fmt/format.h>

#include "async/byte_source.h"
#include "aws/service/error.h"
#include "base/strings.h"
#include "blobs/blobs.h"
#include "s3/errors.h"
#include "services/s3/object_source.h"
#include "services/s3/sealed_bytes.h"
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

// Which checksums to compute: the one to keep, and one to compare with what the client tells.
struct Algorithms {
  Algorithm kept = Algorithm::Crc64nvme;
  std::optional<Algorithm> told;
};

// The bytes of one body in order. One thread at a time.
class Incoming final {
 public:
  Incoming(Service& service, const Algorithms& algorithms)
      : store_(service.store()),
        random_(service.random()),
        digest_(algorithms.kept),
        data_key_(make_data_key(service.random())),
        cipher_(data_key_) {
    if (algorithms.told && *algorithms.told != algorithms.kept) told_digest_.emplace(*algorithms.told);
  }

  // Blocks: for workers, unless the bytes are few.
  void take(std::string_view bytes) {
    md5_.update(bytes);
    digest_.update(bytes);
    if (told_digest_) told_digest_->update(bytes);
    bytes_ += bytes.size();
    if (!writer_ && bytes_ > kInlineBytesMax) writer_ = require(store_.create());
    chunk_ += bytes;
    if (!writer_) return;
    size_t sealed = 0;
    for (; chunk_.size() - sealed >= kChunkBytes; sealed += kChunkBytes)
      write_chunk(std::string_view(chunk_).substr(sealed, kChunkBytes));
    chunk_.erase(0, sealed);
  }

  // Hashes are final; nothing is durable yet.
  Body summary() {
    Body body{.bytes = bytes_,
              .md5 = std::string(crypto::bytes_of(md5_.finish())),
              .algorithm = digest_.algorithm(),
              .checksum = digest_.finish(),
              .told = {},
              .data_key = data_key_,
              .content = {},
              .blob = nullptr};
    if (told_digest_) body.told = {told_digest_->algorithm(), base64_encode(told_digest_->finish())};
    return body;
  }

  // Blocks until the bytes are durable, if they are for a blob.
  void store_in(Body& body) {
    if (!writer_) {
      if (!chunk_.empty()) body.content = cipher_.seal(0, chunk_, random_);
      return;
    }
    if (!chunk_.empty()) write_chunk(chunk_);
    body.blob = std::make_shared<NewBlob>(store_, require(writer_->finish()));
  }

  bool is_large() const { return writer_ != nullptr; }

 private:
  void write_chunk(std::string_view plain) {
    require(writer_->write(cipher_.seal(chunks_++, plain, random_)));
  }

  blobs::Store& store_;
  Random& random_;
  crypto::Md5 md5_;
  Digest digest_;
  std::optional<Digest> told_digest_;
  std::string data_key_;
  ChunkCipher cipher_;
  uint64_t bytes_ = 0;
  uint64_t chunks_ = 0;  // That are written.
  std::string chunk_;    // The last one so far, plain.
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

// One that is announced has to come.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
Algorithms algorithms_for(const BodyClaims& claims, const async::ByteSource* stream) {
  const auto announced = stream ? announced_algorithm(*stream) : std::nullopt;
  if (claims.checksum && announced) throw_two_checksums();
  const auto told = claims.checksum ? std::optional(claims.checksum->algorithm) : announced;
  const Algorithms algorithms{.kept = claims.algorithm.value_or(told.value_or(Algorithm::Crc64nvme)),
                              .told = told};
  if (!claims.algorithm_name) return algorithms;
  const Algorithm named = require_algorithm(*claims.algorithm_name);
  if (!told) {
    throw InvalidRequest(
        "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or "
        "x-amz-trailer headers were found.");
  }
  if (*told != named) {
    throw InvalidRequest("Value for x-amz-sdk-checksum-algorithm header is invalid.");
  }
  return algorithms;
}

void check(const Body& body, const BodyClaims& claims, const async::ByteSource* stream) {
  if (claims.content_md5 && require_digest(*claims.content_md5, body.md5.size()) != body.md5) {
    aws::ServiceError error("BadDigest", 400,
                            "The Content-MD5 you specified did not match what we received.");
    error.with("ExpectedDigest", *claims.content_md5).with("CalculatedDigest", base64_encode(body.md5));
    throw error;
  }
  const ToldChecksum right = body.told.value_or(ToldChecksum{body.algorithm, base64_encode(body.checksum)});
  std::optional<std::string> told;
  if (claims.checksum) told = claims.checksum->value;
  if (!told && stream) told = stream->find_trailer(header_of(right.algorithm));
  if (!told || *told == right.value) return;
  const auto decoded = base64_decode(*told);
  if (!decoded || decoded->size() != base64_decode(right.value)->size()) {
    throw InvalidRequest(fmt::format("Value for {} header is invalid.", header_of(right.algorithm)));
  }
  throw aws::ServiceError(
      "BadDigest", 400,
      fmt::format("The {} you specified did not match the calculated checksum.", name_of(right.algorithm)));
}

// The last room is for what is removed.
void require_room(Service& service) {
  if (!service.store().has_room()) throw_not_stored(true);
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
  require_room(service);
  if (claims.content_md5) require_digest(*claims.content_md5, sizeof(crypto::Md5Digest));
  if (stream) require_size(stream->length().value_or(0));
  Incoming incoming(service, algorithms_for(claims, stream.get()));
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
