// The stored bytes of an object as a stream.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/reactor.h"
#include "async/task.h"
#include "aws/schema/shape.h"
#include "services/s3/blob_leases.h"

namespace holm::blobs {
class Reader;
}

namespace holm::s3 {

class Service;

// One run of an object's bytes: in a blob or at hand.
struct Piece {
  int32_t number = 1;
  uint64_t bytes = 0;
  std::string checksum;  // Base64; of parts only.
  std::optional<std::string> blob;
  uint64_t body = 0;  // In the object store's log; 0: none. `content` are its bytes, once they are read.
  std::string content;
  std::string sealed_key;  // As it is kept; empty: the bytes are plain.
  std::string data_key;    // The same, opened, of what is to be read.
  std::shared_ptr<const blobs::Reader> reader = {};  // Of the blob, while it is read; null: it is not open.
};

// Where an object's bytes are, held so that they stay there.
struct Extent {
  std::string name = {};  // Of the object, for the log.
  std::vector<Piece> pieces = {};
  std::shared_ptr<const BlobLeases::Lease> lease = {};
  uint64_t first = 0;  // Of the bytes of all pieces: where the wanted ones begin,
  uint64_t bytes = 0;  // and how many they are.
};

// InternalError.
[[noreturn]] void throw_unreadable();
// ServiceUnavailable where the disk is full, otherwise InternalError.
[[noreturn]] void throw_not_stored(bool is_full);

// Read on `reactor`; blobs are read by workers. What cannot be read, or is not what was written, is told in
// the log and throws InternalError.
aws::Stream open_extent(Service& service, async::Reactor& reactor, Extent extent);

// The same for a response's body: what is wrong with the first bytes is thrown by this, so that it can be
// answered. Of the rest it is a StreamError, as the head has been sent by then.
async::Task<aws::Stream> begin_extent(Service& service, async::Reactor& reactor, Extent extent);

}  // namespace holm::s3
