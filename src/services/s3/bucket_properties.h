// Properties of AWS::S3::Bucket that are documents of S3: their schema, and how each is set.
#pragma once

#include <string>

#include "stacks/resource_type.h"

namespace holm::s3 {

inline constexpr stacks::PropertySchema kTagFilters = {.name = "TagFilters",
                                                       .kind = stacks::PropertyKind::List,
                                                       .element = stacks::PropertyKind::Object,
                                                       .members = stacks::kTagSchema};

inline constexpr stacks::PropertySchema kRedirectAllMembers[] = {
    {.name = "HostName", .presence = stacks::Presence::Required}, {.name = "Protocol"}};
inline constexpr stacks::PropertySchema kRedirectRuleMembers[] = {{.name = "HostName"},
                                                                  {.name = "HttpRedirectCode"},
                                                                  {.name = "Protocol"},
                                                                  {.name = "ReplaceKeyPrefixWith"},
                                                                  {.name = "ReplaceKeyWith"}};
inline constexpr stacks::PropertySchema kRoutingConditionMembers[] = {{.name = "HttpErrorCodeReturnedEquals"},
                                                                      {.name = "KeyPrefixEquals"}};
inline constexpr stacks::PropertySchema kRoutingRuleMembers[] = {{.name = "RedirectRule",
                                                                  .kind = stacks::PropertyKind::Object,
                                                                  .presence = stacks::Presence::Required,
                                                                  .members = kRedirectRuleMembers},
                                                                 {.name = "RoutingRuleCondition",
                                                                  .kind = stacks::PropertyKind::Object,
                                                                  .members = kRoutingConditionMembers}};
inline constexpr stacks::PropertySchema kWebsiteMembers[] = {
    {.name = "ErrorDocument"},
    {.name = "IndexDocument"},
    {.name = "RedirectAllRequestsTo", .kind = stacks::PropertyKind::Object, .members = kRedirectAllMembers},
    {.name = "RoutingRules",
     .kind = stacks::PropertyKind::List,
     .element = stacks::PropertyKind::Object,
     .members = kRoutingRuleMembers}};

inline constexpr stacks::PropertySchema kByDefaultMembers[] = {
    {.name = "KMSMasterKeyID"}, {.name = "SSEAlgorithm", .presence = stacks::Presence::Required}};
inline constexpr stacks::PropertySchema kEncryptionRuleMembers[] = {
    {.name = "BucketKeyEnabled", .kind = stacks::PropertyKind::Boolean},
    {.name = "ServerSideEncryptionByDefault",
     .kind = stacks::PropertyKind::Object,
     .members = kByDefaultMembers}};
inline constexpr stacks::PropertySchema kEncryptionMembers[] = {{.name = "ServerSideEncryptionConfiguration",
                                                                 .kind = stacks::PropertyKind::List,
                                                                 .presence = stacks::Presence::Required,
                                                                 .element = stacks::PropertyKind::Object,
                                                                 .members = kEncryptionRuleMembers}};

inline constexpr stacks::PropertySchema kAbortMembers[] = {{.name = "DaysAfterInitiation",
                                                            .kind = stacks::PropertyKind::Integer,
                                                            .presence = stacks::Presence::Required}};
inline constexpr stacks::PropertySchema kOldVersionMembers[] = {
    {.name = "NewerNoncurrentVersions", .kind = stacks::PropertyKind::Integer},
    {.name = "NoncurrentDays",
     .kind = stacks::PropertyKind::Integer,
     .presence = stacks::Presence::Required}};
inline constexpr stacks::PropertySchema kTransitionMembers[] = {
    {.name = "StorageClass", .presence = stacks::Presence::Required},
    {.name = "TransitionDate"},
    {.name = "TransitionInDays", .kind = stacks::PropertyKind::Integer}};
inline constexpr stacks::PropertySchema kOldTransitionMembers[] = {
    {.name = "NewerNoncurrentVersions", .kind = stacks::PropertyKind::Integer},
    {.name = "StorageClass", .presence = stacks::Presence::Required},
    {.name = "TransitionInDays",
     .kind = stacks::PropertyKind::Integer,
     .presence = stacks::Presence::Required}};
inline constexpr stacks::PropertySchema kLifecycleRuleMembers[] = {
    {.name = "AbortIncompleteMultipartUpload",
     .kind = stacks::PropertyKind::Object,
     .members = kAbortMembers},
    {.name = "ExpirationDate"},
    {.name = "ExpirationInDays", .kind = stacks::PropertyKind::Integer},
    {.name = "ExpiredObjectDeleteMarker", .kind = stacks::PropertyKind::Boolean},
    {.name = "Id"},
    {.name = "NoncurrentVersionExpiration",
     .kind = stacks::PropertyKind::Object,
     .members = kOldVersionMembers},
    {.name = "NoncurrentVersionExpirationInDays", .kind = stacks::PropertyKind::Integer},
    {.name = "NoncurrentVersionTransition",
     .kind = stacks::PropertyKind::Object,
     .members = kOldTransitionMembers},
    {.name = "NoncurrentVersionTransitions",
     .kind = stacks::PropertyKind::List,
     .element = stacks::PropertyKind::Object,
     .members = kOldTransitionMembers},
    {.name = "ObjectSizeGreaterThan", .kind = stacks::PropertyKind::Integer},
    {.name = "ObjectSizeLessThan", .kind = stacks::PropertyKind::Integer},
    {.name = "Prefix"},
    {.name = "Status", .presence = stacks::Presence::Required},
    kTagFilters,
    {.name = "Transition", .kind = stacks::PropertyKind::Object, .members = kTransitionMembers},
    {.name = "Transitions",
     .kind = stacks::PropertyKind::List,
     .element = stacks::PropertyKind::Object,
     .members = kTransitionMembers}};
inline constexpr stacks::PropertySchema kLifecycleMembers[] = {
    {.name = "Rules",
     .kind = stacks::PropertyKind::List,
     .presence = stacks::Presence::Required,
     .element = stacks::PropertyKind::Object,
     .members = kLifecycleRuleMembers},
    {.name = "TransitionDefaultMinimumObjectSize"}};

inline constexpr stacks::PropertySchema kPartitionedMembers[] = {{.name = "PartitionDateSource"}};
inline constexpr stacks::PropertySchema kKeyFormatMembers[] = {
    {.name = "PartitionedPrefix", .kind = stacks::PropertyKind::Object, .members = kPartitionedMembers},
    {.name = "SimplePrefix", .kind = stacks::PropertyKind::Object}};
inline constexpr stacks::PropertySchema kLoggingMembers[] = {
    {.name = "DestinationBucketName"},
    {.name = "LogFilePrefix"},
    {.name = "TargetObjectKeyFormat", .kind = stacks::PropertyKind::Object, .members = kKeyFormatMembers}};

inline constexpr stacks::PropertySchema kRetentionMembers[] = {
    {.name = "Days", .kind = stacks::PropertyKind::Integer},
    {.name = "Mode"},
    {.name = "Years", .kind = stacks::PropertyKind::Integer}};
inline constexpr stacks::PropertySchema kLockRuleMembers[] = {
    {.name = "DefaultRetention", .kind = stacks::PropertyKind::Object, .members = kRetentionMembers}};
inline constexpr stacks::PropertySchema kObjectLockMembers[] = {
    {.name = "ObjectLockEnabled"},
    {.name = "Rule", .kind = stacks::PropertyKind::Object, .members = kLockRuleMembers}};

inline constexpr stacks::PropertySchema kInventoryDestinationMembers[] = {
    {.name = "BucketAccountId"},
    {.name = "BucketArn", .presence = stacks::Presence::Required},
    {.name = "Format", .presence = stacks::Presence::Required},
    {.name = "Prefix"}};
inline constexpr stacks::PropertySchema kInventoryMembers[] = {
    {.name = "Destination",
     .kind = stacks::PropertyKind::Object,
     .presence = stacks::Presence::Required,
     .members = kInventoryDestinationMembers},
    {.name = "Enabled", .kind = stacks::PropertyKind::Boolean, .presence = stacks::Presence::Required},
    {.name = "Id", .presence = stacks::Presence::Required},
    {.name = "IncludedObjectVersions", .presence = stacks::Presence::Required},
    {.name = "OptionalFields", .kind = stacks::PropertyKind::List},
    {.name = "Prefix"},
    {.name = "ScheduleFrequency", .presence = stacks::Presence::Required}};

inline constexpr stacks::PropertySchema kMetricsMembers[] = {
    {.name = "AccessPointArn"},
    {.name = "Id", .presence = stacks::Presence::Required},
    {.name = "Prefix"},
    kTagFilters};

inline constexpr stacks::PropertySchema kTieringMembers[] = {
    {.name = "AccessTier", .presence = stacks::Presence::Required},
    {.name = "Days", .kind = stacks::PropertyKind::Integer, .presence = stacks::Presence::Required}};
inline constexpr stacks::PropertySchema kTieringConfigurationMembers[] = {
    {.name = "Id", .presence = stacks::Presence::Required},
    {.name = "Prefix"},
    {.name = "Status", .presence = stacks::Presence::Required},
    kTagFilters,
    {.name = "Tierings",
     .kind = stacks::PropertyKind::List,
     .presence = stacks::Presence::Required,
     .element = stacks::PropertyKind::Object,
     .members = kTieringMembers}};

inline constexpr stacks::PropertySchema kStatusMembers[] = {{.name = "Status"}};
inline constexpr stacks::PropertySchema kReplicationAndMembers[] = {{.name = "Prefix"}, kTagFilters};
inline constexpr stacks::PropertySchema kReplicationFilterMembers[] = {
    {.name = "And", .kind = stacks::PropertyKind::Object, .members = kReplicationAndMembers},
    {.name = "Prefix"},
    {.name = "TagFilter", .kind = stacks::PropertyKind::Object, .members = stacks::kTagSchema}};
inline constexpr stacks::PropertySchema kReplicationDestinationMembers[] = {
    {.name = "Account"},
    {.name = "Bucket", .presence = stacks::Presence::Required},
    {.name = "StorageClass"}};
inline constexpr stacks::PropertySchema kReplicationRuleMembers[] = {
    {.name = "DeleteMarkerReplication", .kind = stacks::PropertyKind::Object, .members = kStatusMembers},
    {.name = "Destination",
     .kind = stacks::PropertyKind::Object,
     .presence = stacks::Presence::Required,
     .members = kReplicationDestinationMembers},
    {.name = "Filter", .kind = stacks::PropertyKind::Object, .members = kReplicationFilterMembers},
    {.name = "Id"},
    {.name = "Prefix"},
    {.name = "Priority", .kind = stacks::PropertyKind::Integer},
    {.name = "Status", .presence = stacks::Presence::Required}};
inline constexpr stacks::PropertySchema kReplicationMembers[] = {
    {.name = "Role", .presence = stacks::Presence::Required},
    {.name = "Rules",
     .kind = stacks::PropertyKind::List,
     .presence = stacks::Presence::Required,
     .element = stacks::PropertyKind::Object,
     .members = kReplicationRuleMembers}};
inline constexpr stacks::PropertySchema kAccelerateMembers[] = {
    {.name = "AccelerationStatus", .presence = stacks::Presence::Required}};

inline constexpr stacks::PropertySchema kFilterRuleMembers[] = {
    {.name = "Name", .presence = stacks::Presence::Required},
    {.name = "Value", .presence = stacks::Presence::Required}};
inline constexpr stacks::PropertySchema kS3KeyMembers[] = {{.name = "Rules",
                                                            .kind = stacks::PropertyKind::List,
                                                            .presence = stacks::Presence::Required,
                                                            .element = stacks::PropertyKind::Object,
                                                            .members = kFilterRuleMembers}};
inline constexpr stacks::PropertySchema kFilterMembers[] = {{.name = "S3Key",
                                                             .kind = stacks::PropertyKind::Object,
                                                             .presence = stacks::Presence::Required,
                                                             .members = kS3KeyMembers}};
inline constexpr stacks::PropertySchema kLambdaMembers[] = {
    {.name = "Event", .presence = stacks::Presence::Required},
    {.name = "Filter", .kind = stacks::PropertyKind::Object, .members = kFilterMembers},
    {.name = "Function", .presence = stacks::Presence::Required}};
inline constexpr stacks::PropertySchema kTopicMembers[] = {
    {.name = "Event", .presence = stacks::Presence::Required},
    {.name = "Filter", .kind = stacks::PropertyKind::Object, .members = kFilterMembers},
    {.name = "Topic", .presence = stacks::Presence::Required}};
inline constexpr stacks::PropertySchema kNotificationMembers[] = {{.name = "LambdaConfigurations",
                                                                   .kind = stacks::PropertyKind::List,
                                                                   .element = stacks::PropertyKind::Object,
                                                                   .members = kLambdaMembers},
                                                                  {.name = "TopicConfigurations",
                                                                   .kind = stacks::PropertyKind::List,
                                                                   .element = stacks::PropertyKind::Object,
                                                                   .members = kTopicMembers}};

// Sets on the bucket what differs, by the operations of S3.
void apply_documents(stacks::Context& context, const std::string& bucket, const stacks::Properties& was,
                     const stacks::Properties& wanted);

}  // namespace holm::s3
