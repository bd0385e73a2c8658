// Events: what happened to objects, told to the functions and topics that a bucket names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "services/s3/buckets.h"

namespace holm::jobs {
struct Job;
}

namespace holm::s3 {

class Records;
class Service;
struct VersionRow;

struct ObjectEvent {
  std::string name;  // "ObjectCreated:Put"
  std::string key;
  std::optional<uint64_t> bytes;  // Not of removals.
  std::string etag;
  std::string version;
  int64_t sequence;  // The id of the newest version there was: what comes later has no smaller one.
  std::string storage_class = {};  // Where it moved to, a tier as well, or what it was restored of.
  std::optional<Time> restored_until = {};
};

// Something called `name` happened to a version that is there.
ObjectEvent event_of(std::string name, const VersionRow& row);

// The subject of everything that topics are told.
inline constexpr std::string_view kSubject = "Amazon S3 Notification";

// Adds one delivery for each destination that wants to know to the commit that causes the event.
void record_event(Service& service, Call& call, Records& records, const BucketRow& bucket,
                  const ObjectEvent& event);
// The same, by what is known of the bucket already.
void record_event(Service& service, Call& call, Records& records, const BucketRow& bucket,
                  const Settings& settings, const ObjectEvent& event);

// The kind of the job that makes one delivery.
inline constexpr char kDeliveryJob[] = "s3.delivery";
void deliver_event(aws::Region& region, const jobs::Job& job);

}  // namespace holm::s3
