// The keys of S3's records in the object store: what lies beside what.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "objects/metadata.h"

namespace holm::s3 {

// A version's place in the order of lists: by key, the newest first.
struct VersionPosition {
  std::string key;
  int64_t id = 0;
};

// That there is a bucket of this name; its value is the bucket's id.
std::string bucket_key(std::string_view name);

// The newest version of a key.
std::string current_key(int64_t bucket, std::string_view key);
// Of keys from `from` on, before `end` unless that is empty.
objects::Range current_range(int64_t bucket, std::string_view from, std::string_view end);
std::string_view key_of_current(std::string_view record_key);

// The versions of a key before the newest one, the newer ones first.
std::string past_key(int64_t bucket, std::string_view key, int64_t id);
objects::Range past_range(int64_t bucket, std::string_view key);
// Of keys from `from` on, of that key what is older than `id` unless that is 0; before `end` unless that is
// empty.
objects::Range past_range(int64_t bucket, std::string_view from, int64_t id, std::string_view end);
VersionPosition position_of_past(std::string_view record_key);
// The id of the one of them that has this name.
std::string past_name_key(int64_t bucket, std::string_view key, std::string_view version);

// What a version of several parts consists of, so many pieces in a record.
std::string pieces_key(int64_t version, uint32_t index);
// The version that an upload became.
std::string completed_key(std::string_view upload);

std::string upload_key(std::string_view id);
// Uploads in the order of their keys and ids.
struct UploadPosition {
  std::string key;
  std::string id;
};
std::string upload_place_key(int64_t bucket, std::string_view key, std::string_view id);
// Of keys from `from` on, of that key what is behind `id` unless that is empty; before `end` unless that is
// empty.
objects::Range upload_range(int64_t bucket, std::string_view from, std::string_view id, std::string_view end);
objects::Range all_uploads();
std::string id_of_upload(std::string_view record_key);
UploadPosition position_of_upload(std::string_view record_key);
std::string part_key(std::string_view upload, int32_t number);
objects::Range parts_range(std::string_view upload, int32_t after);
objects::Range all_parts();
std::string upload_of_part(std::string_view record_key);
int32_t number_of_part(std::string_view record_key);

// That a version or a part has this blob.
std::string blob_key(std::string_view blob);
objects::Range all_blobs();
std::string blob_of(std::string_view record_key);

// What was decided in a commit and is still to become a job.
std::string outbox_key(uint64_t number);
objects::Range whole_outbox();

// What is added to the store's numbers to make ids: versions of former databases have lower ones.
std::string first_id_key();

}  // namespace holm::s3
