// How much each bucket holds.

#include "services/s3/storage_metrics.h"

#include <map>
#include <string>
#include <tuple>

#include "metrics/recorder.h"
#include "services/s3/records.h"
#include "services/s3/service.h"
#include "services/s3/uploads.h"
#include "services/s3/versions.h"
#include "sql/database.h"

namespace holm::s3 {

namespace {

constexpr size_t kTogether = 1000;  // Versions that are looked at together.

struct Place {
  std::string account, region, bucket;
  auto operator<=>(const Place&) const = default;
};
struct Held {
  std::map<std::string, double> bytes;  // By storage class.
  double objects = 0;
};

std::string storage_type_of(const std::string& storage_class) {
  static const std::map<std::string, std::string> names = {
      {"STANDARD", "StandardStorage"},
      {"STANDARD_IA", "StandardIAStorage"},
      {"ONEZONE_IA", "OneZoneIAStorage"},
      {"REDUCED_REDUNDANCY", "ReducedRedundancyStorage"},
      {"INTELLIGENT_TIERING", "IntelligentTieringFAStorage"},
      {"ARCHIVE_ACCESS", "IntelligentTieringAAStorage"},
      {"DEEP_ARCHIVE_ACCESS", "IntelligentTieringDAAStorage"},
      {"GLACIER", "GlacierStorage"},
      {"GLACIER_IR", "GlacierInstantRetrievalStorage"},
      {"DEEP_ARCHIVE", "DeepArchiveStorage"}};
  const auto found = names.find(storage_class);
  return found == names.end() ? storage_class : found->second;
}

// Parts have the class that their upload asked for.
Held measure(Service& service, int64_t bucket) {
  Held held;
  auto add = [&held](const std::string& storage_class, uint64_t bytes) {
    held.bytes[storage_class] += static_cast<double>(bytes);
    ++held.objects;
  };
  VersionPosition last;
  for (bool is_more = true; is_more;) {
    Records records(service);
    const auto rows = next_versions(records, bucket, last, kTogether);
    is_more = rows.size() == kTogether;
    for (const VersionRow& row : rows)
      add(row.archive_tier.empty() ? row.storage_class : row.archive_tier, row.bytes);
  }
  UploadPosition behind;
  for (bool is_more = true; is_more;) {
    Records records(service);
    const auto uploads = list_uploads(records, bucket, behind.key, behind.id, "", kTogether);
    is_more = uploads.size() == kTogether;
    for (const UploadRow& upload : uploads) {
      behind = {upload.key, upload.id};
      for (const PartRow& part : list_parts(records, upload.id, 0, kPartsMax))
        add(upload.storage_class, part.bytes);
    }
  }
  return held;
}

}  // namespace

void measure_storage(Service& service, metrics::Recorder& recorder, Time now) {
  std::map<Place, Held> all;
  const auto buckets =
      service.database().begin(sql::Access::Read)->run("SELECT account, region, name, id FROM s3_bucket");
  for (const sql::Row& row : buckets) {
    Held held = measure(service, row.integer(3));
    if (held.objects > 0) all[{row.text(0), row.text(1), row.text(2)}] = std::move(held);
  }
  for (const auto& [place, held] : all) {
    auto record = [&](const char* name, const std::string& type, double value, const char* unit) {
      recorder.record({.metric = {place.account,
                                  place.region,
                                  "AWS/S3",
                                  name,
                                  {{"BucketName", place.bucket}, {"StorageType", type}}},
                       .unit = unit},
                      now, metrics::Statistics::of(value));
    };
    for (const auto& [storage_class, bytes] : held.bytes) {
      record("BucketSizeBytes", storage_type_of(storage_class), bytes, "Bytes");
    }
    record("NumberOfObjects", "AllStorageTypes", held.objects, "Count");
  }
}

}  // namespace holm::s3
