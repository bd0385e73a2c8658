// The job that makes inventories: files of lines, and a manifest that names them.

#include <fmt/format.h>

#include "async/byte_source.h"
#include "aws/service/attempt.h"
#include "aws/service/region.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "crypto/hash.h"
#include "formats/json.h"
#include "http/gzip.h"
#include "s3/operations.h"
#include "services/s3/inventory.h"
#include "services/s3/records.h"
#include "services/s3/service.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

constexpr size_t kScannedMax = 1000;        // Versions looked at together.
constexpr size_t kFileBytesMax = 16 << 20;  // Of the lines of one file, more or less.
constexpr std::string_view kArnStart = "arn:aws:s3:::";

std::string md5_of(const std::string& bytes) {
  crypto::Md5 md5;
  md5.update(bytes);
  return hex_encode(crypto::bytes_of(md5.finish()));
}

// One list being made.
class Inventory {
 public:
  Inventory(Service& service, aws::Region& region, const BucketRow& bucket,
            const InventoryConfiguration& configuration, Time now)
      : service_(service),
        region_(region),
        bucket_(bucket),
        configuration_(configuration),
        to_(configuration.destination.s3_bucket_destination),
        fields_(fields_of(configuration)),
        now_(now) {}

  // Throws what the destination says against it.
  void run() {
    VersionPosition last;
    for (bool is_more = true; is_more;) {
      is_more = scan(last);
      if (lines_.size() > kFileBytesMax || !is_more) put_file();
    }
    put_manifest();
  }

 private:
  // Looks behind `last`. False: there are no more.
  bool scan(VersionPosition& last) {
    Records records(service_);
    const std::vector<VersionRow> rows = next_versions(records, bucket_.id, last, kScannedMax);
    const bool has_versions = configuration_.included_object_versions == "All";
    for (const VersionRow& row : rows) {
      if (!has_versions && (!row.is_current || row.what == What::Marker)) continue;
      if (configuration_.filter && !row.key.starts_with(configuration_.filter->prefix)) continue;
      add(row);
    }
    return rows.size() == kScannedMax;
  }

  void add(const VersionRow& row) {
    for (size_t i = 0; i < fields_.size(); ++i)
      lines_ += fmt::format("{}\"{}\"", i == 0 ? "" : ",", fields_[i].value(row, bucket_));
    lines_ += '\n';
  }

  std::string place() const {
    const std::string prefix = to_.prefix.value_or("");
    return fmt::format("{}{}{}/{}", prefix, prefix.empty() || prefix.ends_with('/') ? "" : "/", bucket_.name,
                       configuration_.id);
  }

  void put(const std::string& key, std::string content) {
    aws::Caller caller = region_.caller(bucket_.account, bucket_.region, "s3.amazonaws.com");
    caller.principal.arn = bucket_arn(bucket_.name);  // What it delivers for: aws:SourceArn.
    PutObjectRequest request{
        .acl = "bucket-owner-full-control", .bucket = to_.bucket.substr(kArnStart.size()), .key = key};
    if (to_.encryption && to_.encryption->ssekms) {
      request.server_side_encryption = "aws:kms";
      request.ssekms_key_id = to_.encryption->ssekms->key_id;
    } else if (to_.encryption && to_.encryption->sses3) {
      request.server_side_encryption = "AES256";
    }
    request.body = std::make_shared<async::StringSource>(std::move(content));
    region_.call_blocking<PutObject>(std::move(caller), std::move(request));
  }

  void put_file() {
    if (lines_.empty()) return;
    std::string packed = http::gzip(lines_);
    lines_.clear();
    const std::string key = fmt::format("{}/data/{}.csv.gz", place(), service_.random().uuid());
    formats::Object file;
    file.append("key", key);
    file.append("size", static_cast<int64_t>(packed.size()));
    file.append("MD5checksum", md5_of(packed));
    put(key, std::move(packed));
    files_.emplace_back(std::move(file));
  }

  // Last, so that whoever waits for it finds everything that it names.
  void put_manifest() {
    std::vector<std::string> names;
    for (const InventoryField& field : fields_) names.emplace_back(field.name);
    formats::Object manifest;
    manifest.append("sourceBucket", bucket_.name);
    manifest.append("destinationBucket", to_.bucket);
    manifest.append("version", "2016-11-30");
    manifest.append("creationTimestamp", std::to_string(to_milliseconds(now_)));
    manifest.append("fileFormat", to_.format);
    manifest.append("fileSchema", join(names, ", "));
    manifest.append("files", std::move(files_));
    const std::string text = formats::write_json(std::move(manifest));
    // 2026-01-01T00-00Z
    const std::string time = replace_all(iso8601(now_).substr(0, 16), ":", "-") + "Z";
    put(fmt::format("{}/{}/manifest.checksum", place(), time), md5_of(text));
    put(fmt::format("{}/{}/manifest.json", place(), time), text);
  }

  Service& service_;
  aws::Region& region_;
  const BucketRow& bucket_;
  const InventoryConfiguration& configuration_;
  const InventoryS3BucketDestination& to_;
  const std::vector<InventoryField> fields_;
  const Time now_;
  std::string lines_;
  formats::Array files_;
};

}  // namespace

void deliver_inventories(Service& service, aws::Region& region, Time now) {
  std::vector<std::pair<BucketRow, InventoryConfiguration>> due;
  std::function<void(Call&)> look = [&](Call& call) {
    for (const sql::Row& row :
         call.transaction.run("SELECT DISTINCT b.name FROM s3_bucket b JOIN s3_configuration c"
                              " ON c.bucket = b.id WHERE c.kind > 'inventory:' AND c.kind < 'inventory;'")) {
      const BucketRow bucket = find_bucket(call.transaction, row.text(0)).value();
      for (InventoryConfiguration& each : find_inventories(call.transaction, bucket.id)) {
        if (is_due(each, now, service.day())) due.emplace_back(bucket, std::move(each));
      }
    }
  };
  region.transact(region.caller("", "", "s3.amazonaws.com"), sql::Access::Read, look);
  for (const auto& [bucket, configuration] : due) {
    Inventory inventory(service, region, bucket, configuration, now);
    if (const auto why = aws::attempt([&] { inventory.run(); })) {
      log::warning(fmt::format("S3: the inventory {} of {} cannot be delivered. {}", configuration.id,
                               bucket.name, *why));
    }
  }
}

}  // namespace holm::s3
