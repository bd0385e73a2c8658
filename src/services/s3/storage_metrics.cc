// How much each bucket holds.

#include "services/s3/storage_metrics.h"

#include <map>
#include <string>
#include <tuple>

#include "metrics/recorder.h"
#include "sql/database.h"

namespace holm::s3 {

namespace {

struct Place {
  std::string account, region, bucket;
  auto operator<=>(const Place&) const = default;
};
struct Held {
  std::map<std::string, double> bytes;  // By storage class.
  double objects = 0;
};

// Parts have the class that their upload asked for.
constexpr char kSums[] =
    "SELECT b.account, b.region, b.name, CASE v.archive_tier WHEN '' THEN v.storage_class ELSE v.archive_tier END,"
    " sum(v.bytes), count(*) FROM s3_version v JOIN s3_bucket b ON b.id = v.bucket GROUP BY b.id, 4"
    " UNION ALL SELECT b.account, b.region, b.name, u.storage_class, sum(p.bytes), count(*) FROM s3_part p"
    " JOIN s3_upload u ON u.id = p.upload JOIN s3_bucket b ON b.id = u.bucket GROUP BY b.id, u.storage_class";

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

}  // namespace

void measure_storage(sql::Transaction& transaction, metrics::Recorder& recorder, Time now) {
  std::map<Place, Held> all;
  for (const sql::Row& row : transaction.run(kSums)) {
    Held& held = all[{row.text(0), row.text(1), row.text(2)}];
    held.bytes[row.text(3)] += static_cast<double>(row.integer(4));
    held.objects += static_cast<double>(row.integer(5));
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
