// Events: the configuration, the outbox and the delivery.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html

#include "services/s3/notifications.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aws/codec/json_codec.h"
#include "aws/service/region.h"
#include "base/check.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "formats/json.h"
#include "jobs/jobs.h"
#include "lambda/operations.h"
#include "s3/handlers.h"
#include "s3/schema.h"
#include "services/s3/service.h"

namespace holm::s3 {

namespace {

using formats::Array;
using formats::Object;
using formats::Value;

constexpr int kAttemptsMax =
    200;  // A function that cannot be reached for about three hours misses the event.
constexpr std::array<std::string_view, 15> kEvents = {"s3:ObjectCreated:*",
                                                      "s3:ObjectCreated:Put",
                                                      "s3:ObjectCreated:Copy",
                                                      "s3:ObjectCreated:Post",
                                                      "s3:ObjectCreated:CompleteMultipartUpload",
                                                      "s3:ObjectRemoved:*",
                                                      "s3:ObjectRemoved:Delete",
                                                      "s3:ObjectRemoved:DeleteMarkerCreated",
                                                      "s3:ObjectTagging:*",
                                                      "s3:ObjectTagging:Put",
                                                      "s3:ObjectTagging:Delete",
                                                      "s3:LifecycleExpiration:*",
                                                      "s3:LifecycleExpiration:Delete",
                                                      "s3:LifecycleExpiration:DeleteMarkerCreated",
                                                      "s3:LifecycleTransition"};

struct KeyFilter {
  std::string prefix;
  std::string suffix;
};

KeyFilter filter_of(const LambdaFunctionConfiguration& configuration) {
  KeyFilter filter;
  if (!configuration.filter || !configuration.filter->key) return filter;
  for (const FilterRule& rule : configuration.filter->key->filter_rules) {
    const bool is_prefix = to_lower(rule.name.value_or("")) == "prefix";
    (is_prefix ? filter.prefix : filter.suffix) = rule.value.value_or("");
  }
  return filter;
}

// "s3:ObjectCreated:*" covers "s3:ObjectCreated:Put".
bool covers(std::string_view pattern, std::string_view event) {
  if (!pattern.ends_with('*')) return pattern == event;
  return event.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool wants(const LambdaFunctionConfiguration& configuration, const ObjectEvent& event) {
  const std::string name = "s3:" + event.name;
  const KeyFilter filter = filter_of(configuration);
  return event.key.starts_with(filter.prefix) && event.key.ends_with(filter.suffix) &&
         std::ranges::any_of(configuration.events,
                             [&](const std::string& pattern) { return covers(pattern, name); });
}

[[noreturn]] void throw_invalid(const std::string& message) {
  throw aws::ServiceError("InvalidArgument", 400, message);
}

void require_filter(const LambdaFunctionConfiguration& configuration) {
  if (!configuration.filter || !configuration.filter->key) return;
  int prefixes = 0, suffixes = 0;
  for (const FilterRule& rule : configuration.filter->key->filter_rules) {
    const std::string name = to_lower(rule.name.value_or(""));
    if (name != "prefix" && name != "suffix")
      throw_invalid("filter rule name must be either prefix or suffix");
    ++(name == "prefix" ? prefixes : suffixes);
  }
  if (prefixes > 1) throw_invalid("Cannot specify more than one prefix rule in a filter.");
  if (suffixes > 1) throw_invalid("Cannot specify more than one suffix rule in a filter.");
}

bool shares_event(const LambdaFunctionConfiguration& a, const LambdaFunctionConfiguration& b) {
  for (const std::string& first : a.events) {
    for (const std::string& second : b.events) {
      if (covers(first, second) || covers(second, first)) return true;
    }
  }
  return false;
}

// Two filters that some key passes both of.
bool overlap(const KeyFilter& a, const KeyFilter& b) {
  const bool prefixes = a.prefix.starts_with(b.prefix) || b.prefix.starts_with(a.prefix);
  const bool suffixes = a.suffix.ends_with(b.suffix) || b.suffix.ends_with(a.suffix);
  return prefixes && suffixes;
}

void require_unambiguous(const std::vector<LambdaFunctionConfiguration>& configurations) {
  for (size_t i = 0; i < configurations.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (!shares_event(configurations[i], configurations[j])) continue;
      if (!overlap(filter_of(configurations[i]), filter_of(configurations[j]))) continue;
      throw_invalid(
          "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the "
          "prefixes "
          "are overlapping for the same event type.");
    }
  }
}

// arn:aws:lambda:region:account:function:name, without an alias or version.
std::string function_in(const std::string& arn) {
  const auto parts = split(arn, ':');
  if (parts.size() < 7 || parts[2] != "lambda" || parts[5] != "function") return {};
  return std::string(parts[6]);
}

// The functions of the bucket's account and region. Other ones cannot be told.
bool function_exists(Call& call, const BucketRow& bucket, const std::string& arn) {
  const std::string start = fmt::format("arn:aws:lambda:{}:{}:function:", bucket.region, bucket.account);
  const std::string name = function_in(arn);
  if (name.empty() || !arn.starts_with(start)) return false;
  Call there = call;
  there.region = bucket.region;
  const aws::Principal as = aws::service_principal("s3.amazonaws.com", bucket.account);
  lambda::ListFunctionsRequest request;
  while (true) {
    const auto page = call.client.call<lambda::ListFunctions>(there, as, request);
    for (const auto& function : page.functions) {
      if (function.function_name == name) return true;
    }
    if (!page.next_marker || page.functions.empty()) return false;
    request.marker = page.next_marker;
  }
}

void require_destinations(Call& call, const BucketRow& bucket,
                          const std::vector<LambdaFunctionConfiguration>& configurations) {
  for (const LambdaFunctionConfiguration& configuration : configurations) {
    if (function_exists(call, bucket, configuration.lambda_function_arn)) continue;
    aws::ServiceError error("InvalidArgument", 400,
                            "Unable to validate the following destination configurations");
    error.with("ArgumentName1", configuration.lambda_function_arn)
        .with("ArgumentValue1",
              "The destination Lambda function does not exist in the bucket's region and account.");
    throw error;
  }
}

std::optional<NotificationConfiguration> find_notifications(sql::Transaction& transaction, int64_t bucket) {
  const auto document = find_configuration(transaction, bucket, "notifications");
  if (!document) return std::nullopt;
  NotificationConfiguration configuration;
  CHECK(aws::read_json(*document, schema::kNotificationConfiguration, &configuration).has_value());
  return configuration;
}

Object object_of(std::initializer_list<std::pair<std::string, Value>> members) {
  Object object;
  for (const auto& [name, value] : members) object.append(name, value);
  return object;
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
std::string message_of(const Call& call, const BucketRow& bucket, const ObjectEvent& event,
                       const LambdaFunctionConfiguration& configuration) {
  // Keys travel as in forms: a space is a plus sign.
  Object object;
  object.append("key", replace_all(percent_encode(event.key, Slash::Keep), "%20", "+"));
  if (event.bytes) object.append("size", static_cast<int64_t>(*event.bytes));
  if (!event.etag.empty()) object.append("eTag", event.etag);
  if (event.version != "null") object.append("versionId", event.version);
  object.append("sequencer", fmt::format("{:016X}", event.sequence * 2 + (event.bytes ? 0 : 1)));
  Object owner = object_of({{"principalId", canonical_id(bucket.account)}});
  Object where = object_of(
      {{"name", bucket.name}, {"ownerIdentity", std::move(owner)}, {"arn", bucket_arn(bucket.name)}});
  Object s3 = object_of({{"s3SchemaVersion", "1.0"},
                         {"configurationId", configuration.id.value_or("")},
                         {"bucket", std::move(where)},
                         {"object", std::move(object)}});
  Object record = object_of(
      {{"eventVersion", "2.1"},
       {"eventSource", "aws:s3"},
       {"awsRegion", bucket.region},
       {"eventTime", iso8601_milliseconds(call.now)},
       {"eventName", event.name},
       {"userIdentity", object_of({{"principalId", "AWS:" + call.principal.id}})},
       {"requestParameters", object_of({{"sourceIPAddress", call.source_ip}})},
       {"responseElements",
        object_of({{"x-amz-request-id", call.request_id}, {"x-amz-id-2", base64_encode(call.request_id)}})},
       {"s3", std::move(s3)}});
  Array records;
  records.emplace_back(std::move(record));
  return formats::write_json(object_of({{"Records", std::move(records)}}));
}

}  // namespace

void record_event(Service& service, Call& call, const BucketRow& bucket, const ObjectEvent& event) {
  const auto configuration = find_notifications(call.transaction, bucket.id);
  if (!configuration) return;
  for (const LambdaFunctionConfiguration& each : configuration->lambda_function_configurations) {
    if (!wants(each, event)) continue;
    const formats::Object payload = object_of({{"account", bucket.account},
                                               {"region", bucket.region},
                                               {"bucket", bucket.name},
                                               {"function", each.lambda_function_arn},
                                               {"message", message_of(call, bucket, event, each)}});
    jobs::Job job{
        .kind = kDeliveryJob, .key = service.random().uuid(), .payload = formats::write_json(payload)};
    service.jobs().schedule(call.transaction, job, call.now);
  }
}

// A crash between the function's acceptance and the end of the job makes it be told again.
void deliver_event(aws::Region& region, const jobs::Job& job) {
  const auto payload = formats::parse_json(job.payload);
  CHECK(payload.has_value());
  auto member = [&](std::string_view name) {
    const formats::Value* found = payload->find(name);
    CHECK(found && found->as_string());  // Another version of the program may have stored the job.
    return *found->as_string();
  };
  if (job.attempt > kAttemptsMax) {
    log::warning(fmt::format("S3: an event for {} is given up.", member("function")));
    return;
  }
  aws::Caller caller = region.caller(member("account"), member("region"), "s3.amazonaws.com");
  // What it calls for: functions permit it by aws:SourceArn.
  caller.principal.arn = bucket_arn(member("bucket"));
  lambda::InvocationRequest request{
      .function_name = member("function"), .invocation_type = "Event", .payload = member("message")};
  region.call_blocking<lambda::Invoke>(std::move(caller), std::move(request));
}

NotificationConfiguration get_bucket_notification_configuration(
    Service&, Call& call, const GetBucketNotificationConfigurationRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  return find_notifications(call.transaction, bucket.id).value_or(NotificationConfiguration{});
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
// Replaces all of it; an empty one turns events off.
Nothing put_bucket_notification_configuration(Service& service, Call& call,
                                              const PutBucketNotificationConfigurationRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  NotificationConfiguration wanted{.lambda_function_configurations =
                                       request.notification_configuration.lambda_function_configurations};
  for (LambdaFunctionConfiguration& configuration : wanted.lambda_function_configurations) {
    for (const std::string& event : configuration.events) {
      if (std::ranges::find(kEvents, event) == kEvents.end()) throw aws::NotImplemented("The event " + event);
    }
    require_filter(configuration);
    if (!configuration.id || configuration.id->empty()) configuration.id = service.random().uuid();
  }
  require_unambiguous(wanted.lambda_function_configurations);
  if (!request.skip_destination_validation.value_or(false)) {
    require_destinations(call, bucket, wanted.lambda_function_configurations);
  }
  if (wanted.lambda_function_configurations.empty()) {
    clear_configuration(call, bucket.id, "notifications");
  } else {
    set_configuration(call, bucket.id, "notifications",
                      aws::write_json(schema::kNotificationConfiguration, &wanted));
  }
  return {};
}

}  // namespace holm::s3
