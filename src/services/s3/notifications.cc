// Events: the outbox and the delivery.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html

#include "services/s3/notifications.h"

#include <fmt/format.h>

#include "aws/service/region.h"
#include "base/check.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "formats/json.h"
#include "jobs/jobs.h"
#include "lambda/operations.h"
#include "services/s3/notification_rules.h"
#include "services/s3/records.h"
#include "services/s3/service.h"
#include "services/s3/versions.h"
#include "sns/operations.h"

namespace holm::s3 {

namespace {

using formats::Array;
using formats::Object;
using formats::Value;

// A destination that cannot be reached for about three hours misses the event.
constexpr int kAttemptsMax = 200;
Object object_of(std::initializer_list<std::pair<std::string, Value>> members) {
  Object object;
  for (const auto& [name, value] : members) object.append(name, value);
  return object;
}

// What only some events have.
void add_details(const ObjectEvent& event, Object& record) {
  if (event.name == "ObjectRestore:Completed" && event.restored_until) {
    Object restored =
        object_of({{"lifecycleRestorationExpiryTime", iso8601_milliseconds(*event.restored_until)},
                   {"lifecycleRestoreStorageClass", event.storage_class}});
    record.append("glacierEventData", object_of({{"restoreEventData", std::move(restored)}}));
  }
  if (event.name == "IntelligentTiering") {
    record.append("intelligentTieringEventData", object_of({{"destinationAccessTier", event.storage_class}}));
  }
  if (event.name == "LifecycleTransition") {
    Object moved = object_of({{"destinationStorageClass", event.storage_class}});
    record.append("lifecycleEventData", object_of({{"transitionEventData", std::move(moved)}}));
  }
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
std::string message_of(const Call& call, const BucketRow& bucket, const ObjectEvent& event,
                       const EventRule& rule) {
  // Keys travel as in forms: a space is a plus sign.
  Object object;
  object.append("key", replace_all(percent_encode(event.key, Slash::Keep), "%20", "+"));
  if (event.bytes) object.append("size", static_cast<int64_t>(*event.bytes));
  if (!event.etag.empty()) object.append("eTag", event.etag);
  if (event.version != "null") object.append("versionId", event.version);
  object.append("sequencer", fmt::format("{:016X}", event.sequence * 2 + (event.bytes ? 0 : 1)));
  Object owner = object_of({{"principalId", canonical_id(bucket.account)}});
  Object where = object_of(
      {{"name", bucket.name}, {"ownerIdentity", std::move(owner)}, {"arn", bucket_arn(bucket.name)}});
  Object s3 = object_of({{"s3SchemaVersion", "1.0"},
                         {"configurationId", rule.id},
                         {"bucket", std::move(where)},
                         {"object", std::move(object)}});
  Object record = object_of(
      {{"eventVersion", event.name == "IntelligentTiering" ? "2.3" : "2.1"},
       {"eventSource", "aws:s3"},
       {"awsRegion", bucket.region},
       {"eventTime", iso8601_milliseconds(call.now)},
       {"eventName", event.name},
       {"userIdentity", object_of({{"principalId", "AWS:" + call.principal.id}})},
       {"requestParameters", object_of({{"sourceIPAddress", call.source_ip}})},
       {"responseElements",
        object_of({{"x-amz-request-id", call.request_id}, {"x-amz-id-2", base64_encode(call.request_id)}})},
       {"s3", std::move(s3)}});
  add_details(event, record);
  Array records;
  records.emplace_back(std::move(record));
  return formats::write_json(object_of({{"Records", std::move(records)}}));
}

}  // namespace

ObjectEvent event_of(std::string name, const VersionRow& row) {
  return {.name = std::move(name),
          .key = row.key,
          .bytes = row.bytes,
          .etag = row.etag,
          .version = row.version,
          .sequence = row.id};
}

void record_event(Service& service, Call& call, Records& records, const BucketRow& bucket,
                  const ObjectEvent& event) {
  record_event(service, call, records, bucket, {call.transaction, bucket.id}, event);
}

void record_event(Service& service, Call& call, Records& records, const BucketRow& bucket,
                  const Settings& settings, const ObjectEvent& event) {
  for (const EventRule& rule : find_event_rules(settings)) {
    if (!is_about(rule, "s3:" + event.name, event.key)) continue;
    const formats::Object payload = object_of({{"account", bucket.account},
                                               {"region", bucket.region},
                                               {"bucket", bucket.name},
                                               {"destination", rule.arn},
                                               {"message", message_of(call, bucket, event, rule)}});
    jobs::Job job{
        .kind = kDeliveryJob, .key = service.random().uuid(), .payload = formats::write_json(payload)};
    records.schedule(job, call.now);
  }
}

// A crash between the destination's acceptance and the end of the job makes it be told again.
void deliver_event(aws::Region& region, const jobs::Job& job) {
  const auto payload = formats::parse_json(job.payload);
  CHECK(payload.has_value());
  auto member = [&](std::string_view name) {
    const formats::Value* found = payload->find(name);
    CHECK(found && found->as_string());  // Another version of the program may have stored the job.
    return *found->as_string();
  };
  // Those stored before there were other destinations call it so.
  const std::string destination = member(payload->find("function") ? "function" : "destination");
  if (job.attempt > kAttemptsMax) {
    log::warning(fmt::format("S3: an event for {} is given up.", destination));
    return;
  }
  aws::Caller caller = region.caller(member("account"), member("region"), "s3.amazonaws.com");
  // What it calls for: functions and topics permit it by aws:SourceArn.
  caller.principal.arn = bucket_arn(member("bucket"));
  if (service_in(destination) == "sns") {
    std::function<void(Call&)> publish = [&](Call& call) {
      call.client.call<sns::Publish>(
          call, call.principal,
          {.topic_arn = destination, .message = member("message"), .subject = std::string(kSubject)});
    };
    region.transact(caller, sql::Access::Write, publish);
    return;
  }
  lambda::InvocationRequest request{
      .function_name = destination, .invocation_type = "Event", .payload = member("message")};
  region.call_blocking<lambda::Invoke>(std::move(caller), std::move(request));
}

}  // namespace holm::s3
