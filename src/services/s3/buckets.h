// Buckets: finding them, and what is set on them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service/call.h"
#include "s3/types.h"
#include "sql/database.h"

namespace holm::s3 {

using aws::Call;

enum class Versioning : uint8_t { Never, Enabled, Suspended };

struct BucketRow {
  int64_t id;
  std::string name;
  std::string account;
  std::string region;
  Time created;
  Versioning versioning;
};

std::optional<BucketRow> find_bucket(sql::Transaction& transaction, const std::string& name);
BucketRow require_bucket(Call& call, const std::string& name);  // NoSuchBucket

// The document of one kind that is set on a bucket ("policy", "cors" …).
std::optional<std::string> find_configuration(sql::Transaction& transaction, int64_t bucket,
                                              std::string_view kind);
void set_configuration(Call& call, int64_t bucket, std::string_view kind, const std::string& document);
void clear_configuration(Call& call, int64_t bucket, std::string_view kind);

// The 64 digits that S3 calls an account by.
std::string canonical_id(const std::string& account);
std::string bucket_arn(const std::string& bucket);

}  // namespace holm::s3
