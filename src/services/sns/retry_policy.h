// When a delivery that failed is tried again.
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace holm::sns {

enum class Backoff { Linear, Arithmetic, Geometric, Exponential };

// Retries at once, then some after the least delay, then some with delays that grow, then some after the
// greatest.
struct RetryPolicy {
  int64_t retries = 3;
  int64_t without_delay = 0;
  int64_t with_min_delay = 0;
  int64_t with_max_delay = 0;
  std::chrono::seconds min_delay{20};
  std::chrono::seconds max_delay{20};
  Backoff backoff = Backoff::Linear;
  bool operator==(const RetryPolicy&) const = default;

  // Before the retry of that number, from 1; nothing when there is none any more.
  std::optional<std::chrono::milliseconds> delay_before(int64_t retry) const;
};

// What AWS does where nobody can say otherwise.
RetryPolicy retry_policy_of_lambda();
RetryPolicy retry_policy_of_mail();

// What a topic says about HTTP: "DeliveryPolicy".
struct TopicRetryPolicy {
  RetryPolicy http;
  bool disables_overrides = false;
  std::string content_type;  // Empty: the default.
};
// Errors are sentences. Throttling is refused: by an error too.
Result<TopicRetryPolicy> parse_topic_policy(std::string_view text);
std::string write_topic_policy(const TopicRetryPolicy& policy);

// What a subscription says; absent is what the topic says.
struct SubscriptionRetryPolicy {
  std::optional<RetryPolicy> retry;
  std::string content_type;
};
Result<SubscriptionRetryPolicy> parse_subscription_policy(std::string_view text);
// The one that is in force.
std::string write_subscription_policy(const TopicRetryPolicy& topic, const SubscriptionRetryPolicy& own);
RetryPolicy retry_policy_of(const TopicRetryPolicy& topic, const SubscriptionRetryPolicy& own);

}  // namespace holm::sns
