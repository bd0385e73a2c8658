// The job that does what lifecycle rules say is due.

#include <algorithm>

#include "aws/service/region.h"
#include "services/s3/changes.h"
#include "services/s3/lifecycle.h"
#include "services/s3/notifications.h"
#include "services/s3/service.h"
#include "services/s3/uploads.h"

namespace holm::s3 {

namespace {

constexpr size_t kScannedMax = 1000;  // Versions looked at together,
constexpr size_t kChangedMax = 100;   // and changed in one commit.

std::vector<std::string> buckets_with_rules(sql::Transaction& transaction) {
  std::vector<std::string> names;
  for (const sql::Row& row :
       transaction.run("SELECT b.name FROM s3_bucket b JOIN s3_configuration c"
                       " ON c.bucket = b.id WHERE c.kind = 'lifecycle' ORDER BY b.name")) {
    names.push_back(row.text(0));
  }
  return names;
}

// Of one version among all there are of its key, the newest first.
VersionPlace place_of(const std::vector<VersionRow>& history, size_t index) {
  VersionPlace place;
  place.is_alone = history.size() == 1;
  if (index == 0) return place;
  place.newer_noncurrent = static_cast<int64_t>(index) - 1;
  place.noncurrent_since = history[index - 1].modified;
  return place;
}

struct DueVersion {
  std::string key;
  std::string version;
};

// One bucket's rules being carried out.
class Round {
 public:
  Round(Service& service, aws::Region& region, const BucketRow& bucket, LifecyclePlan plan, Time now)
      : service_(service), region_(region), bucket_(bucket), plan_(std::move(plan)), now_(now) {
    caller_ = region.caller(bucket.account, bucket.region, "s3.amazonaws.com");
  }

  void run() {
    VersionPosition last;
    std::vector<VersionRow> history;  // Of one key, as much of it as was read.
    std::vector<DueVersion> found;
    for (bool is_more = true; is_more;) {
      Records records(service_);
      std::vector<VersionRow> rows = next_versions(records, bucket_.id, last, kScannedMax);
      is_more = rows.size() == kScannedMax;
      for (VersionRow& row : rows) {
        if (!history.empty() && history.front().key != row.key) take_due(history, found);
        history.push_back(std::move(row));
      }
      if (!is_more) take_due(history, found);
      while (!found.empty()) change_some(found);
    }
    std::function<void(Call&)> abort = [&](Call& call) { abort_uploads(call); };
    region_.transact(caller_, sql::Access::Write, abort);
  }

 private:
  std::optional<LifecycleAction> due(const std::vector<VersionRow>& history, size_t index) const {
    return due_action(plan_, history[index], place_of(history, index), now_, service_.day());
  }

  void take_due(std::vector<VersionRow>& history, std::vector<DueVersion>& found) const {
    for (size_t i = 0; i < history.size(); ++i) {
      if (due(history, i)) found.push_back({history[i].key, history[i].version});
    }
    history.clear();
  }

  void change_some(std::vector<DueVersion>& left) {
    std::vector<DueVersion> some;
    while (some.size() < kChangedMax && !left.empty()) {
      some.push_back(std::move(left.back()));
      left.pop_back();
    }
    std::function<void(Call&)> work = [&](Call& call) {
      // The bucket may be gone, or be another one of the name, meanwhile.
      const auto bucket = find_bucket(call.transaction, bucket_.name);
      if (!bucket || bucket->id != bucket_.id) return left.clear();
      s3::change(service_, call, [&](Records& records) {
        for (const DueVersion& each : some) change(call, records, *bucket, each);
      });
    };
    region_.transact(caller_, sql::Access::Write, work);
  }

  // It is looked at once more: much may have happened since.
  void change(Call& call, Records& records, const BucketRow& bucket, const DueVersion& each) {
    const std::vector<VersionRow> history = history_of(records, bucket.id, each.key);
    const auto found = std::ranges::find(history, each.version, &VersionRow::version);
    if (found == history.end()) return;
    VersionRow row = *found;
    const auto action = due(history, static_cast<size_t>(found - history.begin()));
    if (!action) return;
    switch (action->kind) {
      case LifecycleAction::Kind::Move:
        tell(call, records, row, "LifecycleTransition", action->storage_class);
        // What is watched from now on was last used now.
        row.storage_class = action->storage_class;
        row.used = now_;
        row.archive_tier.clear();
        return keep_version(records, bucket.id, row);
      case LifecycleAction::Kind::Expire:
        if (bucket.versioning == Versioning::Never && protection(row.lock, Bypass::No, now_)) return;
        if (auto change = remove_object(service_, call, records, bucket, each.key)) {
          tell(call, records, row,
               change->is_marker_added ? "LifecycleExpiration:DeleteMarkerCreated"
                                       : "LifecycleExpiration:Delete");
        }
        return;
      case LifecycleAction::Kind::Remove:
        if (protection(row.lock, Bypass::No, now_)) return;
        remove_version(records, bucket, each.key, each.version);
        return tell(call, records, row, "LifecycleExpiration:Delete");
    }
  }

  void tell(Call& call, Records& records, const VersionRow& row, const std::string& name,
            std::string storage_class = {}) {
    ObjectEvent event = event_of(name, row);
    event.storage_class = std::move(storage_class);
    record_event(service_, call, records, bucket_, event);
  }

  void abort_uploads(Call& call) {
    UploadPosition last;
    for (bool is_more = true; is_more;) {
      Records records(service_);
      const auto uploads = list_uploads(records, bucket_.id, last.key, last.id, "", kScannedMax);
      is_more = uploads.size() == kScannedMax;
      for (const UploadRow& upload : uploads) {
        last = {upload.key, upload.id};
        if (!is_stale(upload.key, upload.initiated)) continue;
        s3::change(service_, call, [&](Records& changed) { close_upload(changed, upload); });
        remove_parts(service_, call, upload.id);
      }
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
