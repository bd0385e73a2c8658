// When deliveries are tried again.

#include "services/sns/retry_policy.h"

#include <gtest/gtest.h>

namespace holm::sns {
namespace {

std::vector<int64_t> seconds_of(const RetryPolicy& policy, int64_t count) {
  std::vector<int64_t> delays;
  for (int64_t retry = 1; retry <= count; ++retry) {
    auto delay = policy.delay_before(retry);
    delays.push_back(delay ? delay->count() / 1000 : -1);
  }
  return delays;
}

TEST(RetryPolicy, OfATopicThatSaysNothingTriesThreeTimesAfterTwentySeconds) {
  EXPECT_EQ(seconds_of(parse_topic_policy("").value().http, 4), (std::vector<int64_t>{20, 20, 20, -1}));
}

TEST(RetryPolicy, HasFourPhases) {
  auto policy = parse_topic_policy(
      R"({"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":10,"numRetries":9,)"
      R"("numNoDelayRetries":1,"numMinDelayRetries":2,"numMaxDelayRetries":2,"backoffFunction":"linear"}}})");
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ(seconds_of(policy->http, 10), (std::vector<int64_t>{0, 1, 1, 1, 4, 7, 10, 10, 10, -1}));
}

TEST(RetryPolicy, GrowsFromTheLeastToTheGreatestDelay) {
  for (const char* function : {"linear", "arithmetic", "geometric", "exponential"}) {
    auto policy = parse_subscription_policy(
        std::string(R"({"healthyRetryPolicy":{"minDelayTarget":5,"maxDelayTarget":100,"numRetries":20,)") +
        R"("backoffFunction":")" + function + "\"}}");
    ASSERT_TRUE(policy && policy->retry) << function;
    const std::vector<int64_t> delays = seconds_of(*policy->retry, 20);
    EXPECT_TRUE(std::is_sorted(delays.begin(), delays.end())) << function;
    EXPECT_EQ(delays.front(), 5) << function;
    EXPECT_EQ(delays.back(), 100) << function;
  }
}

TEST(RetryPolicy, OfASubscriptionYieldsWhereTheTopicSaysSo) {
  const auto own = parse_subscription_policy(R"({"healthyRetryPolicy":{"numRetries":1}})").value();
  EXPECT_EQ(retry_policy_of(parse_topic_policy("").value(), own).retries, 1);
  const auto strict = parse_topic_policy(R"({"http":{"disableSubscriptionOverrides":true}})").value();
  EXPECT_EQ(retry_policy_of(strict, own).retries, 3);
  EXPECT_EQ(parse_topic_policy(write_topic_policy(strict)).value().disables_overrides, true);
}

TEST(RetryPolicy, ThatMakesNoSenseIsRefused) {
  for (const char* wrong :
       {"x", "[]", "{}", R"({"http":1})", R"({"http":{"defaultHealthyRetryPolicy":[]}})",
        R"({"http":{"defaultHealthyRetryPolicy":{"numRetries":101}}})",
        R"({"http":{"defaultHealthyRetryPolicy":{"numRetries":2,"numNoDelayRetries":3}}})",
        R"({"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":30,"maxDelayTarget":20}}})",
        R"({"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":0}}})",
        R"({"http":{"defaultHealthyRetryPolicy":{"backoffFunction":"none"}}})",
        R"({"http":{"defaultThrottlePolicy":{"maxReceivesPerSecond":1}}})",
        R"({"http":{"defaultRequestPolicy":{"headerContentType":"a\r\nb: c"}}})"}) {
    EXPECT_FALSE(parse_topic_policy(wrong)) << wrong;
  }
}

TEST(RetryPolicy, OfMailGoesOnForHours) {
  int64_t whole = 0;
  for (int64_t delay : seconds_of(retry_policy_of_mail(), 50)) whole += delay;
  EXPECT_NEAR(static_cast<double>(whole), 6.8 * 3600, 3600);
}

}  // namespace
}  // namespace holm::sns
