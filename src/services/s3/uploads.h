// Multipart uploads: their rows.
#pragma once

#include <optional>
#include <string>

#include "services/s3/body.h"
#include "services/s3/buckets.h"
#include "services/s3/checksums.h"

namespace holm::s3 {

constexpr int32_t kPartsMax = 10'000;

struct UploadRow {
  std::string id;
  std::string key;
  Time initiated;
  std::string storage_class;
  Algorithm algorithm = Algorithm::Crc64nvme;
  std::string checksum_type;
  bool is_checksum_asked = false;  // The client named the algorithm, so it is told of each part.
  std::string tags;
  std::string attributes;
};

UploadRow require_upload(Call& call, const BucketRow& bucket, const std::string& key, const std::string& id);
void require_part_number(int32_t number);

// Adds a part or replaces the one of its number. The blob is kept when the transaction commits.
void store_part(Service& service, Call& call, const UploadRow& upload, int32_t number, const Body& body);

}  // namespace holm::s3
