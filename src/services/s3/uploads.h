// Multipart uploads and their parts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/s3/acls.h"
#include "services/s3/body.h"
#include "services/s3/buckets.h"
#include "services/s3/checksums.h"
#include "services/s3/encryption.h"
#include "services/s3/object_lock.h"

namespace holm::s3 {

constexpr int32_t kPartsMax = 10'000;

class Records;

struct UploadRow {
  std::string id;
  int64_t bucket = 0;
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

struct PartRow {
  int32_t number = 0;
  uint64_t bytes = 0;
  std::string md5;       // In hexadecimal digits.
  std::string checksum;  // Base64, of the upload's algorithm.
  Time modified{};
  std::optional<std::string> blob = {};
  uint64_t body = 0;  // In the object store's log; 0: none.
  std::string sealed_key = {};
};

std::optional<UploadRow> find_upload(Records& records, const std::string& id);
UploadRow require_upload(Records& records, const BucketRow& bucket, const std::string& key,
                         const std::string& id);
// In the order of keys and ids, from `from` on, of that key what is behind `id`; before `end` unless that is
// empty.
std::vector<UploadRow> list_uploads(Records& records, int64_t bucket, const std::string& from,
                                    const std::string& id, const std::string& end, size_t count);
std::optional<PartRow> find_part(Records& records, const std::string& upload, int32_t number);
// Those with greater numbers than `after`.
std::vector<PartRow> list_parts(Records& records, const std::string& upload, int32_t after, size_t count);
void require_part_number(int32_t number);
// Of what stores an object: a part's number without its upload, or the reverse, was meant for an upload.
void refuse_lone_part(const std::optional<std::string>& number, const std::optional<std::string>& upload);
// No more parts can come to it.
void close_upload(Records& records, const UploadRow& upload);
// Removes the parts of an upload that is closed. Blocks.
void remove_parts(Service& service, Call& call, const std::string& upload);
// What a crash left: parts of uploads that are closed, and uploads of buckets that are gone. Blocks.
void remove_orphans(Service& service, Call& call);
// Ends every upload of a bucket that is gone. Blocks.
void end_uploads(Service& service, Call& call, int64_t bucket);

// The customer's key for a part: every request has to come with the one that the upload was begun with.
std::optional<CustomerKey> part_key(std::optional<CustomerKey> given, const UploadRow& upload);
// Puts chance in the place of the MD5 where it says something about bytes that are encrypted with others'
// keys.
void hide_md5(Service& service, const UploadRow& upload, Body& body);

// Adds a part or replaces the one of its number. It may have to wait for a transaction that writes.
void store_part(Service& service, Call& call, Records& records, const UploadRow& upload,
                const std::optional<CustomerKey>& customer, int32_t number, const Body& body);

}  // namespace holm::s3
