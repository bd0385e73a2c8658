// Deleting objects and versions.

#include <algorithm>

#include "s3/handlers.h"
#include "services/s3/conditions.h"
#include "services/s3/notifications.h"
#include "services/s3/service.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

constexpr size_t kObjectsMax = 1000;

std::optional<Change> remove(Service& service, Call& call, const BucketRow& bucket, const std::string& key,
                             const std::optional<std::string>& version) {
  require_key(key);
  auto change = version ? remove_version(service, call, bucket, key, *version)
                        : remove_object(service, call, bucket, key);
  if (!change) return change;
  const auto newest = call.transaction.find("SELECT max(id) FROM s3_version");
  record_event(
      service, call, bucket,
      {.name = change->is_marker_added ? "ObjectRemoved:DeleteMarkerCreated" : "ObjectRemoved:Delete",
       .key = key,
       .bytes = std::nullopt,
       .etag = {},
       .version = change->version,
       .sequence = std::max(change->id, newest.value().optional_integer(0).value_or(0))});
  return change;
}

void remove_listed(Service& service, Call& call, const BucketRow& bucket, const ObjectIdentifier& object,
                   DeleteObjectsOutput& output, const std::optional<bool>& quiet) {
  if (object.e_tag) require_write_conditions(call, bucket, object.key, object.e_tag, std::nullopt);
  const auto change = remove(service, call, bucket, object.key, object.version_id);
  if (quiet.value_or(false)) return;
  DeletedObject deleted{.key = object.key, .version_id = object.version_id};
  if (change && change->what == What::Marker) {
    deleted.delete_marker = true;
    deleted.delete_marker_version_id = change->version;
  }
  output.deleted.push_back(std::move(deleted));
}

}  // namespace

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
// Deleting what is not there succeeds.
DeleteObjectOutput delete_object(Service& service, Call& call, const DeleteObjectRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  require_write_conditions(call, bucket, request.key, request.if_match, std::nullopt);
  const auto change = remove(service, call, bucket, request.key, request.version_id);
  DeleteObjectOutput output;
  if (request.version_id) output.version_id = request.version_id;
  if (!change || bucket.versioning == Versioning::Never) return output;
  output.version_id = change->version;
  if (change->what == What::Marker) output.delete_marker = true;
  return output;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
DeleteObjectsOutput delete_objects(Service& service, Call& call, const DeleteObjectsRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  if (request.delete_.objects.empty() || request.delete_.objects.size() > kObjectsMax) {
    throw aws::ServiceError(
        "MalformedXML", 400,
        "The XML you provided was not well-formed or did not validate against our published schema");
  }
  DeleteObjectsOutput output;
  for (const ObjectIdentifier& object : request.delete_.objects) {
    remove_listed(service, call, bucket, object, output, request.delete_.quiet);
  }
  return output;
}

}  // namespace holm::s3
