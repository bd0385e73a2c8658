// Bodies on their way to disk: hashed while they come, small ones kept in memory, large ones in a blob.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "async/reactor.h"
#include "async/task.h"
#include "aws/schema/shape.h"
#include "services/s3/checksums.h"

namespace holm::blobs {
class Store;
}
namespace holm::objects {
class NewBody;
}

namespace holm::s3 {

class Service;

constexpr uint64_t kInlineBytesMax = 16 * 1024;        // Smaller bodies go into the log with their version.
constexpr uint64_t kBodyBytesMax = uint64_t{5} << 30;  // Of an object or a part in one request.

// A durable blob that nobody refers to yet: removed with this unless kept.
class NewBlob final {
 public:
  NewBlob(blobs::Store& store, std::string id) : store_(store), id_(std::move(id)) {}
  ~NewBlob();
  NewBlob(const NewBlob&) = delete;
  NewBlob& operator=(const NewBlob&) = delete;
  const std::string& id() const { return id_; }
  void keep() { is_kept_ = true; }

 private:
  blobs::Store& store_;
  std::string id_;
  bool is_kept_ = false;
};

// What was received, complete and checked.
struct Body {
  uint64_t bytes = 0;
  std::string md5;  // 16 bytes.
  Algorithm algorithm = Algorithm::Crc64nvme;
  std::string checksum;  // Raw bytes, of `algorithm`.
  std::optional<ToldChecksum>
      told;              // What the client told and was right, where that is of another algorithm.
  std::string data_key;  // What the bytes are sealed with, in chunks (sealed_bytes.h).
  // Sealed, as they become durable with the commit that adopts them; null where there are none.
  std::shared_ptr<objects::NewBody> stored;
  // Many of them become a blob by that commit, few are part of the log.
  bool is_blob() const { return bytes > kInlineBytesMax; }
};

// What the client says about a body before it comes.
struct BodyClaims {
  std::optional<std::string> content_md5 = {};     // Base64.
  std::optional<ToldChecksum> checksum = {};       // Of a header; one of a trailer is found by itself.
  std::optional<std::string> algorithm_name = {};  // x-amz-sdk-checksum-algorithm
  std::optional<Algorithm> algorithm = {};         // To be kept; none: the one that the client tells.
};

// Runs on `reactor`, hashes and writes on workers. Throws the errors of PutObject (BadDigest, InvalidDigest,
// EntityTooLarge …) and what the stream throws; nothing is left behind then. A null stream is an empty body.
async::Task<Body> receive(Service& service, async::Reactor& reactor, aws::Stream stream, BodyClaims claims);

}  // namespace holm::s3
