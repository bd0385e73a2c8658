// Inventories: what is set on buckets about them, and what their columns say.

#include "services/s3/inventory.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/codec/json_codec.h"
#include "base/check.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "s3/handlers.h"
#include "s3/schema.h"
#include "services/s3/encryption.h"
#include "services/s3/named_configurations.h"
#include "services/s3/service.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

constexpr std::string_view kKind = "inventory";
constexpr std::string_view kArnStart = "arn:aws:s3:::";
constexpr int64_t kDaysOfWeek = 7;
constexpr int64_t kFirstSunday = 3;  // 1970 began on a Thursday.

InventoryConfiguration read(const std::string& document) {
  InventoryConfiguration configuration;
  CHECK(aws::read_json(document, schema::kInventoryConfiguration, &configuration).has_value());
  return configuration;
}

std::string encryption_status(const VersionRow& row, const BucketRow&) {
  if (row.what == What::Marker) return {};
  if (row.encryption.is_customer()) return "SSE-C";
  if (row.encryption.method == "aws:kms") return "SSE-KMS";
  return row.encryption.method.empty() ? "NOT-SSE" : "SSE-S3";
}

std::string bucket_key_status(const VersionRow& row, const BucketRow&) {
  if (row.encryption.method != "aws:kms") return {};
  return row.encryption.has_bucket_key ? "ENABLED" : "DISABLED";
}

// The order in which they stand in the lists.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
constexpr InventoryField kAlways[] = {
    {"Bucket", [](const VersionRow&, const BucketRow& bucket) { return bucket.name; }},
    {"Key", [](const VersionRow& row, const BucketRow&) { return percent_encode(row.key, Slash::Keep); }}};
constexpr InventoryField kOfVersions[] = {
    {"VersionId", [](const VersionRow& row,
                     const BucketRow&) { return row.version == "null" ? std::string() : row.version; }},
    {"IsLatest",
     [](const VersionRow& row, const BucketRow&) { return std::string(row.is_current ? "true" : "false"); }},
    {"IsDeleteMarker", [](const VersionRow& row, const BucketRow&) {
       return std::string(row.what == What::Marker ? "true" : "false");
     }}};
constexpr InventoryField kOptional[] = {
    {"Size",
     [](const VersionRow& row, const BucketRow&) {
       return row.what == What::Marker ? std::string() : std::to_string(row.bytes);
     }},
    {"LastModifiedDate",
     [](const VersionRow& row, const BucketRow&) { return iso8601_milliseconds(row.modified); }},
    {"ETag", [](const VersionRow& row, const BucketRow&) { return row.etag; }},
    {"StorageClass",
     [](const VersionRow& row, const BucketRow&) {
       return row.what == What::Marker ? std::string() : row.storage_class;
     }},
    {"IsMultipartUploaded",
     [](const VersionRow& row, const BucketRow&) {
       return std::string(row.part_count > 0 ? "true" : "false");
     }},
    {"ReplicationStatus", [](const VersionRow& row, const BucketRow&) { return row.replication; }},
    {"EncryptionStatus", encryption_status},
    {"ObjectLockRetainUntilDate",
     [](const VersionRow& row, const BucketRow&) {
       return row.lock.until ? iso8601_milliseconds(*row.lock.until) : std::string();
     }},
    {"ObjectLockMode", [](const VersionRow& row, const BucketRow&) { return row.lock.mode; }},
    {"ObjectLockLegalHoldStatus",
     [](const VersionRow& row, const BucketRow&) { return row.lock.legal_hold; }},
    {"BucketKeyStatus", bucket_key_status},
    {"ChecksumAlgorithm", [](const VersionRow& row, const BucketRow&) { return row.checksum_algorithm; }},
    {"ObjectOwner", [](const VersionRow& row, const BucketRow& bucket) {
       return canonical_id(row.owner.empty() ? bucket.account : row.owner);
     }}};

void require_destination(Call& call, const InventoryS3BucketDestination& to) {
  if (to.format != "CSV")
    throw aws::NotImplemented("PutBucketInventoryConfiguration: the format " + to.format);
  if (!to.bucket.starts_with(kArnStart))
    throw aws::ServiceError("InvalidS3DestinationBucket", 400, "Invalid bucket ARN.");
  const auto bucket = find_bucket(call.transaction, to.bucket.substr(kArnStart.size()));
  if (!bucket || bucket->account != to.account_id.value_or(bucket->account)) {
    throw aws::ServiceError(
        "InvalidS3DestinationBucket", 400,
        "The destination bucket is not valid: it does not exist or is another account's.");
  }
}

void require_configuration(Call& call, const InventoryConfiguration& wanted) {
  for (const std::string& name : wanted.optional_fields) {
    if (std::ranges::find(kOptional, name, &InventoryField::name) == std::end(kOptional))
      throw aws::NotImplemented("PutBucketInventoryConfiguration: the field " + name);
  }
  require_destination(call, wanted.destination.s3_bucket_destination);
}

}  // namespace

std::vector<InventoryConfiguration> find_inventories(sql::Transaction& transaction, int64_t bucket) {
  std::vector<InventoryConfiguration> configurations;
  for (const std::string& document : find_named(transaction, bucket, kKind)) {
    configurations.push_back(read(document));
  }
  return configurations;
}

std::vector<InventoryField> fields_of(const InventoryConfiguration& configuration) {
  std::vector<InventoryField> fields(std::begin(kAlways), std::end(kAlways));
  if (configuration.included_object_versions == "All")
    fields.insert(fields.end(), std::begin(kOfVersions), std::end(kOfVersions));
  for (const InventoryField& field : kOptional) {
    if (std::ranges::find(configuration.optional_fields, field.name) != configuration.optional_fields.end())
      fields.push_back(field);
  }
  return fields;
}

bool is_due(const InventoryConfiguration& configuration, Time now, Day day) {
  if (!configuration.is_enabled) return false;
  return configuration.schedule.frequency == "Daily" ||
         (now.time_since_epoch() / day) % kDaysOfWeek == kFirstSunday;
}

GetBucketInventoryConfigurationOutput get_bucket_inventory_configuration(
    Service&, Call& call, const GetBucketInventoryConfigurationRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  return {.inventory_configuration = read(require_named(call, bucket, kKind, request.id))};
}

ListBucketInventoryConfigurationsOutput list_bucket_inventory_configurations(
    Service&, Call& call, const ListBucketInventoryConfigurationsRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  const NamedPage page = page_of_named(call, bucket, kKind, request.continuation_token);
  ListBucketInventoryConfigurationsOutput output{.continuation_token = request.continuation_token,
                                                 .is_truncated = page.next_token.has_value(),
                                                 .next_continuation_token = page.next_token};
  for (const std::string& document : page.documents) {
    output.inventory_configuration_list.push_back(read(document));
  }
  return output;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketInventoryConfiguration.html
// Whether the destination lets the lists in is found out when the first is delivered.
Nothing put_bucket_inventory_configuration(Service&, Call& call,
                                           const PutBucketInventoryConfigurationRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  const InventoryConfiguration& wanted = request.inventory_configuration;
  require_configuration(call, wanted);
  set_named(call, bucket, kKind, request.id, wanted.id,
            aws::write_json(schema::kInventoryConfiguration, &wanted));
  return {};
}

Nothing delete_bucket_inventory_configuration(Service&, Call& call,
                                              const DeleteBucketInventoryConfigurationRequest& request) {
  clear_named(call, require_bucket(call, request.bucket), kKind, request.id);
  return {};
}

}  // namespace holm::s3
