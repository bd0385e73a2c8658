// The job that does what lifecycle rules say is due.

#include <algorithm>

#include "aws/service/region.h"
#include "services/s3/lifecycle.h"
#include "services/s3/notifications.h"
#include "services/s3/service.h"
#include "services/s3/uploads.h"

namespace holm::s3 {

namespace {

constexpr int64_t kScannedMax = 1000;  // Versions looked at in one transaction,
constexpr size_t kChangedMax = 100;    // and changed in one.

std::vector<std::string> buckets_with_rules(sql::Transaction& transaction) {
  std::vector<std::string> names;
  for (const sql::Row& row :
       transaction.run("SELECT b.name FROM s3_bucket b JOIN s3_configuration c"
                       " ON c.bucket = b.id WHERE c.kind = 'lifecycle' ORDER BY b.name")) {
    names.push_back(row.text(0));
  }
  return names;
}

VersionPlace place_of(sql::Transaction& transaction, int64_t bucket, const VersionRow& row) {
  VersionPlace place;
  const auto counts = transaction.find(
      "SELECT count(*), count(CASE WHEN id > ?3 AND is_current = 0 THEN 1 END) FROM s3_version"
      " WHERE bucket = ?1 AND key = ?2",
      {bucket, row.key, row.id});
  place.is_alone = counts.value().integer(0) == 1;
  if (row.is_current) return place;
  place.newer_noncurrent = counts->integer(1);
  const auto next = transaction.find(
      "SELECT modified FROM s3_version WHERE bucket = ?1 AND key = ?2 AND id > ?3 ORDER BY id LIMIT 1",
      {bucket, row.key, row.id});
  // One that is noncurrent has a newer one; whatever else there is stays.
  place.noncurrent_since = next ? from_milliseconds(next->integer(0)) : row.modified;
  return place;
}

// One bucket's rules being carried out.
class Round {
 public:
  Round(Service& service, aws::Region& region, const BucketRow& bucket, LifecyclePlan plan, Time now)
      : service_(service), region_(region), bucket_(bucket), plan_(std::move(plan)), now_(now) {
    caller_ = region.caller(bucket.account, bucket.region, "s3.amazonaws.com");
  }

  void run() {
    std::vector<std::pair<std::string, std::string>> due;
    for (int64_t last = 0; last >= 0;) {
      std::function<void(Call&)> look = [&](Call& call) { last = scan(call, last, due); };
      region_.transact(caller_, sql::Access::Read, look);
      while (!due.empty()) change_some(due);
    }
    std::function<void(Call&)> abort = [&](Call& call) { abort_uploads(call); };
    region_.transact(caller_, sql::Access::Write, abort);
  }

 private:
  std::optional<LifecycleAction> due(Call& call, const VersionRow& row) const {
    return due_action(plan_, row, place_of(call.transaction, bucket_.id, row), now_, service_.day());
  }

  // Looks behind the id `last`; the id to go on from, or -1.
  int64_t scan(Call& call, int64_t last, std::vector<std::pair<std::string, std::string>>& found) const {
    const auto rows = call.transaction.run(
        "SELECT id, key, version FROM s3_version WHERE bucket = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
        {bucket_.id, last, kScannedMax});
    for (const sql::Row& each : rows) {
      const auto row = find_version(call.transaction, bucket_.id, each.text(1), each.text(2));
      if (row && due(call, *row)) found.emplace_back(each.text(1), each.text(2));
    }
    return rows.size() < static_cast<size_t>(kScannedMax) ? -1 : rows.back().integer(0);
  }

  void change_some(std::vector<std::pair<std::string, std::string>>& left) {
    std::function<void(Call&)> work = [&](Call& call) {
      // The bucket may be gone, or be another one of the name, meanwhile.
      const auto bucket = find_bucket(call.transaction, bucket_.name);
      if (!bucket || bucket->id != bucket_.id) return left.clear();
      for (size_t count = 0; count < kChangedMax && !left.empty(); ++count) {
        change(call, *bucket, left.back().first, left.back().second);
        left.pop_back();
      }
    };
    region_.transact(caller_, sql::Access::Write, work);
  }

  // It is looked at once more: much may have happened since.
  void change(Call& call, const BucketRow& bucket, const std::string& key, const std::string& version) {
    const auto row = find_version(call.transaction, bucket.id, key, version);
    const auto action = row ? due(call, *row) : std::nullopt;
    if (!action) return;
    switch (action->kind) {
      case LifecycleAction::Kind::Move:
        // What is watched from now on was last used now.
        call.transaction.run(
            "UPDATE s3_version SET storage_class = ?2, used = ?3, archive_tier = '' WHERE id = ?1",
            {row->id, action->storage_class, to_milliseconds(now_)});
        return tell(call, *row, "LifecycleTransition", action->storage_class);
      case LifecycleAction::Kind::Expire:
        if (bucket.versioning == Versioning::Never && protection(row->lock, Bypass::No, now_)) return;
        if (auto change = remove_object(service_, call, bucket, key)) {
          tell(call, *row,
               change->is_marker_added ? "LifecycleExpiration:DeleteMarkerCreated"
                                       : "LifecycleExpiration:Delete");
        }
        return;
      case LifecycleAction::Kind::Remove:
        if (protection(row->lock, Bypass::No, now_)) return;
        remove_version(service_, call, bucket, key, version);
        return tell(call, *row, "LifecycleExpiration:Delete");
    }
  }

  void tell(Call& call, const VersionRow& row, const std::string& name, std::string storage_class = {}) {
    ObjectEvent event = event_of(name, row);
    event.storage_class = std::move(storage_class);
    record_event(service_, call, bucket_, event);
  }

  void abort_uploads(Call& call) {
    for (const sql::Row& row :
         call.transaction.run("SELECT id, key, initiated FROM s3_upload WHERE bucket = ?1", {bucket_.id})) {
      if (is_stale(row.text(1), from_milliseconds(row.integer(2))))
        end_upload_of(service_, call, row.text(0));
    }
  }

  bool is_stale(const std::string& key, Time initiated) const {
    return std::ranges::any_of(plan_.rules, [&](const LifecycleRule& rule) {
      const auto time = abort_time(rule, key, initiated, service_.day());
      return time && *time <= now_;
    });
  }

  Service& service_;
  aws::Region& region_;
  const BucketRow bucket_;
  const LifecyclePlan plan_;
  const Time now_;
  aws::Caller caller_;
};

}  // namespace

void run_lifecycle(Service& service, aws::Region& region, Time now) {
  std::vector<std::pair<BucketRow, LifecyclePlan>> buckets;
  std::function<void(Call&)> look = [&](Call& call) {
    for (const std::string& name : buckets_with_rules(call.transaction)) {
      const auto bucket = find_bucket(call.transaction, name);
      buckets.emplace_back(*bucket, find_plan(call.transaction, bucket->id));
    }
  };
  region.transact(region.caller("", "", "s3.amazonaws.com"), sql::Access::Read, look);
  for (auto& [bucket, plan] : buckets) Round(service, region, bucket, std::move(plan), now).run();
}

}  // namespace holm::s3
