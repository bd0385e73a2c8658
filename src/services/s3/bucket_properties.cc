// Properties of AWS::S3::Bucket that are documents of S3.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-s3-bucket.html

#include "services/s3/bucket_properties.h"

#include "aws/service/error.h"
#include "base/time_format.h"
#include "s3/operations.h"
#include "services/s3/buckets.h"
#include "stacks/numbers.h"

namespace holm::s3 {

namespace {

using stacks::Context;
using stacks::Properties;

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
    if (!site.routing_rules) site.routing_rules.emplace();
    site.routing_rules->push_back(std::move(made));
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

// Templates have one of a thing, in the old way, or a list of it under the name in the plural.
std::vector<Properties> one_or_more(const Properties& given, const std::string& name) {
  std::vector<Properties> all = given.objects(name + "s");
  if (auto one = given.find_object(name)) all.push_back(*one);
  return all;
}

LifecycleRule rule_from(const Properties& given) {
  LifecycleRule rule{
      .id = given.find_text("Id"), .filter = filter_from(given), .status = given.text("Status")};
  const LifecycleExpiration expiration{
      .date = date(given, "ExpirationDate"),
      .days = stacks::number(given, "ExpirationInDays"),
      .expired_object_delete_marker = given.find_boolean("ExpiredObjectDeleteMarker")};
  if (expiration.date || expiration.days || expiration.expired_object_delete_marker) {
    rule.expiration = expiration;
  }
  for (const Properties& each : one_or_more(given, "Transition")) {
    rule.transitions.push_back({.date = date(each, "TransitionDate"),
                                .days = stacks::number(each, "TransitionInDays"),
                                .storage_class = each.text("StorageClass")});
  }
  for (const Properties& each : one_or_more(given, "NoncurrentVersionTransition")) {
    rule.noncurrent_version_transitions.push_back(
        {.noncurrent_days = stacks::number(each, "TransitionInDays"),
         .storage_class = each.text("StorageClass"),
         .newer_noncurrent_versions = stacks::number(each, "NewerNoncurrentVersions")});
  }
  if (const auto days = stacks::number(given, "NoncurrentVersionExpirationInDays")) {
    rule.noncurrent_version_expiration = NoncurrentVersionExpiration{.noncurrent_days = days};
  }
  if (const auto old = given.find_object("NoncurrentVersionExpiration")) {
    rule.noncurrent_version_expiration = NoncurrentVersionExpiration{
        .noncurrent_days = stacks::number(*old, "NoncurrentDays"),
        .newer_noncurrent_versions = stacks::number(*old, "NewerNoncurrentVersions")};
  }
  if (const auto abort = given.find_object("AbortIncompleteMultipartUpload")) {
    rule.abort_incomplete_multipart_upload = AbortIncompleteMultipartUpload{
        .days_after_initiation = stacks::number(*abort, "DaysAfterInitiation")};
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
      {.bucket = bucket,
       .lifecycle_configuration = std::move(configuration),
       .transition_default_minimum_object_size = given->find_text("TransitionDefaultMinimumObjectSize")});
}

void put_logging(Context& context, const std::string& bucket, const std::optional<Properties>& given) {
  BucketLoggingStatus status;
  if (given) {
    status.logging_enabled =
        LoggingEnabled{.target_bucket = given->find_text("DestinationBucketName").value_or(bucket),
                       .target_prefix = given->text("LogFilePrefix")};
    if (const auto format = given->find_object("TargetObjectKeyFormat")) {
      TargetObjectKeyFormat made;
      if (format->has("SimplePrefix")) made.simple_prefix = SimplePrefix{};
      if (const auto parts = format->find_object("PartitionedPrefix")) {
        made.partitioned_prefix =
            PartitionedPrefix{.partition_date_source = parts->find_text("PartitionDateSource")};
      }
      status.logging_enabled->target_object_key_format = std::move(made);
    }
  }
  context.invoke<PutBucketLogging>({.bucket = bucket, .bucket_logging_status = std::move(status)});
}

void put_acceleration(Context& context, const std::string& bucket, const std::optional<Properties>& given) {
  AccelerateConfiguration configuration{.status = given ? given->text("AccelerationStatus") : "Suspended"};
  context.invoke<PutBucketAccelerateConfiguration>(
      {.bucket = bucket, .accelerate_configuration = std::move(configuration)});
}

std::optional<NotificationConfigurationFilter> event_filter_from(const Properties& configuration) {
  const auto filter = configuration.find_object("Filter");
  if (!filter) return std::nullopt;
  S3KeyFilter rules;
  for (const Properties& rule : filter->find_object("S3Key")->objects("Rules")) {
    rules.filter_rules.push_back({.name = rule.text("Name"), .value = rule.text("Value")});
  }
  return NotificationConfigurationFilter{.key = std::move(rules)};
}

void put_notifications(Context& context, const std::string& bucket, const std::optional<Properties>& given) {
  NotificationConfiguration configuration;
  if (given) {
    for (const Properties& each : given->objects("LambdaConfigurations")) {
      configuration.lambda_function_configurations.push_back({.lambda_function_arn = each.text("Function"),
                                                              .events = {each.text("Event")},
                                                              .filter = event_filter_from(each)});
    }
    for (const Properties& each : given->objects("TopicConfigurations")) {
      configuration.topic_configurations.push_back({.topic_arn = each.text("Topic"),
                                                    .events = {each.text("Event")},
                                                    .filter = event_filter_from(each)});
    }
  }
  context.invoke<PutBucketNotificationConfiguration>(
      {.bucket = bucket, .notification_configuration = std::move(configuration)});
}

// Taking it away ends the default retention; the lock itself stays for ever.
void put_object_lock(Context& context, const std::string& bucket, const std::optional<Properties>& given) {
  ObjectLockConfiguration configuration{.object_lock_enabled = "Enabled"};
  const auto rule = given ? given->find_object("Rule") : std::nullopt;
  if (const auto retention = rule ? rule->find_object("DefaultRetention") : std::nullopt) {
    configuration.rule =
        ObjectLockRule{.default_retention = DefaultRetention{.mode = retention->find_text("Mode"),
                                                             .days = stacks::number(*retention, "Days"),
                                                             .years = stacks::number(*retention, "Years")}};
  }
  context.invoke<PutObjectLockConfiguration>(
      {.bucket = bucket, .object_lock_configuration = std::move(configuration)});
}

std::vector<Tag> tags_from(const std::vector<stacks::Tag>& given) {
  std::vector<Tag> tags;
  for (const stacks::Tag& tag : given) tags.push_back({.key = tag.key, .value = tag.value});
  return tags;
}

ReplicationRule replication_rule_from(const Properties& given) {
  const Properties to = given.find_object("Destination").value();
  ReplicationRule rule{.id = given.find_text("Id"),
                       .priority = stacks::number(given, "Priority"),
                       .prefix = given.find_text("Prefix"),
                       .status = given.text("Status"),
                       .destination = {.bucket = to.text("Bucket"),
                                       .account = to.find_text("Account"),
                                       .storage_class = to.find_text("StorageClass")}};
  if (const auto markers = given.find_object("DeleteMarkerReplication")) {
    rule.delete_marker_replication = DeleteMarkerReplication{.status = markers->find_text("Status")};
  }
  const auto filter = given.find_object("Filter");
  if (!filter) return rule;
  ReplicationRuleFilter made{.prefix = filter->find_text("Prefix")};
  if (const auto tag = filter->find_object("TagFilter"))
    made.tag = Tag{.key = tag->text("Key"), .value = tag->text("Value")};
  if (const auto all = filter->find_object("And")) {
    made.and_ = ReplicationRuleAndOperator{.prefix = all->find_text("Prefix"),
                                           .tags = tags_from(all->tags("TagFilters"))};
  }
  rule.filter = std::move(made);
  return rule;
}

void put_replication(Context& context, const std::string& bucket, const std::optional<Properties>& given) {
  if (!given) {
    context.invoke<DeleteBucketReplication>({.bucket = bucket});
    return;
  }
  ReplicationConfiguration configuration{.role = given->text("Role")};
  for (const Properties& rule : given->objects("Rules"))
    configuration.rules.push_back(replication_rule_from(rule));
  context.invoke<PutBucketReplication>(
      {.bucket = bucket, .replication_configuration = std::move(configuration)});
}

InventoryConfiguration inventory_from(const Properties& given) {
  const Properties to = given.find_object("Destination").value();
  InventoryConfiguration made{
      .destination = {.s3_bucket_destination = {.account_id = to.find_text("BucketAccountId"),
                                                .bucket = to.text("BucketArn"),
                                                .format = to.text("Format"),
                                                .prefix = to.find_text("Prefix")}},
      .is_enabled = given.boolean("Enabled", false),
      .id = given.text("Id"),
      .included_object_versions = given.text("IncludedObjectVersions"),
      .optional_fields = given.texts("OptionalFields"),
      .schedule = {.frequency = given.text("ScheduleFrequency")}};
  if (auto prefix = given.find_text("Prefix")) made.filter = InventoryFilter{.prefix = *prefix};
  return made;
}

MetricsConfiguration metrics_from(const Properties& given) {
  MetricsConfiguration made{.id = given.text("Id")};
  MetricsAndOperator parts{.prefix = given.find_text("Prefix"),
                           .tags = tags_from(given.tags("TagFilters")),
                           .access_point_arn = given.find_text("AccessPointArn")};
  if (parts.prefix || parts.access_point_arn || !parts.tags.empty()) {
    made.filter = MetricsFilter{.and_ = std::move(parts)};
  }
  return made;
}

IntelligentTieringConfiguration tiering_from(const Properties& given) {
  IntelligentTieringConfiguration made{.id = given.text("Id"), .status = given.text("Status")};
  IntelligentTieringAndOperator parts{.prefix = given.find_text("Prefix"),
                                      .tags = tags_from(given.tags("TagFilters"))};
  if (parts.prefix || !parts.tags.empty()) made.filter = IntelligentTieringFilter{.and_ = std::move(parts)};
  for (const Properties& each : given.objects("Tierings")) {
    made.tierings.push_back({.days = static_cast<int32_t>(each.integer("Days", 0)),
                             .access_tier = each.text("AccessTier")});
  }
  return made;
}

// A list of configurations that each have an id of their own: those that were are taken away, those that are
// wanted put. `request_for` makes the request of one.
template <class Put, class Delete, class RequestFor>
void put_named(Context& context, const std::string& bucket, std::string_view list, const Properties& was,
               const Properties& wanted, const RequestFor& request_for) {
  if (!differs(was, wanted, list)) return;
  for (const Properties& each : was.objects(list)) {
    context.invoke<Delete>({.bucket = bucket, .id = each.text("Id")});
  }
  for (const Properties& each : wanted.objects(list)) context.invoke<Put>(request_for(each));
}

void put_tierings(Context& context, const std::string& bucket, const Properties& was,
                  const Properties& wanted) {
  put_named<PutBucketIntelligentTieringConfiguration, DeleteBucketIntelligentTieringConfiguration>(
      context, bucket, "IntelligentTieringConfigurations", was, wanted, [&](const Properties& each) {
        return PutBucketIntelligentTieringConfigurationRequest{
            .bucket = bucket, .id = each.text("Id"), .intelligent_tiering_configuration = tiering_from(each)};
      });
}

void put_inventories(Context& context, const std::string& bucket, const Properties& was,
                     const Properties& wanted) {
  put_named<PutBucketInventoryConfiguration, DeleteBucketInventoryConfiguration>(
      context, bucket, "InventoryConfigurations", was, wanted, [&](const Properties& each) {
        return PutBucketInventoryConfigurationRequest{
            .bucket = bucket, .id = each.text("Id"), .inventory_configuration = inventory_from(each)};
      });
}

void put_metrics(Context& context, const std::string& bucket, const Properties& was,
                 const Properties& wanted) {
  put_named<PutBucketMetricsConfiguration, DeleteBucketMetricsConfiguration>(
      context, bucket, "MetricsConfigurations", was, wanted, [&](const Properties& each) {
        return PutBucketMetricsConfigurationRequest{
            .bucket = bucket, .id = each.text("Id"), .metrics_configuration = metrics_from(each)};
      });
}

struct Document {
  const char* name;
  void (*put)(Context& context, const std::string& bucket, const std::optional<Properties>& given);
};
constexpr Document kDocuments[] = {
    {"AccelerateConfiguration", put_acceleration},    {"BucketEncryption", put_encryption},
    {"LifecycleConfiguration", put_lifecycle},        {"LoggingConfiguration", put_logging},
    {"NotificationConfiguration", put_notifications}, {"ObjectLockConfiguration", put_object_lock},
    {"ReplicationConfiguration", put_replication},    {"WebsiteConfiguration", put_website}};

}  // namespace

void apply_documents(Context& context, const std::string& bucket, const Properties& was,
                     const Properties& wanted) {
  for (const Document& document : kDocuments) {
    if (!differs(was, wanted, document.name)) continue;
    document.put(context, bucket, wanted.find_object(document.name));
  }
  put_inventories(context, bucket, was, wanted);
  put_tierings(context, bucket, was, wanted);
  put_metrics(context, bucket, was, wanted);
}

}  // namespace holm::s3
