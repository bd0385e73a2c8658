// Versions of objects: what there is of a key, adding to it and taking from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service/call.h"
#include "base/result.h"
#include "objects/metadata.h"
#include "services/s3/acls.h"
#include "services/s3/archive.h"
#include "services/s3/body.h"
#include "services/s3/buckets.h"
#include "services/s3/encryption.h"
#include "services/s3/object_lock.h"
#include "services/s3/object_source.h"
#include "services/s3/record_keys.h"

namespace holm::s3 {

constexpr size_t kKeyBytesMax = 1024;
constexpr size_t kVersionIdCharacters = 32;

enum class What : uint8_t { Object, Marker };

class Records;

// Where the bytes of a version are that was not uploaded in parts.
struct StoredBytes {
  std::string upload = {};  // That the version comes of, whatever its parts; empty: none.
  std::optional<std::string> blob = {};
  uint64_t body = 0;
  std::string sealed_key = {};
};

// Ids grow with time, so they order the versions of a key, of which the newest is the current one, and are
// the sequencer of events.
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
  StoredBytes stored = {};
};

// What lists tell of a current object.
struct Outline {
  std::string_view key = {};
  uint64_t bytes = 0;
  std::string_view etag = {};
  Time modified{};
  std::string_view storage_class = {}, checksum_algorithm = {}, checksum_type = {};
  std::string_view owner = {};
  Restoration restoration = {};
};

// What permissions depend on of a version; the members are those of its row.
struct Standing {
  What what = What::Object;
  std::string version;
  std::string tags, owner, list;
};

// Some of them, and the records that their texts are in.
struct Outlines {
  std::vector<Outline> rows = {};
  std::vector<std::vector<objects::Record>> records = {};
};

// Whose a version is: the bucket owner's wherever lists do not count.
std::string owner_in(const BucketRow& bucket, Ownership ownership, const std::string& owner);

inline void possess(VersionRow& row, Possession possession) {
  row.owner = std::move(possession.owner);
  row.list = std::move(possession.list);
}

// What becomes a version: the row but for what the store decides, and the bytes, in one of the ways there are.
struct NewVersion {
  VersionRow row;
  std::optional<std::string> upload = {};  // The multipart upload that it comes of.
  std::optional<std::string> blob = {};
  std::shared_ptr<objects::NewBody> body = {};
  std::string content = {};
  std::string sealed_key = {};
  std::vector<Piece> pieces = {};  // Of an upload in parts.
};

// What an added or removed version did.
struct Change {
  int64_t id = 0;       // Of the new version or marker, or of the one removed.
  std::string version;  // "null" without versioning.
  What what = What::Object;
  bool is_marker_added = false;
};

std::string quoted(std::string_view etag);

// Of this bucket or another one, but such as S3 makes.
bool is_version_id(std::string_view text);
// Whether a version of that id can be or have been in the bucket.
bool may_have(const BucketRow& bucket, std::string_view version);

// Throws KeyTooLongError, or InvalidURI for what is not UTF-8.
void require_key(const std::string& key);

// The version called `version`, or the current one.
std::optional<VersionRow> find_version(Records& records, int64_t bucket, const std::string& key,
                                       const std::optional<std::string>& version);
// The same; NoSuchKey, NoSuchVersion, or MethodNotAllowed for a delete marker.
VersionRow require_version(Records& records, const BucketRow& bucket, const std::string& key,
                           const std::optional<std::string>& version);
// Of the same, what permissions depend on.
std::optional<Standing> find_standing(Records& records, int64_t bucket, const std::string& key,
                                      const std::optional<std::string>& version);
// For what reads or changes something beside the bytes of a version with `method`: a delete marker takes none
// of it, whether it is named or is just the current one.
VersionRow require_changeable(Records& records, const BucketRow& bucket, const std::string& key,
                              const std::optional<std::string>& version, std::string_view method);
// All there are of a key, the newest first.
std::vector<VersionRow> history_of(Records& records, int64_t bucket, const std::string& key);

// In the order of keys, from `from` on, before `end` unless that is empty.
Outlines list_current(Records& records, int64_t bucket, const std::string& from, const std::string& end,
                      size_t count);
// The same of all versions, those of a key the newest first; of the key of `after` only what is older than
// that.
std::vector<VersionRow> list_versions(Records& records, int64_t bucket, const std::string& from,
                                      const VersionPosition& after, const std::string& end, size_t count);
// What is behind `last` of the whole bucket; moves that on. Fewer than `count`: that was all.
std::vector<VersionRow> next_versions(Records& records, int64_t bucket, VersionPosition& last, size_t count);

// Where the bytes of a version are and what opens them; a failure when they are just going, and the version
// with them, or cannot be read. The customer's key is the right one by now.
Result<Extent> lease_extent(Service& service, Call& call, Records& records, const VersionRow& row,
                            const std::optional<CustomerKey>& customer);

// The same as it lies there, with nothing to open it.
Result<Extent> lease_sealed(Service& service, Records& records, const VersionRow& row);

// A body that was received becomes the bytes of a version, and its key what the version's encryption makes of
// it. False: that takes a transaction that writes.
bool give_body(Service& service, Call& call, Records& records, const std::optional<CustomerKey>& customer,
               const Body& body, NewVersion& version);

// Makes it the current version of its key as the bucket's versioning says, and has it replicated where rules
// say so. A replica keeps the name and the time of its version.
Change add_version(Service& service, Call& call, Records& records, const BucketRow& bucket,
                   NewVersion version);
// The same with everything decided: the place in the history and where the bytes are, but for those of
// pieces.
void keep_new(Records& records, int64_t bucket, const VersionRow& row, std::vector<Piece> pieces);
// What is known of a version that is there becomes what `row` says.
void keep_version(Records& records, int64_t bucket, const VersionRow& row);

// What DeleteObject does without a version: removes the object or hides it behind a marker.
std::optional<Change> remove_object(Service& service, Call& call, Records& records, const BucketRow& bucket,
                                    const std::string& key);
// Removes one version for ever; the one before it becomes current. Whether it may be is the caller's to
// check.
std::optional<Change> remove_version(Records& records, const BucketRow& bucket, const std::string& key,
                                     const std::string& version);

// The version that an upload became.
std::optional<VersionRow> find_completed(Records& records, int64_t bucket, const std::string& upload);

// Of a version of several parts.
std::vector<Piece> pieces_of(Records& records, const VersionRow& row);

}  // namespace holm::s3
