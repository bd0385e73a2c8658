// Archives: what cannot be read there, and how it is restored.

#include "services/s3/archive.h"

#include <fmt/format.h>

#include "aws/service/error.h"
#include "aws/service/region.h"
#include "base/check.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "formats/json.h"
#include "jobs/jobs.h"
#include "s3/handlers.h"
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
    throw aws::ServiceError(
        "MalformedXML", 400,
        "The XML you provided was not well-formed or did not validate against our published schema");
  }
  const std::string tier =
      wanted.glacier_job_parameters ? wanted.glacier_job_parameters->tier : wanted.tier.value_or("Standard");
  const bool is_deep = row.storage_class == "DEEP_ARCHIVE" || row.archive_tier == "DEEP_ARCHIVE_ACCESS";
  if (tier != "Expedited" || !is_deep) return;
  throw aws::ServiceError("InvalidArgument", 400, "Retrieval option is not supported by this storage class");
}

int32_t require_days(const RestoreObjectRequest& request) {
  const bool is_complete =
      request.restore_request && (request.restore_request->days || request.restore_request->type);
  if (!is_complete) {
    throw aws::ServiceError(
        "MalformedXML", 400,
        "The XML you provided was not well-formed or did not validate against our published schema");
  }
  // The one type there is.
  if (request.restore_request->type) throw aws::NotImplemented("RestoreObject: Type SELECT");
  if (*request.restore_request->days >= 1) return *request.restore_request->days;
  throw aws::ServiceError("InvalidArgument", 400, "restoration days should be at least 1");
}

// What comes back from a tier does not go there again after so many days.
int32_t require_no_days(const RestoreObjectRequest& request) {
  if (!request.restore_request) return kForGood;
  if (request.restore_request->type) throw aws::NotImplemented("RestoreObject: Type SELECT");
  if (!request.restore_request->days) return kForGood;
  throw aws::ServiceError("InvalidArgument", 400,
                          "Days cannot be given for an object of the class INTELLIGENT_TIERING, which is moved "
                          "back to its frequent access tier");
}

// From now, and to the end of the day.
Time end_after(int32_t days, Time now, Day day) { return next_day(now + days * day, day); }

void keep(Call& call, int64_t version, const Restoration& restoration) {
  call.transaction.run("UPDATE s3_version SET restore_days = ?2, restored_until = ?3 WHERE id = ?1",
                       {version, int64_t{restoration.days}, milliseconds_of(restoration.until)});
}

void tell(Service& service, Call& call, const BucketRow& bucket, const VersionRow& row, const char* name) {
  ObjectEvent event = event_of(name, row);
  event.storage_class = row.storage_class;
  event.restored_until = row.restoration.until;
  record_event(service, call, bucket, event);
}

void schedule(Service& service, Call& call, const BucketRow& bucket, int64_t version, Time due) {
  formats::Object payload;
  payload.append("bucket", bucket.name);
  service.jobs().schedule(call.transaction,
                          {.kind = kRestoreJob,
                           .key = fmt::format("{}", version),
                           .payload = formats::write_json(std::move(payload))},
                          due);
}

// The version that a job is about, if it is still there.
struct Archived {
  BucketRow bucket;
  VersionRow row;
};
std::optional<Archived> find_archived(Call& call, const jobs::Job& job) {
  const auto payload = formats::parse_json(job.payload);
  CHECK(payload.has_value() && payload->find("bucket") && payload->find("bucket")->as_string());
  auto bucket = find_bucket(call.transaction, *payload->find("bucket")->as_string());
  const auto name = call.transaction.find("SELECT bucket, key, version FROM s3_version WHERE id = ?1",
                                          {parse_integer(job.key).value_or(0)});
  if (!bucket || !name || name->integer(0) != bucket->id) return std::nullopt;
  auto row = find_version(call.transaction, bucket->id, name->text(1), name->text(2));
  return Archived{std::move(*bucket), std::move(row.value())};
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

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html
// A copy that is there stays for as many days as are asked for now. What is in a tier comes back for good.
RestoreObjectOutput restore_object(Service& service, Call& call, const RestoreObjectRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  const VersionRow row = require_version(call, bucket, request.key, request.version_id);
  const int32_t days = row.archive_tier.empty() ? require_days(request) : require_no_days(request);
  if (!is_archived(row)) throw_state(row, "Restore is not allowed for the object's current storage class");
  require_tier(request.restore_request.value_or(RestoreRequest{}), row);
  if (row.restoration.days != 0) {
    throw aws::ServiceError("RestoreAlreadyInProgress", 409, "Object restore is already in progress");
  }
  if (row.restoration.is_there(call.now)) {
    const Time until = end_after(days, call.now, service.day());
    keep(call, row.id, {.days = 0, .until = until});
    schedule(service, call, bucket, row.id, until);
    return {};
  }
  keep(call, row.id, {.days = days, .until = {}});
  schedule(service, call, bucket, row.id, call.now);
  tell(service, call, bucket, row, "ObjectRestore:Post");
  return {.status_code = kAccepted};
}

jobs::Outcome restore(Service& service, aws::Region& region, const jobs::Job& job, Time now) {
  std::optional<Time> again;
  std::function<void(Call&)> work = [&](Call& call) {
    auto found = find_archived(call, job);
    if (!found) return;
    auto& [bucket, row] = *found;
    call.account = bucket.account;
    call.region = bucket.region;
    if (row.restoration.days == kForGood) {
      call.transaction.run(
          "UPDATE s3_version SET restore_days = 0, archive_tier = '', used = ?2 WHERE id = ?1",
          {row.id, to_milliseconds(now)});
      return tell(service, call, bucket, row, "ObjectRestore:Completed");
    }
    if (row.restoration.days != 0) {
      row.restoration = {.days = 0, .until = end_after(row.restoration.days, now, service.day())};
      keep(call, row.id, row.restoration);
      tell(service, call, bucket, row, "ObjectRestore:Completed");
    } else if (row.restoration.until && !row.restoration.is_there(now)) {
      keep(call, row.id, {});
      return tell(service, call, bucket, row, "ObjectRestore:Delete");
    }
    again = row.restoration.until;
  };
  region.transact(region.caller("", "", "s3.amazonaws.com"), sql::Access::Write, work);
  return again ? jobs::again_at(*again) : jobs::done();
}

}  // namespace holm::s3
