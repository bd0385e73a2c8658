// Properties of AWS::S3::Bucket that are documents of S3: their schema, and how each is set.
#pragma once

#include <string>

#include "stacks/resource_type.h"

namespace holm::s3 {

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
    {.name = "NoncurrentVersionTransitions",
     .kind = stacks::PropertyKind::List,
     .element = stacks::PropertyKind::Object,
     .members = kOldTransitionMembers},
    {.name = "ObjectSizeGreaterThan", .kind = stacks::PropertyKind::Integer},
    {.name = "ObjectSizeLessThan", .kind = stacks::PropertyKind::Integer},
    {.name = "Prefix"},
    {.name = "Status", .presence = stacks::Presence::Required},
    {.name = "TagFilters",
     .kind = stacks::PropertyKind::List,
     .element = stacks::PropertyKind::Object,
     .members = stacks::kTagSchema},
    {.name = "Transitions",
     .kind = stacks::PropertyKind::List,
     .element = stacks::PropertyKind::Object,
     .members = kTransitionMembers}};
inline constexpr stacks::PropertySchema kLifecycleMembers[] = {{.name = "Rules",
                                                                .kind = stacks::PropertyKind::List,
                                                                .presence = stacks::Presence::Required,
                                                                .element = stacks::PropertyKind::Object,
                                                                .members = kLifecycleRuleMembers}};

inline constexpr stacks::PropertySchema kLoggingMembers[] = {{.name = "DestinationBucketName"},
                                                             {.name = "LogFilePrefix"}};
inline constexpr stacks::PropertySchema kAccelerateMembers[] = {
    {.name = "AccelerationStatus", .presence = stacks::Presence::Required}};

// Sets on the bucket what differs, by the operations of S3.
void apply_documents(stacks::Context& context, const std::string& bucket, const stacks::Properties& was,
                     const stacks::Properties& wanted);

}  // namespace holm::s3
