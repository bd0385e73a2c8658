// Multipart uploads: their rows.
#pragma once

#include <optional>
#include <string>

#include "services/s3/acls.h"
#include "services/s3/body.h"
#include "services/s3/buckets.h"
#include "services/s3/checksums.h"
#include "services/s3/encryption.h"
#include "services/s3/object_lock.h"

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
  Lock lock;
  Possession possession;
  Encryption encryption;
  std::string initiator;  // The ARN of who began it; empty: nobody known.
};

UploadRow require_upload(Call& call, const BucketRow& bucket, const std::string& key, const std::string& id);
void require_part_number(int32_t number);
// Ends an upload without an object.
void end_upload_of(Service& service, Call& call, const std::string& id);

// The customer's key for a part: every request has to come with the one that the upload was begun with.
std::optional<CustomerKey> part_key(std::optional<CustomerKey> given, const UploadRow& upload);
// Puts chance in the place of the MD5 where it says something about bytes that are encrypted with others'
// keys.
void hide_md5(Service& service, const UploadRow& upload, Body& body);

// Adds a part or replaces the one of its number. The blob is kept when the transaction commits.
void store_part(Service& service, Call& call, const UploadRow& upload,
                const std::optional<CustomerKey>& customer, int32_t number, const Body& body);

}  // namespace holm::s3
