// Storing an object in one request.

#include "aws/service/region.h"
#include "base/strings.h"
#include "s3/handlers.h"
#include "services/s3/attributes.h"
#include "services/s3/body.h"
#include "services/s3/changes.h"
#include "services/s3/conditions.h"
#include "services/s3/lifecycle.h"
#include "services/s3/notifications.h"
#include "services/s3/service.h"
#include "services/s3/uploads.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

// What can be refused before the body comes.
NewVersion describe(const PutObjectRequest& request, Time now) {
  refuse_lone_part(request.lone_part_number, request.lone_upload_id);
  require_key(request.key);
  return {.row = {.key = request.key,
                  .storage_class = storage_class_of(request.storage_class),
                  .tags = tags_of_header(request.tagging),
                  .attributes = attributes_of(request),
                  .lock = lock_of(request, now)}};
}

}  // namespace

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
// Nothing of the object can be seen before the whole body has come, was checked and is durable.
async::Task<PutObjectOutput> put_object(Service& service, LongCall call, PutObjectRequest request) {
  NewVersion version = describe(request, call.now);
  BodyClaims claims{.content_md5 = request.content_md5,
                    .checksum = told_checksum(request),
                    .algorithm_name = request.checksum_algorithm};
  const AskedEncryption encryption = asked_encryption(request);
  Body body = co_await receive(service, call.reactor, std::move(request.body), std::move(claims));

  PutObjectOutput output;
  std::function<void(Call&, Records&)> store = [&](Call& inner, Records& records) {
    const BucketRow bucket = require_bucket(inner, request.bucket);
    const Settings settings(inner.transaction, bucket.id);
    require_write_conditions(records, bucket, request.key, request.if_match, request.if_none_match);
    possess(version.row, possession_of(service, inner, bucket, settings, asked_list(request)));
    version.row.lock = lock_in(settings, lock_of(request, inner.now), inner.now);
    version.row.encryption = encryption_in(settings, bucket, request.key, encryption);
    if (!give_body(service, inner, records, encryption.customer, body, version)) return;
    const Change change = add_version(service, inner, records, bucket, version);
    if (bucket.versioning == Versioning::Enabled) output.version_id = change.version;
    version.row.modified = inner.now;
    output.expiration = expiration_of(settings, version.row);
    record_event(
        service, inner, records, bucket, settings,
        {.name = call.carrier == aws::Caller::Carrier::Form ? "ObjectCreated:Post" : "ObjectCreated:Put",
         .key = request.key,
         .bytes = body.bytes,
         .etag = version.row.etag,
         .version = change.version,
         .sequence = change.id});
  };
  Subject subject{.bucket = request.bucket, .key = request.key};
  co_await change_waiting(service, call, std::move(subject), store);
  output.e_tag = quoted(version.row.etag);
  output.checksum_type = version.row.checksum_type;
  tell_checksum(output, body.algorithm, version.row.checksum);
  tell_encryption(version.row.encryption, output);
  co_return output;
}

}  // namespace holm::s3
