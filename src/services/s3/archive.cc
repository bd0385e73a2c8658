// Archives: what cannot be read there, and how it is restored.

#include "services/s3/archive.h"

#include <fmt/format.h>

#include "aws/service/error.h"
#include "aws/service/malformed_xml.h"
#include "aws/service/region.h"
#include "base/check.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "formats/json.h"
#include "jobs/jobs.h"
#include "s3/handlers.h"
#include "services/s3/changes.h"
#include "services/s3/invalid_argument.h"
#include "services/s3/lifecycle.h"
#include "services/s3/notifications.h"
#include "services/s3/service.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

constexpr int32_t kAccepted = 202;
constexpr int32_t kForGood = -1;  // For so many days is asked what comes back from a tier.

[[noreturn]] void throw_state(const VersionRow& row, const char* message) {
  aws::ServiceError error("InvalidObjectState", 403, message);
  error.with("StorageClass", row.storage_class);
  if (!row.archive_tier.empty()) error.with("AccessTier", row.archive_tier);
  throw error;
}

// The tier only matters for how long one waits on AWS: here the archive is on the same disk.
void require_tier(const RestoreRequest& wanted, const VersionRow& row) {
  if (wanted.tier && wanted.glacier_job_parameters) {
    throw aws::MalformedXml();
  }
  const std::string tier =
      wanted.glacier_job_parameters ? wanted.glacier_job_parameters->tier : wanted.tier.value_or("Standard");
  const bool is_deep = row.storage_class == "DEEP_ARCHIVE" || row.archive_tier == "DEEP_ARCHIVE_ACCESS";
  if (tier != "Expedited" || !is_deep) return;
  throw_invalid_argument("Retrieval option is not supported by this storage class");
}

int32_t require_days(const RestoreObjectRequest& request) {
  const bool is_complete =
      request.restore_request && (request.restore_request->days || request.restore_request->type);
  if (!is_complete) {
    throw aws::MalformedXml();
  }
  // The one type there is.
  if (request.restore_request->type) throw aws::NotImplemented("RestoreObject: Type SELECT");
  if (*request.restore_request->days >= 1) return *request.restore_request->days;
  throw_invalid_argument("restoration days should be at least 1");
}

// What comes back from a tier does not go there again after so many days.
int32_t require_no_days(const RestoreObjectRequest& request) {
  if (!request.restore_request) return kForGood;
  if (request.restore_request->type) throw aws::NotImplemented("RestoreObject: Type SELECT");
  if (!request.restore_request->days) return kForGood;
  throw_invalid_argument("Days cannot be given for an object of the class INTELLIGENT_TIERING, which is moved "
                          "back to its frequent access tier");
}

// From now, and to the end of the day.
Time end_after(int32_t days, Time now, Day day) { return next_day(now + days * day, day); }

void tell(Service& service, Call& call, Records& records, const BucketRow& bucket, const VersionRow& row,
          const char* name) {
  ObjectEvent event = event_of(name, row);
  event.storage_class = row.storage_class;
  event.restored_until = row.restoration.until;
  record_event(service, call, records, bucket, event);
}

// The version that a job is about, if it is still there.
struct Archived {
  BucketRow bucket;
  VersionRow row;
};
std::optional<Archived> find_archived(Call& call, Records& records, const jobs::Job& job) {
  const auto payload = formats::parse_json(job.payload);
  CHECK(payload.has_value());
  auto member = [&](const char* name) {
    const formats::Value* found = payload->find(name);
    CHECK(found && found->as_string());
    return *found->as_string();
  };
  auto bucket = find_bucket(call.transaction, member("bucket"));
  if (!bucket) return std::nullopt;
  auto row = find_version(records, bucket->id, member("key"), member("version"));
  if (!row || row->id != parse_integer(job.key).value_or(0)) return std::nullopt;
  return Archived{std::move(*bucket), std::move(*row)};
}

}  // namespace

Restoration restoration_from(int64_t days, int64_t until) {
  Restoration restoration{.days = static_cast<int32_t>(days), .until = {}};
  if (until != 0) restoration.until = from_milliseconds(until);
  return restoration;
}

bool is_archived(const VersionRow& row) { return is_archive(row.storage_class) || !row.archive_tier.empty(); }

bool is_archive(std::string_view storage_class) {
  return storage_class == "GLACIER" || storage_class == "DEEP_ARCHIVE";
}

void require_readable(const VersionRow& row, Time now, const char* message) {
  if (is_archived(row) && !row.restoration.is_there(now)) throw_state(row, message);
}

std::optional<std::string> restore_header(const Restoration& restoration, Time now) {
  if (restoration.days != 0) return "ongoing-request=\"true\"";
  if (!restoration.is_there(now)) return std::nullopt;
  return fmt::format("ongoing-request=\"false\", expiry-date=\"{}\"", http_date(*restoration.until));
}

std::optional<RestoreStatus> restore_status(const Restoration& restoration, Time now) {
  if (restoration.days != 0) return RestoreStatus{.is_restore_in_progress = true};
  if (!restoration.is_there(now)) return std::nullopt;
  return RestoreStatus{.is_restore_in_progress = false, .restore_expiry_date = *restoration.until};
}

jobs::Job restore_job(const std::string& bucket, const VersionRow& row) {
  formats::Object payload;
  payload.append("bucket", bucket);
  payload.append("key", row.key);
  payload.append("version", row.version);
  return {.kind = kRestoreJob,
          .key = fmt::format("{}", row.id),
          .payload = formats::write_json(std::move(payload))};
}

namespace {

RestoreObjectOutput begin_restore(Service& service, Call& call, Records& records, const BucketRow& bucket,
                                  const RestoreObjectRequest& request) {
  VersionRow row = require_version(records, bucket, request.key, request.version_id);
  const int32_t days = row.archive_tier.empty() ? require_days(request) : require_no_days(request);
  if (!is_archived(row)) throw_state(row, "Restore is not allowed for the object's current storage class");
  require_tier(request.restore_request.value_or(RestoreRequest{}), row);
  if (row.restoration.days != 0) {
    throw aws::ServiceError("RestoreAlreadyInProgress", 409, "Object restore is already in progress");
  }
  if (row.restoration.is_there(call.now)) {
    const Time until = end_after(days, call.now, service.day());
    row.restoration = {.days = 0, .until = until};
    keep_version(records, bucket.id, row);
    records.schedule(restore_job(bucket.name, row), until);
    return {};
  }
  tell(service, call, records, bucket, row, "ObjectRestore:Post");
  row.restoration = {.days = days, .until = {}};
  keep_version(records, bucket.id, row);
  records.schedule(restore_job(bucket.name, row), call.now);
  return {.status_code = kAccepted};
}

}  // namespace

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html
// A copy that is there stays for as many days as are asked for now. What is in a tier comes back for good.
RestoreObjectOutput restore_object(Service& service, Call& call, const RestoreObjectRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  RestoreObjectOutput output;
  change(service, call,
         [&](Records& records) { output = begin_restore(service, call, records, bucket, request); });
  return output;
}

namespace {

// The time to look again.
std::optional<Time> go_on(Service& service, Call& call, Records& records, const jobs::Job& job, Time now) {
  auto found = find_archived(call, records, job);
  if (!found) return std::nullopt;
  auto& [bucket, row] = *found;
  call.account = bucket.account;
  call.region = bucket.region;
  if (row.restoration.days == kForGood) {
    tell(service, call, records, bucket, row, "ObjectRestore:Completed");
    row.restoration.days = 0;
    row.archive_tier.clear();
    row.used = now;
    keep_version(records, bucket.id, row);
    return std::nullopt;
  }
  if (row.restoration.days != 0) {
    row.restoration = {.days = 0, .until = end_after(row.restoration.days, now, service.day())};
    tell(service, call, records, bucket, row, "ObjectRestore:Completed");
    keep_version(records, bucket.id, row);
  } else if (row.restoration.until && !row.restoration.is_there(now)) {
    tell(service, call, records, bucket, row, "ObjectRestore:Delete");
    row.restoration = {};
    keep_version(records, bucket.id, row);
  }
  return row.restoration.until;
}

}  // namespace

jobs::Outcome restore(Service& service, aws::Region& region, const jobs::Job& job, Time now) {
  std::optional<Time> again;
  std::function<void(Call&)> work = [&](Call& call) {
    change(service, call, [&](Records& records) { again = go_on(service, call, records, job, now); });
  };
  region.transact(region.caller("", "", "s3.amazonaws.com"), sql::Access::Write, work);
  return again ? jobs::again_at(*again) : jobs::done();
}

}  // namespace holm::s3
