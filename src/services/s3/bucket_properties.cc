// Properties of AWS::S3::Bucket that are documents of S3.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-s3-bucket.html

#include "services/s3/bucket_properties.h"

#include "aws/service/error.h"
#include "base/time_format.h"
#include "s3/operations.h"
#include "services/s3/buckets.h"

namespace holm::s3 {

namespace {

using stacks::Context;
using stacks::Properties;

std::optional<int32_t> number(const Properties& properties, const char* name) {
  const auto found = properties.find_integer(name);
  if (!found) return std::nullopt;
  return static_cast<int32_t>(*found);
}

std::optional<aws::Timestamp> date(const Properties& properties, const char* name) {
  const auto text = properties.find_text(name);
  if (!text) return std::nullopt;
  const auto time = parse_iso8601(*text);
  if (!time) {
    throw aws::ServiceError("InvalidRequest", 400,
                            std::string("AWS::S3::Bucket: ") + name + " is no date: " + *text);
  }
  return *time;
}

WebsiteConfiguration website_from(const Properties& given) {
  WebsiteConfiguration site;
  if (auto key = given.find_text("ErrorDocument")) site.error_document = ErrorDocument{.key = *key};
  if (auto suffix = given.find_text("IndexDocument")) site.index_document = IndexDocument{.suffix = *suffix};
  if (const auto all = given.find_object("RedirectAllRequestsTo")) {
    site.redirect_all_requests_to =
        RedirectAllRequestsTo{.host_name = all->text("HostName"), .protocol = all->find_text("Protocol")};
  }
  for (const Properties& rule : given.objects("RoutingRules")) {
    const Properties to = rule.find_object("RedirectRule").value();
    RoutingRule made{.redirect = {.host_name = to.find_text("HostName"),
                                  .http_redirect_code = to.find_text("HttpRedirectCode"),
                                  .protocol = to.find_text("Protocol"),
                                  .replace_key_prefix_with = to.find_text("ReplaceKeyPrefixWith"),
                                  .replace_key_with = to.find_text("ReplaceKeyWith")}};
    if (const auto when = rule.find_object("RoutingRuleCondition")) {
      made.condition =
          Condition{.http_error_code_returned_equals = when->find_text("HttpErrorCodeReturnedEquals"),
                    .key_prefix_equals = when->find_text("KeyPrefixEquals")};
    }
    site.routing_rules.push_back(std::move(made));
  }
  return site;
}

ServerSideEncryptionConfiguration encryption_from(const Properties& given) {
  ServerSideEncryptionConfiguration configuration;
  for (const Properties& rule : given.objects("ServerSideEncryptionConfiguration")) {
    ServerSideEncryptionRule made{.bucket_key_enabled = rule.find_boolean("BucketKeyEnabled")};
    if (const auto by_default = rule.find_object("ServerSideEncryptionByDefault")) {
      made.apply_server_side_encryption_by_default =
          ServerSideEncryptionByDefault{.sse_algorithm = by_default->text("SSEAlgorithm"),
                                        .kms_master_key_id = by_default->find_text("KMSMasterKeyID")};
    }
    configuration.rules.push_back(std::move(made));
  }
  return configuration;
}

// CloudFormation has a rule's conditions beside each other, S3 has one filter of them.
LifecycleRuleFilter filter_from(const Properties& rule) {
  LifecycleRuleAndOperator all{.prefix = rule.find_text("Prefix"),
                               .object_size_greater_than = rule.find_integer("ObjectSizeGreaterThan"),
                               .object_size_less_than = rule.find_integer("ObjectSizeLessThan")};
  for (const stacks::Tag& tag : rule.tags("TagFilters")) {
    all.tags.push_back({.key = tag.key, .value = tag.value});
  }
  const size_t count = all.tags.size() + (all.prefix ? 1 : 0) + (all.object_size_greater_than ? 1 : 0) +
                       (all.object_size_less_than ? 1 : 0);
  if (count > 1) return {.and_ = std::move(all)};
  LifecycleRuleFilter filter{.object_size_greater_than = all.object_size_greater_than,
                             .object_size_less_than = all.object_size_less_than};
  if (!all.tags.empty()) filter.tag = all.tags.front();
  if (all.prefix || count == 0) filter.prefix = all.prefix.value_or("");
  return filter;
}

LifecycleRule rule_from(const Properties& given) {
  LifecycleRule rule{
      .id = given.find_text("Id"), .filter = filter_from(given), .status = given.text("Status")};
  const LifecycleExpiration expiration{
      .date = date(given, "ExpirationDate"),
      .days = number(given, "ExpirationInDays"),
      .expired_object_delete_marker = given.find_boolean("ExpiredObjectDeleteMarker")};
  if (expiration.date || expiration.days || expiration.expired_object_delete_marker) {
    rule.expiration = expiration;
  }
  for (const Properties& each : given.objects("Transitions")) {
    rule.transitions.push_back({.date = date(each, "TransitionDate"),
                                .days = number(each, "TransitionInDays"),
                                .storage_class = each.text("StorageClass")});
  }
  for (const Properties& each : given.objects("NoncurrentVersionTransitions")) {
    rule.noncurrent_version_transitions.push_back(
        {.noncurrent_days = number(each, "TransitionInDays"),
         .storage_class = each.text("StorageClass"),
         .newer_noncurrent_versions = number(each, "NewerNoncurrentVersions")});
  }
  if (const auto days = number(given, "NoncurrentVersionExpirationInDays")) {
    rule.noncurrent_version_expiration = NoncurrentVersionExpiration{.noncurrent_days = days};
  }
  if (const auto old = given.find_object("NoncurrentVersionExpiration")) {
    rule.noncurrent_version_expiration =
        NoncurrentVersionExpiration{.noncurrent_days = number(*old, "NoncurrentDays"),
                                    .newer_noncurrent_versions = number(*old, "NewerNoncurrentVersions")};
  }
  if (const auto abort = given.find_object("AbortIncompleteMultipartUpload")) {
    rule.abort_incomplete_multipart_upload =
        AbortIncompleteMultipartUpload{.days_after_initiation = number(*abort, "DaysAfterInitiation")};
  }
  return rule;
}

void put_website(Context& context, const std::string& bucket, const std::optional<Properties>& given) {
  if (!given) {
    context.invoke<DeleteBucketWebsite>({.bucket = bucket});
    return;
  }
  context.invoke<PutBucketWebsite>({.bucket = bucket, .website_configuration = website_from(*given)});
}

void put_encryption(Context& context, const std::string& bucket, const std::optional<Properties>& given) {
  if (!given) {
    context.invoke<DeleteBucketEncryption>({.bucket = bucket});
    return;
  }
  context.invoke<PutBucketEncryption>(
      {.bucket = bucket, .server_side_encryption_configuration = encryption_from(*given)});
}

void put_lifecycle(Context& context, const std::string& bucket, const std::optional<Properties>& given) {
  if (!given) {
    context.invoke<DeleteBucketLifecycle>({.bucket = bucket});
    return;
  }
  BucketLifecycleConfiguration configuration;
  for (const Properties& rule : given->objects("Rules")) configuration.rules.push_back(rule_from(rule));
  context.invoke<PutBucketLifecycleConfiguration>(
      {.bucket = bucket, .lifecycle_configuration = std::move(configuration)});
}

void put_logging(Context& context, const std::string& bucket, const std::optional<Properties>& given) {
  BucketLoggingStatus status;
  if (given) {
    status.logging_enabled =
        LoggingEnabled{.target_bucket = given->find_text("DestinationBucketName").value_or(bucket),
                       .target_prefix = given->text("LogFilePrefix")};
  }
  context.invoke<PutBucketLogging>({.bucket = bucket, .bucket_logging_status = std::move(status)});
}

void put_acceleration(Context& context, const std::string& bucket, const std::optional<Properties>& given) {
  AccelerateConfiguration configuration{.status = given ? given->text("AccelerationStatus") : "Suspended"};
  context.invoke<PutBucketAccelerateConfiguration>(
      {.bucket = bucket, .accelerate_configuration = std::move(configuration)});
}

struct Document {
  const char* name;
  void (*put)(Context& context, const std::string& bucket, const std::optional<Properties>& given);
};
constexpr Document kDocuments[] = {{"AccelerateConfiguration", put_acceleration},
                                   {"BucketEncryption", put_encryption},
                                   {"LifecycleConfiguration", put_lifecycle},
                                   {"LoggingConfiguration", put_logging},
                                   {"WebsiteConfiguration", put_website}};

}  // namespace

void apply_documents(Context& context, const std::string& bucket, const Properties& was,
                     const Properties& wanted) {
  for (const Document& document : kDocuments) {
    if (!differs(was, wanted, document.name)) continue;
    document.put(context, bucket, wanted.find_object(document.name));
  }
}

}  // namespace holm::s3
