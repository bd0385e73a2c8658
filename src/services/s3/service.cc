// What S3 does when the daemon starts, and what its handlers share.

#include "services/s3/service.h"

#include <fmt/format.h>

#include <unordered_set>

#include "aws/service/region.h"
#include "base/log.h"
#include "blobs/blobs.h"
#include "crypto/hash.h"
#include "jobs/jobs.h"
#include "objects/store.h"
#include "services/s3/access_log.h"
#include "services/s3/archive.h"
#include "services/s3/cors.h"
#include "services/s3/former_rows.h"
#include "services/s3/inventory.h"
#include "services/s3/lifecycle.h"
#include "services/s3/notifications.h"
#include "services/s3/record_keys.h"
#include "services/s3/records.h"
#include "services/s3/replication.h"
#include "services/s3/request_watch.h"
#include "services/s3/storage_metrics.h"
#include "services/s3/tiering.h"
#include "services/s3/uploads.h"
#include "services/s3/website.h"
#include "sql/database.h"

namespace holm::s3 {

namespace {

constexpr size_t kPage = 1000;

}  // namespace

Service::Service(const Dependencies& dependencies)
    : dependencies_(dependencies),
      key_(
          crypto::bytes_of(crypto::hmac_sha256(crypto::bytes_of(dependencies.key), "keys of objects in S3"))),
      leases_(std::make_unique<BlobLeases>(dependencies.store)),
      browser_rules_(std::make_unique<CorsRules>(dependencies.database)),
      sites_(std::make_unique<Sites>(dependencies.database)),
      access_log_(std::make_unique<AccessLog>(*this)),
      request_metrics_(std::make_unique<RequestMetrics>(*this, dependencies.metrics)),
      request_watch_(std::make_unique<RequestWatch>(*access_log_, *request_metrics_)) {}

// What follows a commit may use the service: commits are in order, and so is what follows them.
Service::~Service() { static_cast<void>(objects::commit_and_wait(dependencies_.objects.metadata(), {})); }

const aws::BrowserRules& Service::browser_rules() const { return *browser_rules_; }

const aws::Websites& Service::sites() const { return *sites_; }

aws::RequestLog& Service::request_log() { return *request_watch_; }

void Service::start() {
  first_id_ = take_rows_over(*this);
  empty_outbox(*this);
  sweep();
  dependencies_.jobs.handle(kDeliveryJob, [this](const jobs::Job& job) {
    deliver_event(dependencies_.region, job);
    return jobs::done();
  });
  dependencies_.jobs.handle(kAccessLogJob, [this](const jobs::Job& job) {
    deliver_log(*this, dependencies_.region, job);
    return jobs::done();
  });
  dependencies_.jobs.handle(kRestoreJob, [this](const jobs::Job& job) {
    return restore(*this, dependencies_.region, job, dependencies_.clock.now());
  });
  dependencies_.jobs.handle(kReplicationJob, [this](const jobs::Job& job) {
    replicate(*this, dependencies_.region, job);
    return jobs::done();
  });
  {
    auto transaction = dependencies_.database.begin(sql::Access::Read);
    access_log_->look(*transaction);
    request_metrics_->look(*transaction);
  }
  start_daily();
}

void Service::start_daily() {
  keep_daily(kLifecycleJob, [this](Time now) { run_lifecycle(*this, dependencies_.region, now); });
  keep_daily(kTieringJob, [this](Time now) { run_tiering(*this, dependencies_.region, now); });
  keep_daily(kInventoryJob, [this](Time now) { deliver_inventories(*this, dependencies_.region, now); });
  keep_daily(kStorageMetricsJob, [this](Time now) { measure_storage(*this, dependencies_.metrics, now); });
}

void Service::keep_daily(const char* kind, std::function<void(Time)> work) {
  dependencies_.jobs.keep({.kind = kind, .key = "daily", .payload = "{}"},
                          next_day(dependencies_.clock.now(), day()),
                          [this, work = std::move(work)](const jobs::Job&) {
                            const Time now = dependencies_.clock.now();
                            work(now);
                            return jobs::again_at(next_day(now, day()));
                          });
}

// Before the first request, so every blob without a row was left by a crash: between its last byte and the
// commit, or between the commit that forgot it and its removal.
void Service::sweep() {
  std::function<void(aws::Call&)> end = [&](aws::Call& call) { remove_orphans(*this, call); };
  dependencies_.region.transact(dependencies_.region.caller("", "", "s3.amazonaws.com"), sql::Access::Write,
                                end);
  std::unordered_set<std::string> known;
  objects::Range range = all_blobs();
  for (bool is_more = true; is_more;) {
    const auto page = Records(*this).scan(range, kPage);
    is_more = page.size() == kPage;
    for (const objects::Record& record : page) known.insert(blob_of(record.key));
    if (is_more) range.from = page.back().key + '\0';
  }
  size_t removed = 0;
  for (const std::string& blob : dependencies_.store.list()) {
    if (known.contains(blob)) continue;
    dependencies_.store.remove(blob);
    ++removed;
  }
  if (removed > 0) log::info(fmt::format("S3: removed {} unreferenced blobs.", removed));
}

Service::Later Service::later() {
  return {dependencies_.database, dependencies_.jobs, dependencies_.objects.metadata(),
          dependencies_.workers};
}

bool Service::Later::hand_over(LaterJobs later, std::function<void()> then) const {
  // Whoever waits goes on even if the jobs cannot be written: then they stay in the outbox until the next
  // start.
  struct AtEnd {
    std::function<void()> then;
    ~AtEnd() { then(); }
  };
  return workers.try_post([use = *this, later = std::move(later), then = std::move(then)] {
    const AtEnd at_end{then};
    auto transaction = use.database.begin(sql::Access::Write);
    s3::hand_over(use.jobs, use.metadata, *transaction, later);
    transaction->commit();
  });
}

}  // namespace holm::s3
