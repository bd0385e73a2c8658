// The job that moves what nobody has used for long to the tiers of archives.

#include "aws/service/region.h"
#include "services/s3/changes.h"
#include "services/s3/notifications.h"
#include "services/s3/service.h"
#include "services/s3/tiering.h"

namespace holm::s3 {

namespace {

constexpr size_t kScannedMax = 200;  // Versions looked at in one commit.

std::vector<BucketRow> buckets_with_tiers(sql::Transaction& transaction) {
  std::vector<BucketRow> buckets;
  for (const sql::Row& row :
       transaction.run("SELECT DISTINCT b.name FROM s3_bucket b JOIN s3_configuration c ON c.bucket = b.id"
                       " WHERE c.kind > 'tiering:' AND c.kind < 'tiering;' ORDER BY b.name")) {
    buckets.push_back(find_bucket(transaction, row.text(0)).value());
  }
  return buckets;
}

// One page of a bucket's versions, behind `last`. False: there are no more.
bool move_some(Service& service, Call& call, const BucketRow& bucket, VersionPosition& last) {
  // The bucket may be gone, or be another one of the name, meanwhile.
  const auto there = find_bucket(call.transaction, bucket.name);
  if (!there || there->id != bucket.id) return false;
  const auto configurations = find_tierings(call.transaction, bucket.id);
  const VersionPosition first = last;
  bool is_more = false;
  change(service, call, [&](Records& records) {
    last = first;
    const auto rows = next_versions(records, bucket.id, last, kScannedMax);
    is_more = rows.size() == kScannedMax;
    for (VersionRow row : rows) {
      const auto tier = due_tier(configurations, row, call.now, service.day());
      if (!tier) continue;
      ObjectEvent event = event_of("IntelligentTiering", row);
      event.storage_class = *tier;
      row.archive_tier = *tier;
      keep_version(records, bucket.id, row);
      record_event(service, call, records, *there, event);
    }
  });
  return is_more;
}

}  // namespace

void run_tiering(Service& service, aws::Region& region, Time now) {
  std::vector<BucketRow> buckets;
  std::function<void(Call&)> look = [&](Call& call) { buckets = buckets_with_tiers(call.transaction); };
  region.transact(region.caller("", "", "s3.amazonaws.com"), sql::Access::Read, look);
  for (const BucketRow& bucket : buckets) {
    aws::Caller caller = region.caller(bucket.account, bucket.region, "s3.amazonaws.com");
    caller.now = now;
    VersionPosition last;
    for (bool is_more = true; is_more;) {
      std::function<void(Call&)> move = [&](Call& call) { is_more = move_some(service, call, bucket, last); };
      region.transact(caller, sql::Access::Write, move);
    }
  }
}

}  // namespace holm::s3
