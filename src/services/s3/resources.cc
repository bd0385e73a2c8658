// CloudFormation's types for buckets and their policies.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_S3.html

#include "services/s3/resources.h"

#include <fmt/format.h>

#include "aws/service/error.h"
#include "s3/operations.h"
#include "services/s3/bucket_properties.h"
#include "services/s3/buckets.h"

namespace holm::s3 {

namespace {

using stacks::Context;
using stacks::Created;
using stacks::Existing;
using stacks::Presence;
using stacks::Properties;
using stacks::PropertyKind;
using stacks::PropertySchema;
using stacks::Removal;
using stacks::Update;

constexpr size_t kBucketNameMax = 63;

constexpr PropertySchema kBlockMembers[] = {{.name = "BlockPublicAcls", .kind = PropertyKind::Boolean},
                                            {.name = "BlockPublicPolicy", .kind = PropertyKind::Boolean},
                                            {.name = "IgnorePublicAcls", .kind = PropertyKind::Boolean},
                                            {.name = "RestrictPublicBuckets", .kind = PropertyKind::Boolean}};
constexpr PropertySchema kVersioningMembers[] = {{.name = "Status", .presence = Presence::Required}};
constexpr PropertySchema kOwnershipRuleMembers[] = {{.name = "ObjectOwnership"}};
constexpr PropertySchema kOwnershipMembers[] = {{.name = "Rules",
                                                 .kind = PropertyKind::List,
                                                 .presence = Presence::Required,
                                                 .element = PropertyKind::Object,
                                                 .members = kOwnershipRuleMembers}};
constexpr PropertySchema kCorsRuleMembers[] = {
    {.name = "AllowedHeaders", .kind = PropertyKind::List},
    {.name = "AllowedMethods", .kind = PropertyKind::List, .presence = Presence::Required},
    {.name = "AllowedOrigins", .kind = PropertyKind::List, .presence = Presence::Required},
    {.name = "ExposedHeaders", .kind = PropertyKind::List},
    {.name = "Id"},
    {.name = "MaxAge", .kind = PropertyKind::Integer}};
constexpr PropertySchema kCorsMembers[] = {{.name = "CorsRules",
                                            .kind = PropertyKind::List,
                                            .presence = Presence::Required,
                                            .element = PropertyKind::Object,
                                            .members = kCorsRuleMembers}};
constexpr PropertySchema kBucketProperties[] = {
    {.name = "AccelerateConfiguration", .kind = PropertyKind::Object, .members = kAccelerateMembers},
    {.name = "AccessControl"},
    {.name = "BucketEncryption", .kind = PropertyKind::Object, .members = kEncryptionMembers},
    {.name = "BucketName", .update = Update::Replacement},
    {.name = "CorsConfiguration", .kind = PropertyKind::Object, .members = kCorsMembers},
    {.name = "IntelligentTieringConfigurations",
     .kind = PropertyKind::List,
     .element = PropertyKind::Object,
     .members = kTieringConfigurationMembers},
    {.name = "InventoryConfigurations",
     .kind = PropertyKind::List,
     .element = PropertyKind::Object,
     .members = kInventoryMembers},
    {.name = "LifecycleConfiguration", .kind = PropertyKind::Object, .members = kLifecycleMembers},
    {.name = "LoggingConfiguration", .kind = PropertyKind::Object, .members = kLoggingMembers},
    {.name = "MetricsConfigurations",
     .kind = PropertyKind::List,
     .element = PropertyKind::Object,
     .members = kMetricsMembers},
    {.name = "NotificationConfiguration", .kind = PropertyKind::Object, .members = kNotificationMembers},
    {.name = "ObjectLockConfiguration", .kind = PropertyKind::Object, .members = kObjectLockMembers},
    {.name = "ObjectLockEnabled", .kind = PropertyKind::Boolean, .update = Update::Replacement},
    {.name = "OwnershipControls", .kind = PropertyKind::Object, .members = kOwnershipMembers},
    {.name = "PublicAccessBlockConfiguration", .kind = PropertyKind::Object, .members = kBlockMembers},
    {.name = "ReplicationConfiguration", .kind = PropertyKind::Object, .members = kReplicationMembers},
    {.name = "Tags",
     .kind = PropertyKind::List,
     .element = PropertyKind::Object,
     .members = stacks::kTagSchema},
    {.name = "VersioningConfiguration", .kind = PropertyKind::Object, .members = kVersioningMembers},
    {.name = "WebsiteConfiguration", .kind = PropertyKind::Object, .members = kWebsiteMembers}};
constexpr std::string_view kBucketAttributes[] = {"Arn", "DomainName", "RegionalDomainName",
                                                  "DualStackDomainName", "WebsiteURL"};

CORSConfiguration cors_from(const Properties& properties) {
  CORSConfiguration rules;
  for (const Properties& rule : properties.objects("CorsRules")) {
    CORSRule made{.id = rule.find_text("Id"),
                  .allowed_headers = rule.texts("AllowedHeaders"),
                  .allowed_methods = rule.texts("AllowedMethods"),
                  .allowed_origins = rule.texts("AllowedOrigins"),
                  .expose_headers = rule.texts("ExposedHeaders")};
    if (auto seconds = rule.find_integer("MaxAge")) made.max_age_seconds = static_cast<int32_t>(*seconds);
    rules.cors_rules.push_back(std::move(made));
  }
  return rules;
}

// "LogDeliveryWrite" is "log-delivery-write" to S3.
std::string canned_name(const std::string& name) {
  std::string canned;
  for (const char c : name) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    if (is_upper && !canned.empty()) canned += '-';
    canned += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return canned;
}

PublicAccessBlockConfiguration block_from(const Properties& properties) {
  return {.block_public_acls = properties.boolean("BlockPublicAcls", false),
          .ignore_public_acls = properties.boolean("IgnorePublicAcls", false),
          .block_public_policy = properties.boolean("BlockPublicPolicy", false),
          .restrict_public_buckets = properties.boolean("RestrictPublicBuckets", false)};
}

class BucketType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::S3::Bucket"; }
  std::span<const PropertySchema> properties() const override { return kBucketProperties; }
  std::span<const std::string_view> attributes() const override { return kBucketAttributes; }

  Created create(Context& context, const Properties& wanted) const override {
    const std::string bucket =
        wanted.find_text("BucketName").value_or(context.name(kBucketNameMax, stacks::NameCase::Lower));
    const std::string& region = context.call.region;
    // Creating it again answers as if it were new in us-east-1 only; a stack never adopts what exists.
    if (find_bucket(context.call.transaction, bucket)) {
      throw aws::ServiceError("AlreadyExists", 409, fmt::format("{} already exists", bucket));
    }
    CreateBucketRequest request{.bucket = bucket};
    if (region != "us-east-1") {
      request.create_bucket_configuration = CreateBucketConfiguration{.location_constraint = region};
    }
    if (wanted.boolean("ObjectLockEnabled", false)) request.object_lock_enabled_for_bucket = true;
    context.invoke<CreateBucket>(request);
    const formats::Object none;
    const formats::Value nothing(none);
    apply(context, bucket, Properties(nothing), wanted);
    formats::Object attributes;
    attributes.append("Arn", bucket_arn(bucket));
    attributes.append("DomainName", fmt::format("{}.s3.localhost", bucket));
    attributes.append("RegionalDomainName", fmt::format("{}.s3.{}.localhost", bucket, region));
    attributes.append("DualStackDomainName", fmt::format("{}.s3.{}.localhost", bucket, region));
    attributes.append("WebsiteURL", fmt::format("http://{}.s3-website-{}.localhost", bucket, region));
    return {.physical_id = bucket, .attributes = std::move(attributes)};
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    apply(context, was.physical_id, was.properties, wanted);
  }

  // A bucket that is not empty stays, and the deletion of the stack fails, as on AWS.
  void remove(Context& context, const Existing& resource, Removal) const override {
    if (!find_bucket(context.call.transaction, resource.physical_id)) return;
    context.invoke<DeleteBucket>({.bucket = resource.physical_id});
  }

 private:
  static void apply(Context& context, const std::string& bucket, const Properties& was,
                    const Properties& wanted) {
    apply_protection(context, bucket, was, wanted);
    // Behind what says whether lists count. A bucket where they do not is private anyway.
    const std::string acl = canned_name(wanted.find_text("AccessControl").value_or("Private"));
    if (differs(was, wanted, "AccessControl") && (acl != "private" || was.has("AccessControl"))) {
      context.invoke<PutBucketAcl>({.acl = acl, .bucket = bucket});
    }
    apply_documents(context, bucket, was, wanted);
    if (differs(was, wanted, "CorsConfiguration")) {
      const auto rules = wanted.find_object("CorsConfiguration");
      if (rules) {
        context.invoke<PutBucketCors>({.bucket = bucket, .cors_configuration = cors_from(*rules)});
      } else {
        context.invoke<DeleteBucketCors>({.bucket = bucket});
      }
    }
    put_tags(context, bucket, wanted);
  }

  static void apply_protection(Context& context, const std::string& bucket, const Properties& was,
                               const Properties& wanted) {
    if (differs(was, wanted, "OwnershipControls")) {
      OwnershipControls controls;
      if (const auto given = wanted.find_object("OwnershipControls")) {
        for (const Properties& rule : given->objects("Rules")) {
          controls.rules.push_back({.object_ownership = rule.text("ObjectOwnership")});
        }
        context.invoke<PutBucketOwnershipControls>(
            {.bucket = bucket, .ownership_controls = std::move(controls)});
      } else {
        context.invoke<DeleteBucketOwnershipControls>({.bucket = bucket});
      }
    }
    if (differs(was, wanted, "PublicAccessBlockConfiguration")) {
      if (const auto block = wanted.find_object("PublicAccessBlockConfiguration")) {
        context.invoke<PutPublicAccessBlock>(
            {.bucket = bucket, .public_access_block_configuration = block_from(*block)});
      } else {
        context.invoke<DeletePublicAccessBlock>({.bucket = bucket});
      }
    }
    if (differs(was, wanted, "VersioningConfiguration")) {
      const auto given = wanted.find_object("VersioningConfiguration");
      VersioningConfiguration versioning{.status = given ? given->text("Status") : "Suspended"};
      context.invoke<PutBucketVersioning>({.bucket = bucket, .versioning_configuration = versioning});
    }
  }

  static void put_tags(Context& context, const std::string& bucket, const Properties& wanted) {
    Tagging tagging;
    for (const stacks::Tag& tag : context.tags(wanted.tags())) {
      tagging.tag_set.push_back({.key = tag.key, .value = tag.value});
    }
    if (tagging.tag_set.empty()) return;
    context.invoke<PutBucketTagging>({.bucket = bucket, .tagging = std::move(tagging)});
  }
};

constexpr PropertySchema kPolicyProperties[] = {
    {.name = "Bucket", .presence = Presence::Required, .update = Update::Replacement},
    {.name = "PolicyDocument", .kind = PropertyKind::Json, .presence = Presence::Required}};

class BucketPolicyType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::S3::BucketPolicy"; }
  std::span<const PropertySchema> properties() const override { return kPolicyProperties; }
  std::span<const std::string_view> attributes() const override { return {}; }

  Created create(Context& context, const Properties& wanted) const override {
    put(context, wanted);
    return {.physical_id = wanted.text("Bucket")};
  }

  void update(Context& context, const Existing&, const Properties& wanted) const override {
    put(context, wanted);
  }

  void remove(Context& context, const Existing& resource, Removal) const override {
    if (!find_bucket(context.call.transaction, resource.physical_id)) return;
    context.invoke<DeleteBucketPolicy>({.bucket = resource.physical_id});
  }

 private:
  static void put(Context& context, const Properties& wanted) {
    context.invoke<PutBucketPolicy>(
        {.bucket = wanted.text("Bucket"), .policy = wanted.json("PolicyDocument")});
  }
};

}  // namespace

std::vector<std::unique_ptr<stacks::ResourceType>> resource_types() {
  std::vector<std::unique_ptr<stacks::ResourceType>> types;
  types.push_back(std::make_unique<BucketType>());
  types.push_back(std::make_unique<BucketPolicyType>());
  return types;
}

}  // namespace holm::s3
