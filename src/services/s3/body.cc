// Bodies on their way to disk.

#include "services/s3/body.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "async/byte_source.h"
#include "async/placing.h"
#include "async/started.h"
#include "aws/service/error.h"
#include "base/log.h"
#include "base/strings.h"
#include "blobs/blobs.h"
#include "objects/store.h"
#include "s3/errors.h"
#include "services/s3/object_source.h"
#include "services/s3/passing_buffer.h"
#include "services/s3/service.h"

namespace holm::s3 {

namespace {

template <class T>
T require(objects::Outcome<T> outcome) {
  if (!outcome) {
    log::error("A body cannot be stored. " + outcome.error().message);
    throw_not_stored(outcome.error().fault == objects::Fault::Full);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*outcome);
}

// Which checksums to compute: the one to keep, and one to compare with what the client tells.
struct Algorithms {
  Algorithm kept = Algorithm::Crc64nvme;
  std::optional<Algorithm> told;
};

// Bytes as they come, each chunk of them where it can be sealed as it lies.
class Batch final {
 public:
  static constexpr uint64_t kBytesMax = kChunksAtOnce * kChunkBytes;

  bool is_empty() const { return bytes_ == 0; }
  bool is_full() const { return bytes_ == kBytesMax; }
  void clear() { bytes_ = 0; }

  // For the next bytes; more of it is behind that.
  std::span<char> room() {
    const uint64_t in_chunk = bytes_ % kChunkBytes;
    return {sealed(bytes_ / kChunkBytes) + kPlainStart + in_chunk, kChunkBytes - in_chunk};
  }

  // As much of `piece` as there is room for; it may lie in room() already. Returns how much that was.
  size_t add(std::string_view piece) {
    size_t added = 0;
    while (added < piece.size() && !is_full()) {
      const std::span<char> place = room();
      const std::string_view part = piece.substr(added, place.size());
      if (part.data() != place.data()) part.copy(place.data(), part.size());
      bytes_ += part.size();
      added += part.size();
    }
    return added;
  }

  uint64_t chunks() const { return (bytes_ + kChunkBytes - 1) / kChunkBytes; }
  std::string_view plain(uint64_t chunk) {
    return {sealed(chunk) + kPlainStart, std::min(kChunkBytes, bytes_ - chunk * kChunkBytes)};
  }
  char* sealed(uint64_t chunk) { return buffer_.data() + chunk * (kChunkBytes + kSealBytes); }
  // All of it, once all chunks are sealed.
  std::string_view all_sealed() { return {buffer_.data(), bytes_ + chunks() * kSealBytes}; }

 private:
  PassingBuffer buffer_;
  uint64_t bytes_ = 0;
};

// The bytes of one body in order. One thread at a time.
class Incoming final {
 public:
  Incoming(Service& service, const Algorithms& algorithms)
      : bodies_(service.objects().bodies()),
        random_(service.random()),
        digest_(algorithms.kept),
        data_key_(make_data_key(service.random())),
        cipher_(data_key_) {
    if (algorithms.told && *algorithms.told != algorithms.kept) told_digest_.emplace(*algorithms.told);
  }

  // Blocks: for workers, unless the bytes are few. Only the last batch is not full.
  void take(Batch& batch) {
    for (uint64_t chunk = 0; chunk < batch.chunks(); ++chunk) {
      const std::string_view plain = batch.plain(chunk);
      md5_.update(plain);
      digest_.update(plain);
      if (told_digest_) told_digest_->update(plain);
      bytes_ += plain.size();
      cipher_.seal_to(chunks_++, plain, random_, batch.sealed(chunk));
    }
    if (!writer_) writer_ = require(bodies_.write_body());
    require(writer_->write(batch.all_sealed()));
  }

  // Blocks until the bytes are durable, or as good as that: small ones become so with their commit.
  void end() {
    if (writer_) stored_ = require(writer_->finish());
  }

  Body summary() {
    Body body{.bytes = bytes_,
              .md5 = std::string(crypto::bytes_of(md5_.finish())),
              .algorithm = digest_.algorithm(),
              .checksum = digest_.finish(),
              .told = {},
              .data_key = data_key_,
              .stored = std::move(stored_)};
    if (told_digest_) body.told = {told_digest_->algorithm(), base64_encode(told_digest_->finish())};
    return body;
  }

 private:
  objects::Bodies& bodies_;
  Random& random_;
  crypto::Md5 md5_;
  Digest digest_;
  std::optional<Digest> told_digest_;
  std::string data_key_;
  ChunkCipher cipher_;
  uint64_t bytes_ = 0;
  uint64_t chunks_ = 0;
  std::unique_ptr<objects::BodyWriter> writer_;
  std::shared_ptr<objects::NewBody> stored_;
};

std::string require_digest(const std::string& base64, size_t bytes) {
  auto digest = base64_decode(base64);
  if (!digest || digest->size() != bytes) {
    aws::ServiceError error("InvalidDigest", 400, "The Content-MD5 you specified was invalid.");
    error.with("Content-MD5", base64);
    throw error;
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
  std::array<Batch, 2> batches;
  Batch* filling = &batches[0];
  Batch* taken = &batches[1];
  uint64_t bytes = 0;
  bool is_at_end = stream == nullptr;
  std::optional<async::Started> taking;  // One batch, while the next one comes.
  while (!is_at_end) {
    const std::span<char> room = filling->room();
    std::string_view piece = co_await async::read_to(*stream, room);
    is_at_end = piece.empty();
    bytes += piece.size();
    require_size(bytes);
    while (!piece.empty()) {
      piece.remove_prefix(filling->add(piece));
      if (!filling->is_full()) continue;
      if (taking) co_await *taking;
      std::swap(filling, taken);
      filling->clear();
      taking.emplace(service.workers(), reactor, [&incoming, taken] { incoming.take(*taken); });
    }
  }
  if (taking) co_await *taking;
  const auto end = [&incoming, filling] {
    if (!filling->is_empty()) incoming.take(*filling);
    incoming.end();
  };
  // Hashing a small body takes less than going to a worker and back.
  if (bytes > kInlineBytesMax) {
    taking.emplace(service.workers(), reactor, end);
    co_await *taking;
  } else {
    end();
  }
  Body body = incoming.summary();
  check(body, claims, stream.get());
  co_return body;
}

}  // namespace holm::s3
