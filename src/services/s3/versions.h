// The rows of objects: what there is of a key, adding to it and taking from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aws/service/call.h"
#include "base/result.h"
#include "services/s3/acls.h"
#include "services/s3/archive.h"
#include "services/s3/body.h"
#include "services/s3/buckets.h"
#include "services/s3/encryption.h"
#include "services/s3/object_lock.h"
#include "services/s3/object_source.h"
#include "sql/database.h"

namespace holm::s3 {

constexpr size_t kKeyBytesMax = 1024;
constexpr size_t kVersionIdCharacters = 32;

enum class What : uint8_t { Object, Marker };

struct VersionRow {
  int64_t id = 0;
  std::string key;
  std::string version;  // "null" where the bucket had no versioning.
  bool is_current = true;
  What what = What::Object;
  uint64_t bytes = 0;
  std::string etag;  // Without quotes.
  Time modified{};
  std::string storage_class = "STANDARD";
  std::string checksum_algorithm;  // "CRC32"
  std::string checksum;            // Base64, "-N" behind it when composite.
  std::string checksum_type;
  int64_t part_count = 0;  // 0 unless it was uploaded in parts.
  std::string tags;        // JSON of Tagging, or empty.
  std::string attributes;  // JSON of HeadObjectOutput: headers and user metadata.
  Lock lock;
  Encryption encryption;
  std::string owner;        // The account; empty: the bucket's.
  std::string list;         // Its access control list as JSON; empty: everything for the owner.
  std::string replication;  // replication.h; empty: it is neither a replica nor wanted elsewhere.
  Restoration restoration;  // Of what is in an archive.
  std::optional<Time> used = {};  // The last time, to the day, of what tiering.h watches; none: when it came.
  std::string archive_tier;       // The tier of archives that it is in; empty: none.
};

// Whose a version is: the bucket owner's wherever lists do not count.
std::string owner_in(const BucketRow& bucket, Ownership ownership, const VersionRow& row);

inline void possess(VersionRow& row, Possession possession) {
  row.owner = std::move(possession.owner);
  row.list = std::move(possession.list);
}

// What becomes a version: the row but for what the store decides, and the bytes.
struct NewVersion {
  VersionRow row;
  std::optional<std::string> upload = {};  // The multipart upload that it comes of.
  std::optional<std::string> blob = {};
  std::string content = {};
  std::string sealed_key = {};
  std::vector<Piece> pieces = {};  // Of an upload in parts, instead of blob and content.
};

// What an added or removed version did.
struct Change {
  int64_t id = 0;       // Of the new version or marker, or of the one removed.
  std::string version;  // "null" without versioning.
  What what = What::Object;
  bool is_marker_added = false;
};

std::string quoted(const std::string& etag);

// Of this bucket or another one, but such as S3 makes.
bool is_version_id(std::string_view text);

// Throws KeyTooLongError, or InvalidURI for what is not UTF-8.
void require_key(const std::string& key);

// The version called `version`, or the current one.
std::optional<VersionRow> find_version(sql::Transaction& transaction, int64_t bucket, const std::string& key,
                                       const std::optional<std::string>& version);
// The same; NoSuchKey, NoSuchVersion, or MethodNotAllowed for a delete marker.
VersionRow require_version(Call& call, const BucketRow& bucket, const std::string& key,
                           const std::optional<std::string>& version);

// Where the bytes of a version are and what opens them; a failure when they are just going, and the version
// with them, or cannot be read. The customer's key is the right one by now.
Result<Extent> lease_extent(Service& service, Call& call, const VersionRow& row,
                                   const std::optional<CustomerKey>& customer);

// The same as it lies there, with nothing to open it.
Result<Extent> lease_sealed(Service& service, Call& call, const VersionRow& row);

// A body that was received becomes the bytes of a version, and its key what the version's encryption makes of
// it.
void give_body(Service& service, Call& call, const std::optional<CustomerKey>& customer, const Body& body,
               NewVersion& version);

// Makes it the current version of its key as the bucket's versioning says, and has it replicated where rules
// say so. A replica keeps the name and the time of its version.
Change add_version(Service& service, Call& call, const BucketRow& bucket, NewVersion version);
// Tags, list, lock and owner of a replica that is there.
void update_replica(sql::Transaction& transaction, int64_t id, const VersionRow& row);
void set_replication(sql::Transaction& transaction, int64_t id, const std::string& status);

// What DeleteObject does without a version: removes the object or hides it behind a marker.
std::optional<Change> remove_object(Service& service, Call& call, const BucketRow& bucket,
                                    const std::string& key);
// Removes one version for ever; the one before it becomes current. Whether it may be is the caller's to
// check.
std::optional<Change> remove_version(Service& service, Call& call, const BucketRow& bucket,
                                     const std::string& key, const std::string& version);

// The version that an upload became.
std::optional<VersionRow> find_completed(sql::Transaction& transaction, int64_t bucket,
                                         const std::string& upload);

std::vector<Piece> pieces_of(sql::Transaction& transaction, int64_t version);

}  // namespace holm::s3
