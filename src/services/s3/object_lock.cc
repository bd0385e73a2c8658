// Object Lock: versions that nobody may delete for a while, or while a legal hold lasts.

#include "services/s3/object_lock.h"

#include "aws/codec/json_codec.h"
#include "aws/service/malformed_xml.h"
#include "base/check.h"
#include "s3/handlers.h"
#include "s3/schema.h"
#include "services/s3/changes.h"
#include "services/s3/invalid_argument.h"
#include "services/s3/replication.h"
#include "services/s3/service.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

constexpr std::string_view kKind = "object-lock";
constexpr std::string_view kGovernance = "GOVERNANCE";
constexpr std::string_view kCompliance = "COMPLIANCE";
constexpr int32_t kDaysMax = 36'500;
constexpr int32_t kYearsMax = 100;

[[noreturn]] void throw_past(const char* argument) {
  throw_invalid_argument("The retain until date must be in the future!", {argument});
}

aws::ServiceError protected_error() {
  return aws::AccessDenied("Access Denied because object protected by object lock.");
}

bool is_mode(const std::string& mode) { return mode == kGovernance || mode == kCompliance; }

bool is_hold(const std::string& status) { return status == "ON" || status == "OFF"; }

void require_period(const DefaultRetention& retention) {
  if (!retention.mode || !is_mode(*retention.mode)) throw aws::MalformedXml();
  if (retention.days.has_value() == retention.years.has_value()) throw aws::MalformedXml();
  const int32_t count = retention.days ? *retention.days : *retention.years;
  if (count > 0 && count <= (retention.days ? kDaysMax : kYearsMax)) return;
  throw aws::ServiceError("InvalidRetentionPeriod", 400,
                          "Default retention period must be a positive integer value.");
}

// Years are calendar years: the same day, and 28 February for the 29th.
Time end_of(const DefaultRetention& retention, Time now) {
  if (retention.days) return now + std::chrono::days(*retention.days);
  const auto day = std::chrono::floor<std::chrono::days>(now);
  std::chrono::year_month_day date(day);
  date += std::chrono::years(retention.years.value_or(0));
  if (!date.ok()) date = date.year() / date.month() / std::chrono::last;
  return std::chrono::sys_days(date) + (now - day);
}

void require_lockable(Call& call, const BucketRow& bucket) {
  if (find_lock_configuration({call.transaction, bucket.id})) return;
  throw InvalidRequest("Bucket is missing Object Lock Configuration");
}

[[noreturn]] void throw_without_lock() {
  throw aws::ServiceError("NoSuchObjectLockConfiguration", 404,
                          "The specified object does not have a ObjectLock configuration");
}

// Retention in force can be made longer. All else needs governance mode, and that it is set aside.
void require_change(const Lock& now_has, const Lock& wanted, Bypass bypass, Time now) {
  if (!is_retained(now_has, now)) return;
  const bool is_longer = wanted.mode == now_has.mode && wanted.until && *wanted.until >= *now_has.until;
  if (is_longer) return;
  if (now_has.mode == kGovernance && bypass == Bypass::Governance) return;
  throw protected_error();
}

}  // namespace

Lock lock_from(std::string mode, int64_t until, std::string legal_hold) {
  Lock lock{.mode = std::move(mode), .until = {}, .legal_hold = std::move(legal_hold)};
  if (until != 0) lock.until = from_milliseconds(until);
  return lock;
}

int64_t milliseconds_of(const std::optional<Time>& until) { return until ? to_milliseconds(*until) : 0; }

Bypass bypass_of(const std::optional<bool>& header) {
  return header.value_or(false) ? Bypass::Governance : Bypass::No;
}

std::optional<ObjectLockConfiguration> find_lock_configuration(const Settings& settings) {
  const auto* configuration = settings.read<ObjectLockConfiguration>(kKind, schema::kObjectLockConfiguration);
  return configuration != nullptr ? std::optional(*configuration) : std::nullopt;
}

void enable_object_lock(Call& call, int64_t bucket) {
  const ObjectLockConfiguration enabled{.object_lock_enabled = "Enabled"};
  set_configuration(call, bucket, kKind, aws::write_json(schema::kObjectLockConfiguration, &enabled));
  call.transaction.run("UPDATE s3_bucket SET versioning = 'Enabled' WHERE id = ?1", {bucket});
}

bool is_retained(const Lock& lock, Time now) { return !lock.mode.empty() && lock.until && *lock.until > now; }

std::optional<aws::ServiceError> protection(const Lock& lock, Bypass bypass, Time now) {
  if (lock.legal_hold == "ON") return protected_error();
  if (!is_retained(lock, now)) return std::nullopt;
  if (lock.mode == kGovernance && bypass == Bypass::Governance) return std::nullopt;
  return protected_error();
}

void require_deletable(const Lock& lock, Bypass bypass, Time now) {
  if (auto error = protection(lock, bypass, now)) throw *error;
}

Lock require_lock(const AskedLock& asked, Time now) {
  if (asked.mode.has_value() != asked.until.has_value()) {
    throw_invalid_argument(
        "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
        {asked.mode ? "x-amz-object-lock-retain-until-date" : "x-amz-object-lock-mode"});
  }
  if (asked.mode && !is_mode(*asked.mode))
    throw_invalid_argument("Unknown wormMode directive.", {"x-amz-object-lock-mode", *asked.mode});
  if (asked.until && *asked.until <= now) throw_past("x-amz-object-lock-retain-until-date");
  if (asked.legal_hold && !is_hold(*asked.legal_hold)) {
    throw_invalid_argument("Legal Hold must be either of 'ON' or 'OFF'",
                           {"x-amz-object-lock-legal-hold", *asked.legal_hold});
  }
  return {.mode = asked.mode.value_or(""), .until = asked.until, .legal_hold = asked.legal_hold.value_or("")};
}

Lock lock_in(const Settings& settings, Lock asked, Time now) {
  const auto configuration = find_lock_configuration(settings);
  if (!configuration) {
    if (asked.mode.empty() && asked.legal_hold.empty()) return asked;
    throw InvalidRequest("Bucket is missing Object Lock Configuration");
  }
  if (asked.mode.empty() && configuration->rule && configuration->rule->default_retention) {
    const DefaultRetention& retention = *configuration->rule->default_retention;
    asked.mode = retention.mode.value_or("");
    asked.until = end_of(retention, now);
  }
  return asked;
}

GetObjectLockConfigurationOutput get_object_lock_configuration(
    Service&, Call& call, const GetObjectLockConfigurationRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  auto configuration = find_lock_configuration({call.transaction, bucket.id});
  if (configuration) return {.object_lock_configuration = std::move(configuration)};
  aws::ServiceError error("ObjectLockConfigurationNotFoundError", 404,
                          "Object Lock configuration does not exist for this bucket");
  error.with("BucketName", bucket.name);
  throw error;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html
// It can be enabled on a bucket that exists and is never disabled again.
PutObjectLockConfigurationOutput put_object_lock_configuration(
    Service&, Call& call, const PutObjectLockConfigurationRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  if (!request.object_lock_configuration) throw aws::MalformedXml();
  const ObjectLockConfiguration& wanted = *request.object_lock_configuration;
  if (wanted.object_lock_enabled != "Enabled") throw aws::MalformedXml();
  if (wanted.rule) {
    if (!wanted.rule->default_retention) throw aws::MalformedXml();
    require_period(*wanted.rule->default_retention);
  }
  if (bucket.versioning != Versioning::Enabled) {
    throw aws::ServiceError(
        "InvalidBucketState", 409,
        "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration");
  }
  set_configuration(call, bucket.id, kKind, aws::write_json(schema::kObjectLockConfiguration, &wanted));
  return {};
}

GetObjectRetentionOutput get_object_retention(Service& service, Call& call,
                                              const GetObjectRetentionRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  require_lockable(call, bucket);
  Records records(service);
  const VersionRow row = require_version(records, bucket, request.key, request.version_id);
  if (row.lock.mode.empty()) throw_without_lock();
  return {.retention = ObjectLockRetention{.mode = row.lock.mode, .retain_until_date = row.lock.until}};
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectRetention.html
// An empty document takes the retention away, where that is allowed.
PutObjectRetentionOutput put_object_retention(Service& service, Call& call,
                                              const PutObjectRetentionRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  require_lockable(call, bucket);
  const ObjectLockRetention wanted = request.retention.value_or(ObjectLockRetention{});
  if (wanted.mode.has_value() != wanted.retain_until_date.has_value()) throw aws::MalformedXml();
  if (wanted.mode && !is_mode(*wanted.mode)) throw aws::MalformedXml();
  if (wanted.retain_until_date && *wanted.retain_until_date <= call.now) throw_past("RetainUntilDate");
  const Lock lock =
      require_lock({.mode = wanted.mode, .until = wanted.retain_until_date, .legal_hold = {}}, call.now);
  change(service, call, [&](Records& records) {
    VersionRow row = require_changeable(records, bucket, request.key, request.version_id, "PUT");
    require_change(row.lock, lock, bypass_of(request.bypass_governance_retention), call.now);
    row.lock.mode = lock.mode;
    row.lock.until = lock.until;
    keep_changed(records, call, bucket, row);
  });
  return {};
}

GetObjectLegalHoldOutput get_object_legal_hold(Service& service, Call& call,
                                               const GetObjectLegalHoldRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  require_lockable(call, bucket);
  Records records(service);
  const VersionRow row = require_version(records, bucket, request.key, request.version_id);
  if (row.lock.legal_hold.empty()) throw_without_lock();
  return {.legal_hold = ObjectLockLegalHold{.status = row.lock.legal_hold}};
}

PutObjectLegalHoldOutput put_object_legal_hold(Service& service, Call& call,
                                               const PutObjectLegalHoldRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  if (!request.legal_hold || !request.legal_hold->status || !is_hold(*request.legal_hold->status))
    throw aws::MalformedXml();
  require_lockable(call, bucket);
  change(service, call, [&](Records& records) {
    VersionRow row = require_changeable(records, bucket, request.key, request.version_id, "PUT");
    row.lock.legal_hold = *request.legal_hold->status;
    keep_changed(records, call, bucket, row);
  });
  return {};
}

}  // namespace holm::s3
