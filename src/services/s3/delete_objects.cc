// Deleting objects and versions.

#include "s3/handlers.h"
#include "aws/service/malformed_xml.h"
#include "services/s3/changes.h"
#include "services/s3/conditions.h"
#include "services/s3/invalid_argument.h"
#include "services/s3/notification_rules.h"
#include "services/s3/notifications.h"
#include "services/s3/object_lock.h"
#include "services/s3/service.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

constexpr size_t kObjectsMax = 1000;

std::optional<Change> remove(Service& service, Call& call, Records& records, const BucketRow& bucket,
                             const Settings& settings, const std::string& key,
                             const std::optional<std::string>& version) {
  require_key(key);
  auto change = version ? remove_version(records, bucket, key, *version)
                        : remove_object(service, call, records, bucket, key);
  if (!change || !tells_events(settings)) return change;
  record_event(
      service, call, records, bucket, settings,
      {.name = change->is_marker_added ? "ObjectRemoved:DeleteMarkerCreated" : "ObjectRemoved:Delete",
       .key = key,
       .bytes = std::nullopt,
       .etag = {},
       .version = change->version,
       .sequence = records.take_id()});
  return change;
}

// Versions that are gone are protected by nothing.
Lock lock_on(Records& records, const BucketRow& bucket, const std::string& key, const std::string& version) {
  const auto row = find_version(records, bucket.id, key, version);
  return row ? row->lock : Lock{};
}

// What stands against removing one of many objects. Their rights are in the order of the objects, each
// followed by the right to set governance aside where that is asked for (access.cc).
std::optional<aws::ServiceError> refusal_of(Call& call, Records& records, const BucketRow& bucket,
                                            const ObjectIdentifier& object, size_t index, Bypass bypass) {
  const size_t place = bypass == Bypass::Governance ? index * 2 : index;
  if (call.denied.contains(place)) return aws::AccessDenied("Access Denied");
  if (object.version_id && !may_have(bucket, *object.version_id)) {
    return aws::ServiceError("NoSuchVersion", 404, "The specified version does not exist.");
  }
  if (object.version_id) {
    const bool may_bypass = bypass == Bypass::Governance && !call.denied.contains(place + 1);
    auto locked = protection(lock_on(records, bucket, object.key, *object.version_id),
                             may_bypass ? Bypass::Governance : Bypass::No, call.now);
    if (locked) return locked;
  }
  return broken_write_condition(records, bucket, object.key, object.e_tag, std::nullopt);
}

void remove_listed(Service& service, Call& call, Records& records, const BucketRow& bucket,
                   const Settings& settings, const ObjectIdentifier& object, DeleteObjectsOutput& output,
                   const std::optional<bool>& quiet) {
  const auto change = remove(service, call, records, bucket, settings, object.key, object.version_id);
  if (quiet.value_or(false)) return;
  DeletedObject deleted{.key = object.key, .version_id = object.version_id};
  if (change && change->what == What::Marker) {
    deleted.delete_marker = true;
    deleted.delete_marker_version_id = change->version;
  }
  output.deleted.push_back(std::move(deleted));
}

DeleteObjectOutput remove_one(Service& service, Call& call, Records& records,
                              const DeleteObjectRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  require_write_conditions(records, bucket, request.key, request.if_match, std::nullopt);
  if (request.version_id) {
    require_deletable(lock_on(records, bucket, request.key, *request.version_id),
                      bypass_of(request.bypass_governance_retention), call.now);
  }
  const Settings settings(call.transaction, bucket.id);
  const auto change = remove(service, call, records, bucket, settings, request.key, request.version_id);
  DeleteObjectOutput output;
  if (request.version_id) output.version_id = request.version_id;
  if (!change || bucket.versioning == Versioning::Never) return output;
  output.version_id = change->version;
  if (change->what == What::Marker) output.delete_marker = true;
  return output;
}

}  // namespace

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
// Deleting what is not there succeeds.
async::Task<DeleteObjectOutput> delete_object(Service& service, LongCall call, DeleteObjectRequest request) {
  DeleteObjectOutput output;
  std::function<void(Call&, Records&)> work = [&](Call& inner, Records& records) {
    if (request.version_id && !may_have(require_bucket(inner, request.bucket), *request.version_id)) {
      throw_invalid_argument("Invalid version id specified", {"versionId", *request.version_id});
    }
    output = remove_one(service, inner, records, request);
  };
  Subject subject{.bucket = request.bucket, .key = request.key};
  co_await change_waiting(service, call, std::move(subject), work);
  co_return output;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
DeleteObjectsOutput delete_objects(Service& service, Call& call, const DeleteObjectsRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  if (request.delete_.objects.empty() || request.delete_.objects.size() > kObjectsMax) {
    throw aws::MalformedXml();
  }
  DeleteObjectsOutput output;
  const Settings settings(call.transaction, bucket.id);
  const Bypass bypass = bypass_of(request.bypass_governance_retention);
  change(service, call, [&](Records& records) {
    output = {};
    for (size_t i = 0; i < request.delete_.objects.size(); ++i) {
      const ObjectIdentifier& object = request.delete_.objects[i];
      if (auto refusal = refusal_of(call, records, bucket, object, i, bypass)) {
        output.errors.push_back({.key = object.key,
                                 .version_id = object.version_id,
                                 .code = refusal->code,
                                 .message = refusal->what()});
        continue;
      }
      remove_listed(service, call, records, bucket, settings, object, output, request.delete_.quiet);
    }
  });
  return output;
}

}  // namespace holm::s3
