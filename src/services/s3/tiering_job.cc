// The job that moves what nobody has used for long to the tiers of archives.

#include "aws/service/region.h"
#include "services/s3/notifications.h"
#include "services/s3/service.h"
#include "services/s3/tiering.h"

namespace holm::s3 {

namespace {

constexpr int64_t kScannedMax = 1000;  // Versions looked at in one transaction.

std::vector<BucketRow> buckets_with_tiers(sql::Transaction& transaction) {
  std::vector<BucketRow> buckets;
  for (const sql::Row& row :
       transaction.run("SELECT DISTINCT b.name FROM s3_bucket b JOIN s3_configuration c ON c.bucket = b.id"
                       " WHERE c.kind > 'tiering:' AND c.kind < 'tiering;' ORDER BY b.name")) {
    buckets.push_back(find_bucket(transaction, row.text(0)).value());
  }
  return buckets;
}

// One page of a bucket's versions in a transaction; the id to go on behind, or -1.
int64_t move_some(Service& service, Call& call, const BucketRow& bucket, int64_t last) {
  // The bucket may be gone, or be another one of the name, meanwhile.
  const auto there = find_bucket(call.transaction, bucket.name);
  if (!there || there->id != bucket.id) return -1;
  const auto configurations = find_tierings(call.transaction, bucket.id);
  const auto rows = call.transaction.run(
      "SELECT id, key, version FROM s3_version WHERE bucket = ?1 AND id > ?2"
      " AND storage_class = 'INTELLIGENT_TIERING' ORDER BY id LIMIT ?3",
      {bucket.id, last, kScannedMax});
  for (const sql::Row& each : rows) {
    const auto row = find_version(call.transaction, bucket.id, each.text(1), each.text(2));
    const auto tier = row ? due_tier(configurations, *row, call.now, service.day()) : std::nullopt;
    if (!tier) continue;
    call.transaction.run("UPDATE s3_version SET archive_tier = ?2 WHERE id = ?1", {row->id, *tier});
    ObjectEvent event = event_of("IntelligentTiering", *row);
    event.storage_class = *tier;
    record_event(service, call, *there, event);
  }
  return rows.size() < static_cast<size_t>(kScannedMax) ? -1 : rows.back().integer(0);
}

}  // namespace

void run_tiering(Service& service, aws::Region& region, Time now) {
  std::vector<BucketRow> buckets;
  std::function<void(Call&)> look = [&](Call& call) { buckets = buckets_with_tiers(call.transaction); };
  region.transact(region.caller("", "", "s3.amazonaws.com"), sql::Access::Read, look);
  for (const BucketRow& bucket : buckets) {
    aws::Caller caller = region.caller(bucket.account, bucket.region, "s3.amazonaws.com");
    caller.now = now;
    for (int64_t last = 0; last >= 0;) {
      std::function<void(Call&)> move = [&](Call& call) { last = move_some(service, call, bucket, last); };
      region.transact(caller, sql::Access::Write, move);
    }
  }
}

}  // namespace holm::s3
