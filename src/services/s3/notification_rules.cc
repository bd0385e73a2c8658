// Event configurations: which there may be, and where they may lead.

#include "services/s3/notification_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "aws/codec/json_codec.h"
#include "aws/service/attempt.h"
#include "aws/service/region.h"
#include "aws/service/service.h"
#include "base/check.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "formats/json.h"
#include "lambda/operations.h"
#include "s3/handlers.h"
#include "s3/schema.h"
#include "services/s3/invalid_argument.h"
#include "services/s3/notifications.h"
#include "services/s3/service.h"
#include "sns/operations.h"

namespace holm::s3 {

namespace {

constexpr std::string_view kKind = "notifications";
constexpr std::array<std::string_view, 21> kEvents = {"s3:ObjectCreated:*",
                                                      "s3:ObjectCreated:Put",
                                                      "s3:ObjectCreated:Copy",
                                                      "s3:ObjectCreated:Post",
                                                      "s3:ObjectCreated:CompleteMultipartUpload",
                                                      "s3:ObjectRemoved:*",
                                                      "s3:ObjectRemoved:Delete",
                                                      "s3:ObjectRemoved:DeleteMarkerCreated",
                                                      "s3:ObjectRestore:*",
                                                      "s3:ObjectRestore:Post",
                                                      "s3:ObjectRestore:Completed",
                                                      "s3:ObjectRestore:Delete",
                                                      "s3:ObjectTagging:*",
                                                      "s3:ObjectTagging:Put",
                                                      "s3:ObjectTagging:Delete",
                                                      "s3:ObjectAcl:Put",
                                                      "s3:LifecycleExpiration:*",
                                                      "s3:LifecycleExpiration:Delete",
                                                      "s3:LifecycleExpiration:DeleteMarkerCreated",
                                                      "s3:LifecycleTransition",
                                                      "s3:IntelligentTiering"};
// What happens here never, or is not looked at.
constexpr std::array<std::string_view, 6> kOtherEvents = {"s3:ReducedRedundancyLostObject",
                                                          "s3:Replication:*",
                                                          "s3:Replication:OperationFailedReplication",
                                                          "s3:Replication:OperationNotTracked",
                                                          "s3:Replication:OperationMissedThreshold",
                                                          "s3:Replication:OperationReplicatedAfterThreshold"};

void require_arn(const char* name, const std::string& arn) {
  if (arn.starts_with("arn:") && split(arn, ':').size() >= 6) return;
  throw_invalid_argument("The ARN could not be parsed", {name, arn});
}

// "s3:ObjectCreated:*" covers "s3:ObjectCreated:Put".
bool covers(std::string_view pattern, std::string_view event) {
  if (!pattern.ends_with('*')) return pattern == event;
  return event.starts_with(pattern.substr(0, pattern.size() - 1));
}

// The members that configurations of functions and topics share.
template <class Configuration>
EventRule rule_of(const Configuration& configuration, const std::string& arn) {
  EventRule rule{.id = configuration.id.value_or(""), .arn = arn, .events = configuration.events};
  if (!configuration.filter || !configuration.filter->key) return rule;
  for (const FilterRule& part : configuration.filter->key->filter_rules) {
    (to_lower(part.name.value_or("")) == "prefix" ? rule.prefix : rule.suffix) = part.value.value_or("");
  }
  return rule;
}

std::vector<EventRule> rules_of(const NotificationConfiguration& configuration) {
  std::vector<EventRule> rules;
  for (const TopicConfiguration& each : configuration.topic_configurations)
    rules.push_back(rule_of(each, each.topic_arn));
  for (const LambdaFunctionConfiguration& each : configuration.lambda_function_configurations)
    rules.push_back(rule_of(each, each.lambda_function_arn));
  return rules;
}

void require_events(const std::vector<std::string>& events) {
  for (const std::string& event : events) {
    if (std::ranges::find(kEvents, event) != kEvents.end()) continue;
    if (std::ranges::find(kOtherEvents, event) != kOtherEvents.end())
      throw aws::NotImplemented("The event " + event);
    throw_invalid_argument("A specified event is not supported for notifications.");
  }
}

void require_filter(const std::optional<NotificationConfigurationFilter>& filter) {
  if (!filter || !filter->key) return;
  int prefixes = 0, suffixes = 0;
  for (const FilterRule& rule : filter->key->filter_rules) {
    const std::string name = to_lower(rule.name.value_or(""));
    if (name != "prefix" && name != "suffix")
      throw_invalid_argument("filter rule name must be either prefix or suffix");
    ++(name == "prefix" ? prefixes : suffixes);
  }
  if (prefixes > 1) throw_invalid_argument("Cannot specify more than one prefix rule in a filter.");
  if (suffixes > 1) throw_invalid_argument("Cannot specify more than one suffix rule in a filter.");
}

// What can be said without knowing where it leads; and it gets an id.
template <class Configuration>
void complete(Service& service, Configuration& configuration) {
  require_events(configuration.events);
  require_filter(configuration.filter);
  if (!configuration.id || configuration.id->empty()) configuration.id = service.random().uuid();
}

bool shares_event(const EventRule& a, const EventRule& b) {
  for (const std::string& first : a.events) {
    for (const std::string& second : b.events) {
      if (covers(first, second) || covers(second, first)) return true;
    }
  }
  return false;
}

// Two filters that some key passes both of.
bool overlap(const EventRule& a, const EventRule& b) {
  const bool prefixes = a.prefix.starts_with(b.prefix) || b.prefix.starts_with(a.prefix);
  const bool suffixes = a.suffix.ends_with(b.suffix) || b.suffix.ends_with(a.suffix);
  return prefixes && suffixes;
}

void require_unambiguous(const std::vector<EventRule>& rules) {
  std::set<std::string> ids;
  for (size_t i = 0; i < rules.size(); ++i) {
    if (!ids.insert(rules[i].id).second)
      throw_invalid_argument("Same ID used for multiple configurations. IDs must be unique");
    for (size_t j = 0; j < i; ++j) {
      if (!shares_event(rules[i], rules[j]) || !overlap(rules[i], rules[j])) continue;
      throw_invalid_argument(
          "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the "
          "prefixes "
          "are overlapping for the same event type.");
    }
  }
}

// As the destinations see S3: they permit it by aws:SourceArn.
aws::Principal teller(const BucketRow& bucket) {
  aws::Principal principal = aws::service_principal("s3.amazonaws.com", bucket.account);
  principal.arn = bucket_arn(bucket.name);
  return principal;
}

// What is wrong with a function: arn:aws:lambda:region:account:function:name, and an alias or version.
std::optional<std::string> problem_of_function(Call& call, const BucketRow& bucket, const std::string& arn) {
  const auto parts = split(arn, ':');
  if (parts.size() < 7 || parts[5] != "function") return "The ARN is not well formed";
  if (parts[4] != bucket.account) return "The destination Lambda function is another account's";
  lambda::GetPolicyRequest request{.function_name = std::string(parts[6])};
  if (parts.size() > 7) request.qualifier = std::string(parts[7]);
  Call there = call;
  there.account = bucket.account;
  there.region = bucket.region;
  const aws::Principal as = teller(bucket);
  aws::Access access{.action = "lambda:InvokeFunction",
                     .resource = arn,
                     .context = {{"aws:SourceArn", {as.arn}}, {"aws:SourceAccount", {bucket.account}}},
                     .resource_account = std::string(parts[4]),
                     .resource_rule = aws::ResourceRule::MustAllow};
  std::function<void()> read = [&] {
    access.resource_policy = call.client.call<lambda::GetPolicy>(there, as, request).policy;
  };
  // As of one that S3 may not invoke: whoever may not invoke it is not told whether it is there.
  if (!aws::attempt(read) && call.client.may(there, as, access)) return std::nullopt;
  return "Not authorized to invoke function [" + arn + "]";
}

// What destinations get to see first.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
std::string test_message(const Call& call, const BucketRow& bucket) {
  formats::Object message;
  message.append("Service", "Amazon S3");
  message.append("Event", "s3:TestEvent");
  message.append("Time", iso8601_milliseconds(call.now));
  message.append("Bucket", bucket.name);
  message.append("RequestId", call.request_id);
  message.append("HostId", base64_encode(call.request_id));
  return formats::write_json(std::move(message));
}

// Publishing the test event shows whether others can be.
std::optional<std::string> problem_of_topic(Call& call, const BucketRow& bucket, const std::string& arn) {
  Call there = call;
  there.account = bucket.account;
  there.region = bucket.region;
  const aws::Principal as = teller(bucket);
  std::function<void()> publish = [&] {
    call.client.call<sns::Publish>(
        there, as,
        {.topic_arn = arn, .message = test_message(call, bucket), .subject = std::string(kSubject)});
  };
  const auto problem = aws::attempt(publish);
  if (!problem) return std::nullopt;
  if (problem->starts_with("NotFound")) return "The destination topic does not exist";
  if (problem->starts_with("AuthorizationError"))
    return "Permissions on the destination topic do not allow S3 to publish notifications from this bucket";
  return problem;
}

std::optional<std::string> problem_of(Call& call, const BucketRow& bucket, const std::string& arn,
                                      std::string_view service) {
  const auto parts = split(arn, ':');
  if (parts.size() < 6 || parts[0] != "arn" || parts[2] != service) return "The ARN is not well formed";
  if (parts[3] != bucket.region) {
    throw_invalid_argument(
        "The notification destination service region is not valid for the bucket location constraint");
  }
  return service == "sns" ? problem_of_topic(call, bucket, arn) : problem_of_function(call, bucket, arn);
}

void require_destinations(Call& call, const BucketRow& bucket, const NotificationConfiguration& wanted) {
  std::set<std::string> seen;
  auto require = [&](const std::string& arn, std::string_view service) {
    if (!seen.insert(arn).second) return;
    const auto problem = problem_of(call, bucket, arn, service);
    if (!problem) return;
    aws::ServiceError error("InvalidArgument", 400,
                            "Unable to validate the following destination configurations");
    error.with("ArgumentName1", service == "lambda" ? arn + ", null" : arn).with("ArgumentValue1", *problem);
    throw error;
  };
  for (const auto& each : wanted.lambda_function_configurations) require(each.lambda_function_arn, "lambda");
  for (const auto& each : wanted.topic_configurations) require(each.topic_arn, "sns");
}

std::optional<NotificationConfiguration> find_notifications(const Settings& settings) {
  const auto* configuration = settings.read<NotificationConfiguration>(kKind, schema::kNotificationConfiguration);
  return configuration != nullptr ? std::optional(*configuration) : std::nullopt;
}

}  // namespace

bool is_about(const EventRule& rule, const std::string& event, const std::string& key) {
  return key.starts_with(rule.prefix) && key.ends_with(rule.suffix) &&
         std::ranges::any_of(rule.events, [&](const std::string& pattern) { return covers(pattern, event); });
}

bool tells_events(const Settings& settings) { return settings.find(kKind) != nullptr; }

std::vector<EventRule> find_event_rules(const Settings& settings) {
  const auto configuration = find_notifications(settings);
  return configuration ? rules_of(*configuration) : std::vector<EventRule>();
}

std::string service_in(const std::string& arn) {
  const auto parts = split(arn, ':');
  return parts.size() > 2 ? std::string(parts[2]) : std::string();
}

NotificationConfiguration get_bucket_notification_configuration(
    Service&, Call& call, const GetBucketNotificationConfigurationRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  return find_notifications({call.transaction, bucket.id}).value_or(NotificationConfiguration{});
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
// Replaces all of it; an empty one turns events off.
Nothing put_bucket_notification_configuration(Service& service, Call& call,
                                              const PutBucketNotificationConfigurationRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  if (request.notification_configuration.event_bridge_configuration)
    throw aws::NotImplemented("PutBucketNotificationConfiguration: EventBridgeConfiguration");
  NotificationConfiguration wanted{
      .topic_configurations = request.notification_configuration.topic_configurations,
      .lambda_function_configurations = request.notification_configuration.lambda_function_configurations};
  for (TopicConfiguration& each : wanted.topic_configurations) complete(service, each);
  for (LambdaFunctionConfiguration& each : wanted.lambda_function_configurations) complete(service, each);
  for (const TopicConfiguration& each : wanted.topic_configurations) require_arn("Topic", each.topic_arn);
  for (const LambdaFunctionConfiguration& each : wanted.lambda_function_configurations)
    require_arn("CloudFunction", each.lambda_function_arn);
  require_unambiguous(rules_of(wanted));
  if (!request.skip_destination_validation.value_or(false)) require_destinations(call, bucket, wanted);
  if (wanted.topic_configurations.empty() && wanted.lambda_function_configurations.empty()) {
    clear_configuration(call, bucket.id, kKind);
  } else {
    set_configuration(call, bucket.id, kKind, aws::write_json(schema::kNotificationConfiguration, &wanted));
  }
  return {};
}

}  // namespace holm::s3
