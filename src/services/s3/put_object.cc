// Storing an object in one request.

#include "aws/service/region.h"
#include "base/strings.h"
#include "s3/handlers.h"
#include "services/s3/attributes.h"
#include "services/s3/body.h"
#include "services/s3/conditions.h"
#include "services/s3/notifications.h"
#include "services/s3/service.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

// What can be refused before the body comes.
NewVersion describe(const PutObjectRequest& request) {
  require_key(request.key);
  refuse_acl(request.acl);
  return {.row = {.key = request.key,
                  .storage_class = storage_class_of(request.storage_class),
                  .checksum_type = "FULL_OBJECT",
                  .tags = tags_of_header(request.tagging),
                  .attributes = attributes_of(request)}};
}

}  // namespace

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
// Nothing of the object can be seen before the whole body has come, was checked and is durable.
async::Task<PutObjectOutput> put_object(Service& service, LongCall call, PutObjectRequest request) {
  NewVersion version = describe(request);
  BodyClaims claims{.content_md5 = request.content_md5,
                    .checksum = told_checksum(request),
                    .algorithm_name = request.checksum_algorithm};
  Body body = co_await receive(service, call.reactor, std::move(request.body), std::move(claims));
  version.row.bytes = body.bytes;
  version.row.etag = hex_encode(body.md5);
  version.row.checksum_algorithm = name_of(body.algorithm);
  version.row.checksum = base64_encode(body.checksum);
  version.content = std::move(body.content);
  if (body.blob) version.blob = body.blob->id();

  PutObjectOutput output{.e_tag = quoted(version.row.etag), .checksum_type = version.row.checksum_type};
  tell_checksum(output, body.algorithm, version.row.checksum);
  std::function<void(Call&)> store = [&](Call& inner) {
    const BucketRow bucket = require_bucket(inner, request.bucket);
    require_write_conditions(inner, bucket, request.key, request.if_match, request.if_none_match);
    const Change change = add_version(service, inner, bucket, version);
    if (bucket.versioning == Versioning::Enabled) output.version_id = change.version;
    record_event(service, inner, bucket,
                 {.name = "ObjectCreated:Put",
                  .key = request.key,
                  .bytes = body.bytes,
                  .etag = version.row.etag,
                  .version = change.version,
                  .sequence = change.id});
    if (body.blob) inner.after_commit([blob = body.blob] { blob->keep(); });
  };
  aws::Caller caller = call;
  co_await call.client.transact_on_worker(call.reactor, std::move(caller), sql::Access::Write, store);
  co_return output;
}

}  // namespace holm::s3
