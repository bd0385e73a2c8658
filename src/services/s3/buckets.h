// Buckets: finding them, and what is set on them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aws/service/call.h"
#include "s3/types.h"
#include "services/s3/settings.h"
#include "sql/database.h"

namespace holm::s3 {

class Service;

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

// Among the records, there is one of each bucket, which whatever is added to it relies on. Blocks; the
// transaction that shows the bucket writes.
void keep_bucket_record(Service& service, const BucketRow& bucket);
std::optional<int64_t> read_bucket_id(const std::string& record);

// The 64 digits that S3 calls an account by.
std::string canonical_id(const std::string& account);
std::string bucket_arn(const std::string& bucket);

}  // namespace holm::s3
