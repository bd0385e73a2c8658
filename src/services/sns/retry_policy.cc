// Delivery policies: reading, writing and reckoning with them.

#include "services/sns/retry_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "formats/json.h"

namespace holm::sns {

namespace {

using formats::Object;
using formats::Value;

constexpr int64_t kRetriesMax = 100, kDelayMax = 3600;
constexpr size_t kContentTypeMax = 128;
constexpr std::array<std::pair<std::string_view, Backoff>, 4> kBackoffs = {
    {{"linear", Backoff::Linear},
     {"arithmetic", Backoff::Arithmetic},
     {"geometric", Backoff::Geometric},
     {"exponential", Backoff::Exponential}}};

// How far from the least to the greatest delay, from 0 to 1, at `part` of the way.
double progress(Backoff backoff, double part, double least, double greatest) {
  switch (backoff) {
    case Backoff::Linear: return part;
    case Backoff::Arithmetic: return part * part;
    case Backoff::Geometric: {
      if (greatest <= least) return part;
      const double first = std::max(least, 1.0);
      return (first * std::pow(greatest / first, part) - first) / (greatest - first);
    }
    case Backoff::Exponential: return (std::pow(2, 10 * part) - 1) / (std::pow(2, 10) - 1);
  }
  return part;
}

Result<int64_t> number_in(const Value& document, std::string_view name, int64_t otherwise, int64_t max) {
  const Value* found = document.find(name);
  if (!found || found->is_null()) return otherwise;
  auto number = found->as_integer();
  if (!number || *number < 0 || *number > max) {
    return failure(fmt::format("{} has to be a whole number from 0 to {}", name, max));
  }
  return *number;
}

Result<RetryPolicy> read_retry(const Value& document) {
  if (!document.as_object()) return failure("a retry policy has to be an object");
  RetryPolicy policy;
  struct Number {
    std::string_view name;
    int64_t* value;
    int64_t max;
  };
  int64_t least = policy.min_delay.count(), greatest = policy.max_delay.count();
  for (const Number& each :
       {Number{"numRetries", &policy.retries, kRetriesMax},
        Number{"numNoDelayRetries", &policy.without_delay, kRetriesMax},
        Number{"numMinDelayRetries", &policy.with_min_delay, kRetriesMax},
        Number{"numMaxDelayRetries", &policy.with_max_delay, kRetriesMax},
        Number{"minDelayTarget", &least, kDelayMax}, Number{"maxDelayTarget", &greatest, kDelayMax}}) {
    auto number = number_in(document, each.name, *each.value, each.max);
    if (!number) return std::unexpected(number.error());
    *each.value = *number;
  }
  if (!document.find("maxDelayTarget")) greatest = std::max(greatest, least);
  if (least < 1 || greatest < least)
    return failure("maxDelayTarget must not be less than minDelayTarget, nor that than 1");
  if (policy.without_delay + policy.with_min_delay + policy.with_max_delay > policy.retries) {
    return failure("numRetries must not be less than the retries of all phases");
  }
  policy.min_delay = std::chrono::seconds(least);
  policy.max_delay = std::chrono::seconds(greatest);
  const Value* function = document.find("backoffFunction");
  if (!function || function->is_null()) return policy;
  const std::string* name = function->as_string();
  auto known = std::ranges::find_if(kBackoffs, [&](const auto& each) { return name && each.first == *name; });
  if (known == kBackoffs.end())
    return failure("backoffFunction is linear, arithmetic, geometric or exponential");
  policy.backoff = known->second;
  return policy;
}

// Nobody is to think that deliveries are throttled when they are not.
Result<void> refuse_throttle(const Value* throttle) {
  const Value* rate = throttle ? throttle->find("maxReceivesPerSecond") : nullptr;
  if (rate && !rate->is_null()) return failure("maxReceivesPerSecond is not implemented by holm");
  return {};
}

Result<std::string> read_content_type(const Value* request) {
  const Value* type = request ? request->find("headerContentType") : nullptr;
  if (!type || type->is_null()) return std::string();
  const std::string* text = type->as_string();
  const bool is_good = text && !text->empty() && text->size() <= kContentTypeMax &&
                       std::ranges::all_of(*text, [](char c) { return c >= ' ' && c <= '~'; });
  if (!is_good) return failure("headerContentType has to be a media type");
  return *text;
}

Result<Value> read_object(std::string_view text) {
  auto document = formats::parse_json(text);
  if (!document) return failure("it is no JSON: " + document.error().message);
  if (!document->as_object()) return failure("it has to be an object");
  return std::move(*document);
}

Object retry_document(const RetryPolicy& policy) {
  auto backoff = std::ranges::find(kBackoffs, policy.backoff, &std::pair<std::string_view, Backoff>::second);
  Object document;
  document.set("minDelayTarget", int64_t{policy.min_delay.count()});
  document.set("maxDelayTarget", int64_t{policy.max_delay.count()});
  document.set("numRetries", policy.retries);
  document.set("numMaxDelayRetries", policy.with_max_delay);
  document.set("numNoDelayRetries", policy.without_delay);
  document.set("numMinDelayRetries", policy.with_min_delay);
  document.set("backoffFunction", backoff->first);
  return document;
}

Object request_document(const std::string& content_type) {
  Object document;
  document.set("headerContentType", content_type.empty() ? "text/plain; charset=UTF-8" : content_type);
  return document;
}

}  // namespace

std::optional<std::chrono::milliseconds> RetryPolicy::delay_before(int64_t retry) const {
  if (retry > retries) return std::nullopt;
  if (retry <= without_delay) return std::chrono::milliseconds(0);
  if (retry <= without_delay + with_min_delay) return min_delay;
  if (retry > retries - with_max_delay) return max_delay;
  const int64_t growing = retries - without_delay - with_min_delay - with_max_delay;
  const int64_t at = retry - without_delay - with_min_delay;
  const double part = growing > 1 ? static_cast<double>(at - 1) / static_cast<double>(growing - 1) : 0;
  const auto least = static_cast<double>(min_delay.count()),
             greatest = static_cast<double>(max_delay.count());
  const double seconds = least + (greatest - least) * progress(backoff, part, least, greatest);
  return std::chrono::milliseconds(std::llround(seconds * 1000));
}

RetryPolicy retry_policy_of_lambda() {
  return {.retries = 100'015,
          .without_delay = 3,
          .with_min_delay = 2,
          .with_max_delay = 100'000,
          .min_delay = std::chrono::seconds(1),
          .max_delay = std::chrono::seconds(20),
          .backoff = Backoff::Exponential};
}

RetryPolicy retry_policy_of_mail() {
  return {.retries = 50,
          .without_delay = 0,
          .with_min_delay = 2,
          .with_max_delay = 38,
          .min_delay = std::chrono::seconds(10),
          .max_delay = std::chrono::seconds(600),
          .backoff = Backoff::Exponential};
}

Result<TopicRetryPolicy> parse_topic_policy(std::string_view text) {
  TopicRetryPolicy policy;
  if (text.empty()) return policy;
  auto document = read_object(text);
  if (!document) return std::unexpected(document.error());
  const Value* http = document->find("http");
  if (!http || !http->as_object()) return failure("it has to have http");
  if (auto fine = refuse_throttle(http->find("defaultThrottlePolicy")); !fine)
    return std::unexpected(fine.error());
  if (const Value* retry = http->find("defaultHealthyRetryPolicy"); retry && !retry->is_null()) {
    auto read = read_retry(*retry);
    if (!read) return std::unexpected(read.error());
    policy.http = *read;
  }
  if (const Value* disables = http->find("disableSubscriptionOverrides")) {
    if (!disables->as_boolean()) return failure("disableSubscriptionOverrides has to be true or false");
    policy.disables_overrides = *disables->as_boolean();
  }
  auto type = read_content_type(http->find("defaultRequestPolicy"));
  if (!type) return std::unexpected(type.error());
  policy.content_type = std::move(*type);
  return policy;
}

std::string write_topic_policy(const TopicRetryPolicy& policy) {
  Object http;
  http.set("defaultHealthyRetryPolicy", retry_document(policy.http));
  http.set("disableSubscriptionOverrides", policy.disables_overrides);
  http.set("defaultRequestPolicy", request_document(policy.content_type));
  Object document;
  document.set("http", std::move(http));
  return formats::write_json(document);
}

Result<SubscriptionRetryPolicy> parse_subscription_policy(std::string_view text) {
  SubscriptionRetryPolicy policy;
  if (text.empty()) return policy;
  auto document = read_object(text);
  if (!document) return std::unexpected(document.error());
  if (auto fine = refuse_throttle(document->find("throttlePolicy")); !fine)
    return std::unexpected(fine.error());
  if (const Value* retry = document->find("healthyRetryPolicy"); retry && !retry->is_null()) {
    auto read = read_retry(*retry);
    if (!read) return std::unexpected(read.error());
    policy.retry = *read;
  }
  auto type = read_content_type(document->find("requestPolicy"));
  if (!type) return std::unexpected(type.error());
  policy.content_type = std::move(*type);
  return policy;
}

std::string write_subscription_policy(const TopicRetryPolicy& topic, const SubscriptionRetryPolicy& own) {
  Object document;
  document.set("healthyRetryPolicy", retry_document(retry_policy_of(topic, own)));
  document.set("requestPolicy",
               request_document(own.content_type.empty() ? topic.content_type : own.content_type));
  return formats::write_json(document);
}

RetryPolicy retry_policy_of(const TopicRetryPolicy& topic, const SubscriptionRetryPolicy& own) {
  return topic.disables_overrides ? topic.http : own.retry.value_or(topic.http);
}

}  // namespace holm::sns
