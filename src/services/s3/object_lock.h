// Object Lock: versions that nobody may delete for a while, or while a legal hold lasts.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
#pragma once

#include <optional>
#include <string>

#include "aws/service/error.h"
#include "s3/types.h"
#include "services/s3/buckets.h"

namespace holm::s3 {

// What protects one version.
struct Lock {
  std::string mode;           // "GOVERNANCE", "COMPLIANCE"; empty: no retention.
  std::optional<Time> until;  // Present with a mode.
  std::string legal_hold;     // "ON", "OFF"; empty: never said.
};

// As it is kept in columns: 0 for no time.
Lock lock_from(std::string mode, int64_t until, std::string legal_hold);
int64_t milliseconds_of(const std::optional<Time>& until);

// Whether the caller set aside retention in governance mode (and may: access.cc asks for that right).
enum class Bypass { No, Governance };
Bypass bypass_of(const std::optional<bool>& header);

// Nothing unless the bucket has Object Lock.
std::optional<ObjectLockConfiguration> find_lock_configuration(const Settings& settings);
// What CreateBucket with a lock sets; the bucket has versions from then on.
void enable_object_lock(Call& call, int64_t bucket);

bool is_retained(const Lock& lock, Time now);
// The error while the version is protected; nothing when it may be deleted.
std::optional<aws::ServiceError> protection(const Lock& lock, Bypass bypass, Time now);
// Throws AccessDenied while the version is protected.
void require_deletable(const Lock& lock, Bypass bypass, Time now);

struct AskedLock {
  std::optional<std::string> mode;
  std::optional<aws::Timestamp> until;
  std::optional<std::string> legal_hold;
};

// From the headers of a request that makes an object. Throws what can be said without knowing the bucket.
Lock require_lock(const AskedLock& asked, Time now);

template <class Request>
Lock lock_of(const Request& request, Time now) {
  return require_lock({.mode = request.object_lock_mode,
                       .until = request.object_lock_retain_until_date,
                       .legal_hold = request.object_lock_legal_hold_status},
                      now);
}

// The lock that a new version gets: the asked one, else the bucket's default. InvalidRequest where the bucket
// has no Object Lock and one is asked for.
Lock lock_in(const Settings& settings, Lock asked, Time now);

template <class Output>
void tell_lock(const Lock& lock, Output& output) {
  if (!lock.mode.empty()) {
    output.object_lock_mode = lock.mode;
    output.object_lock_retain_until_date = lock.until;
  }
  if (!lock.legal_hold.empty()) output.object_lock_legal_hold_status = lock.legal_hold;
}

}  // namespace holm::s3
