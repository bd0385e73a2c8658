// What an attempt is made of.

#include "services/sns/parcel.h"

#include "services/sns/retry_policy.h"

namespace holm::sns {

std::string setting(const Attributes& attributes, const char* name) {
  auto found = attributes.find(name);
  return found == attributes.end() ? std::string() : found->second;
}

// https://docs.aws.amazon.com/sns/latest/dg/http-header.html
http::Headers Courier::Parcel::headers() const {
  std::string type =
      parse_topic_policy(setting(topic, "DeliveryPolicy")).value_or(TopicRetryPolicy()).content_type;
  const std::string own = parse_subscription_policy(setting(settings, "DeliveryPolicy"))
                              .value_or(SubscriptionRetryPolicy())
                              .content_type;
  if (!own.empty()) type = own;
  if (type.empty()) type = "text/plain; charset=UTF-8";
  http::Headers headers = {{"Content-Type", type},
                           {"User-Agent", "Amazon Simple Notification Service Agent"},
                           {"x-amz-sns-message-type", delivery.kind},
                           {"x-amz-sns-message-id", delivery.message_id},
                           {"x-amz-sns-topic-arn", subscription.topic.arn()}};
  if (delivery.kind != "SubscriptionConfirmation")
    headers.add("x-amz-sns-subscription-arn", subscription.arn());
  if (is_raw) headers.add("x-amz-sns-rawdelivery", "true");
  return headers;
}

}  // namespace holm::sns
