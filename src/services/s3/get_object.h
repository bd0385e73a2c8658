// Reading objects: what GetObject, HeadObject and copies share.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "async/task.h"
#include "aws/service/call.h"
#include "services/s3/versions.h"

namespace holm::s3 {

struct ByteRange {
  uint64_t first = 0;
  uint64_t bytes = 0;
};

// "bytes=0-99" of an object; nothing for what is to be ignored, as several ranges are. InvalidRange.
std::optional<ByteRange> find_range(const std::optional<std::string>& header, uint64_t object_bytes);

// A version and where its bytes are.
struct Found {
  BucketRow bucket;
  VersionRow row;
  Extent extent;
  std::optional<std::string> expiration;  // The header.
};

// What is looked for. `check` throws what the request has against the version found.
struct Wanted {
  std::string bucket;
  std::string key;
  std::optional<std::string> version;
  std::optional<CustomerKey> customer;
  std::function<void(Call&, Records&, const VersionRow&)> check;
};

// Reads in a short transaction, once more when the version is removed meanwhile. Throws what
// require_version() does. The call outlives it. Never null.
async::Task<std::unique_ptr<Found>> find_object(Service& service, aws::LongCall& call, Wanted wanted);

}  // namespace holm::s3
