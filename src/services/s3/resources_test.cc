// The CloudFormation types.

#include "services/s3/resources.h"

#include <gtest/gtest.h>

#include "formats/json.h"
#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

class Resources : public ::testing::Test {
 protected:
  using Work = std::function<void(stacks::Context&)>;
  void in_stack(const Work& work) {
    s3.transact(s3.caller(kTestAccount, "eu-west-1", "cloudformation.amazonaws.com"), sql::Access::Write,
                [&](aws::Call& call) {
                  stacks::Context context{.call = call,
                                          .stack_id = "arn:aws:cloudformation:eu-west-1:1:stack/Site/1",
                                          .stack_name = "Site",
                                          .logical_id = "Media",
                                          .type = "AWS::S3::Bucket",
                                          .name_suffix = "ABCDEFGHIJKL"};
                  work(context);
                });
  }

  TestFolder folder;
  TestS3 s3{folder.path()};
  std::vector<std::unique_ptr<stacks::ResourceType>> types = resource_types();
};

TEST_F(Resources, MakeChangeAndRemoveABucket) {
  const stacks::ResourceType& type = *types.at(0);
  const formats::Value first = formats::parse_json(R"({
    "CorsConfiguration": {"CorsRules": [{"AllowedMethods": ["PUT"], "AllowedHeaders": ["content-type"],
                                         "AllowedOrigins": ["http://site"], "MaxAge": 600}]},
    "PublicAccessBlockConfiguration": {"BlockPublicAcls": true, "BlockPublicPolicy": true},
    "VersioningConfiguration": {"Status": "Enabled"},
    "Tags": [{"Key": "a", "Value": "b"}]})")
                                   .value();
  stacks::Created made;
  in_stack([&](stacks::Context& context) { made = type.create(context, stacks::Properties(first)); });
  EXPECT_EQ(made.physical_id, "site-media-abcdefghijkl");
  EXPECT_EQ(*made.attributes.find("Arn")->as_string(), "arn:aws:s3:::site-media-abcdefghijkl");
  const std::string bucket = made.physical_id;
  EXPECT_EQ(s3.call<GetBucketCors>({.bucket = bucket}).cors_rules.at(0).max_age_seconds, 600);
  EXPECT_EQ(s3.call<GetBucketVersioning>({.bucket = bucket}).status, "Enabled");
  const auto block = s3.call<GetPublicAccessBlock>({.bucket = bucket}).public_access_block_configuration;
  EXPECT_EQ(block->block_public_policy, true);
  EXPECT_EQ(block->restrict_public_buckets, false);
  EXPECT_EQ(s3.call<GetBucketTagging>({.bucket = bucket}).tag_set.size(), 4u)
      << "and CloudFormation's own three";

  const formats::Value second =
      formats::parse_json(R"({"VersioningConfiguration": {"Status": "Suspended"}})").value();
  const stacks::Existing was{
      .physical_id = bucket, .attributes = made.attributes, .properties = stacks::Properties(first)};
  in_stack([&](stacks::Context& context) { type.update(context, was, stacks::Properties(second)); });
  EXPECT_EQ(s3.outcome<GetBucketCors>({.bucket = bucket}), "404 NoSuchCORSConfiguration");
  EXPECT_EQ(s3.call<GetBucketVersioning>({.bucket = bucket}).status, "Suspended");

  s3.put(bucket, "k", "x");
  auto remove = [&](stacks::Context& context) { type.remove(context, was, stacks::Removal::Delete); };
  EXPECT_THROW(in_stack(remove), aws::ServiceError) << "a bucket that is not empty stays";
  s3.call<DeleteObject>({.bucket = bucket, .key = "k", .version_id = "null"});
  in_stack(remove);
  EXPECT_EQ(s3.outcome<HeadBucket>({.bucket = bucket}), "404 NoSuchBucket");
  in_stack(remove);
}

TEST_F(Resources, SetTheDocumentsOfABucket) {
  const stacks::ResourceType& type = *types.at(0);
  const formats::Value wanted = formats::parse_json(R"({
    "ObjectLockEnabled": true,
    "BucketEncryption": {"ServerSideEncryptionConfiguration": [
        {"BucketKeyEnabled": true,
         "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/x"}}]},
    "LifecycleConfiguration": {"Rules": [
        {"Id": "one", "Status": "Enabled", "Prefix": "logs/", "ExpirationInDays": 3,
         "TagFilters": [{"Key": "a", "Value": "b"}],
         "NoncurrentVersionExpiration": {"NoncurrentDays": 30}},
        {"Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}]},
    "WebsiteConfiguration": {"IndexDocument": "index.html", "ErrorDocument": "error.html",
        "RoutingRules": [{"RoutingRuleCondition": {"KeyPrefixEquals": "a/"},
                          "RedirectRule": {"ReplaceKeyPrefixWith": "b/"}}]},
    "AccelerateConfiguration": {"AccelerationStatus": "Enabled"}})")
                                    .value();
  stacks::Created made;
  in_stack([&](stacks::Context& context) { made = type.create(context, stacks::Properties(wanted)); });
  const std::string bucket = made.physical_id;
  EXPECT_EQ(*made.attributes.find("WebsiteURL")->as_string(),
            "http://site-media-abcdefghijkl.s3-website-eu-west-1.localhost");
  EXPECT_EQ(
      s3.call<GetObjectLockConfiguration>({.bucket = bucket}).object_lock_configuration->object_lock_enabled,
      "Enabled");
  const auto encryption =
      s3.call<GetBucketEncryption>({.bucket = bucket}).server_side_encryption_configuration;
  EXPECT_EQ(encryption->rules.at(0).apply_server_side_encryption_by_default->kms_master_key_id, "alias/x");
  const auto rule = s3.call<GetBucketLifecycleConfiguration>({.bucket = bucket}).rules.at(0);
  EXPECT_EQ(rule.filter->and_->prefix, "logs/");
  EXPECT_EQ(rule.filter->and_->tags.at(0).key, "a");
  EXPECT_EQ(rule.noncurrent_version_expiration->noncurrent_days, 30);
  EXPECT_EQ(s3.call<GetBucketWebsite>({.bucket = bucket}).routing_rules.value().at(0).condition->key_prefix_equals,
            "a/");
  EXPECT_EQ(s3.call<GetBucketAccelerateConfiguration>({.bucket = bucket}).status, "Enabled");

  const formats::Value nothing = formats::parse_json(R"({"ObjectLockEnabled": true})").value();
  const stacks::Existing was{
      .physical_id = bucket, .attributes = made.attributes, .properties = stacks::Properties(wanted)};
  in_stack([&](stacks::Context& context) { type.update(context, was, stacks::Properties(nothing)); });
  EXPECT_EQ(s3.outcome<GetBucketWebsite>({.bucket = bucket}), "404 NoSuchWebsiteConfiguration");
  EXPECT_EQ(s3.outcome<GetBucketLifecycleConfiguration>({.bucket = bucket}),
            "404 NoSuchLifecycleConfiguration");
  EXPECT_EQ(s3.call<GetBucketAccelerateConfiguration>({.bucket = bucket}).status, "Suspended");
}

TEST_F(Resources, SetWhatLeadsToOtherServices) {
  const stacks::ResourceType& type = *types.at(0);
  s3.create_bucket("copies");
  s3.call<PutBucketVersioning>({.bucket = "copies", .versioning_configuration = {.status = "Enabled"}});
  const formats::Value wanted = formats::parse_json(R"({
    "AccessControl": "LogDeliveryWrite",
    "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
    "ObjectLockEnabled": true,
    "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled",
                                "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 3}}},
    "LifecycleConfiguration": {"TransitionDefaultMinimumObjectSize": "varies_by_storage_class",
        "Rules": [{"Status": "Enabled", "Transition": {"StorageClass": "GLACIER", "TransitionInDays": 9}}]},
    "InventoryConfigurations": [{"Id": "all", "Enabled": true, "IncludedObjectVersions": "Current",
        "ScheduleFrequency": "Daily", "OptionalFields": ["Size"],
        "Destination": {"BucketArn": "arn:aws:s3:::copies", "Format": "CSV"}}],
    "NotificationConfiguration": {
        "LambdaConfigurations": [{"Event": "s3:ObjectCreated:*",
            "Function": "arn:aws:lambda:eu-west-1:123456789012:function:f"}],
        "TopicConfigurations": [{"Event": "s3:ObjectRemoved:*",
            "Topic": "arn:aws:sns:eu-west-1:123456789012:t",
            "Filter": {"S3Key": {"Rules": [{"Name": "suffix", "Value": ".jpg"}]}}}]},
    "ReplicationConfiguration": {"Role": "arn:aws:iam::123456789012:role/copier", "Rules": [
        {"Id": "all", "Status": "Enabled", "Priority": 1, "Filter": {"Prefix": "a/"},
         "DeleteMarkerReplication": {"Status": "Disabled"},
         "Destination": {"Bucket": "arn:aws:s3:::copies", "StorageClass": "GLACIER_IR"}}]}})")
                                    .value();
  stacks::Created made;
  in_stack([&](stacks::Context& context) { made = type.create(context, stacks::Properties(wanted)); });
  const std::string bucket = made.physical_id;
  EXPECT_EQ(s3.call<GetBucketAcl>({.bucket = bucket}).grants.size(), 3u)
      << "the owner's, and two of whom delivers logs";
  const auto lock = s3.call<GetObjectLockConfiguration>({.bucket = bucket}).object_lock_configuration;
  EXPECT_EQ(lock->rule->default_retention->days, 3);
  const auto lifecycle = s3.call<GetBucketLifecycleConfiguration>({.bucket = bucket});
  EXPECT_EQ(lifecycle.transition_default_minimum_object_size, "varies_by_storage_class");
  EXPECT_EQ(lifecycle.rules.at(0).transitions.at(0).storage_class, "GLACIER");
  const auto told = s3.call<GetBucketNotificationConfiguration>({.bucket = bucket});
  EXPECT_EQ(told.lambda_function_configurations.size(), 1u);
  EXPECT_EQ(told.topic_configurations.at(0).filter->key->filter_rules.at(0).value, ".jpg");
  const auto replication = s3.call<GetBucketReplication>({.bucket = bucket}).replication_configuration;
  EXPECT_EQ(replication->rules.at(0).filter->prefix, "a/");
  EXPECT_EQ(replication->rules.at(0).destination.storage_class, "GLACIER_IR");

  EXPECT_EQ(s3.outcome<GetBucketInventoryConfiguration>({.bucket = bucket, .id = "all"}), "200");

  const formats::Value nothing = formats::parse_json(R"({"ObjectLockEnabled": true})").value();
  const stacks::Existing was{
      .physical_id = bucket, .attributes = made.attributes, .properties = stacks::Properties(wanted)};
  in_stack([&](stacks::Context& context) { type.update(context, was, stacks::Properties(nothing)); });
  EXPECT_EQ(s3.call<GetBucketNotificationConfiguration>({.bucket = bucket}).topic_configurations.size(), 0u);
  EXPECT_EQ(s3.outcome<GetBucketReplication>({.bucket = bucket}),
            "404 ReplicationConfigurationNotFoundError");
  EXPECT_EQ(s3.outcome<GetBucketInventoryConfiguration>({.bucket = bucket, .id = "all"}),
            "404 NoSuchConfiguration");
}

TEST_F(Resources, DoNotAdoptABucketThatExists) {
  s3.create_bucket("taken");
  const formats::Value wanted = formats::parse_json(R"({"BucketName": "taken"})").value();
  EXPECT_THROW(
      in_stack([&](stacks::Context& context) { types.at(0)->create(context, stacks::Properties(wanted)); }),
      aws::ServiceError);
}

TEST_F(Resources, PutAndTakeAwayABucketPolicy) {
  s3.create_bucket("bbb");
  const formats::Value wanted = formats::parse_json(R"({"Bucket": "bbb", "PolicyDocument": {
    "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "123456789012"},
    "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bbb/*"}]}})")
                                    .value();
  stacks::Created made;
  in_stack(
      [&](stacks::Context& context) { made = types.at(1)->create(context, stacks::Properties(wanted)); });
  EXPECT_EQ(s3.call<GetBucketPolicyStatus>({.bucket = "bbb"}).policy_status->is_public, false);
  const stacks::Existing was{.physical_id = made.physical_id,
                             .attributes = made.attributes,
                             .properties = stacks::Properties(wanted)};
  in_stack([&](stacks::Context& context) { types.at(1)->remove(context, was, stacks::Removal::Delete); });
  EXPECT_EQ(s3.outcome<GetBucketPolicy>({.bucket = "bbb"}), "404 NoSuchBucketPolicy");
}

}  // namespace

}  // namespace holm::s3
