// Events: what happened to objects, told to the functions that a bucket names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "services/s3/buckets.h"

namespace holm::jobs {
struct Job;
}

namespace holm::s3 {

class Service;

struct ObjectEvent {
  std::string name;  // "ObjectCreated:Put"
  std::string key;
  std::optional<uint64_t> bytes;  // Not of removals.
  std::string etag;
  std::string version;
  int64_t sequence;  // The id of the newest version there was: what comes later has no smaller one.
};

// Writes one delivery for each function that wants to know into the transaction that caused the event.
void record_event(Service& service, Call& call, const BucketRow& bucket, const ObjectEvent& event);

// The kind of the job that makes one delivery.
inline constexpr char kDeliveryJob[] = "s3.delivery";
void deliver_event(aws::Region& region, const jobs::Job& job);

}  // namespace holm::s3
