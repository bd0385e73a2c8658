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

class Service;

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

// What is set on a bucket, read at once when it is first asked for: for those who ask for several things.
// Stale once something is set. The transaction outlives it.
class Settings {
 public:
  Settings(sql::Transaction& transaction, int64_t bucket) : transaction_(transaction), bucket_(bucket) {}
  // The document of one kind, as find_configuration() has them.
  std::optional<std::string> find(std::string_view kind) const;

 private:
  sql::Transaction& transaction_;
  int64_t bucket_;
  mutable std::optional<std::vector<sql::Row>> rows_ = {};
};

// The document of one kind that is set on a bucket ("policy", "cors" …).
std::optional<std::string> find_configuration(sql::Transaction& transaction, int64_t bucket,
                                              std::string_view kind);
void set_configuration(Call& call, int64_t bucket, std::string_view kind, const std::string& document);
void clear_configuration(Call& call, int64_t bucket, std::string_view kind);

// Among the records, there is one of each bucket, which whatever is added to it relies on. Blocks; the
// transaction that shows the bucket writes.
void keep_bucket_record(Service& service, const BucketRow& bucket);
std::optional<int64_t> read_bucket_id(const std::string& record);

// The 64 digits that S3 calls an account by.
std::string canonical_id(const std::string& account);
std::string bucket_arn(const std::string& bucket);

}  // namespace holm::s3
