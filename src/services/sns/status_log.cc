// Writing deliveries' status.

#include "services/sns/status_log.h"

#include <fmt/format.h>

#include "aws/service/region.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "crypto/hash.h"
#include "formats/json.h"
#include "logs/operations.h"
#include "aws/service/attempt.h"

namespace holm::sns {

void log_status(Call& call, const Courier::Parcel& parcel, const Courier::Outcome& outcome,
                const std::string& delivery_id) {
  const TopicId& topic = parcel.subscription.topic;
  formats::Object notification;
  notification.set("messageMD5Sum", hex_encode(crypto::bytes_of(crypto::md5(parcel.delivery.message))));
  notification.set("messageId", parcel.delivery.message_id);
  notification.set("topicArn", topic.arn());
  notification.set("timestamp", iso8601_milliseconds(from_milliseconds(parcel.delivery.published)));
  formats::Object delivery;
  delivery.set("deliveryId", delivery_id);
  delivery.set("destination", parcel.subscription.endpoint);
  delivery.set("providerResponse", outcome.said);
  delivery.set("dwellTimeMs", int64_t{outcome.took.count()});
  delivery.set("attempts", parcel.delivery.attempts + 1);
  if (outcome.status != 0) delivery.set("statusCode", outcome.status);
  formats::Object event;
  event.set("notification", std::move(notification));
  event.set("delivery", std::move(delivery));
  event.set("status", outcome.is_delivered ? "SUCCESS" : "FAILURE");

  const std::string group = fmt::format("sns/{}/{}/{}{}", topic.region, topic.account, topic.name,
                                        outcome.is_delivered ? "" : "/Failure");
  const std::string stream = iso8601(call.now).substr(0, 10);
  const aws::Principal as = aws::service_principal("sns.amazonaws.com", topic.account);
  // Either may be there already.
  (void)aws::attempt([&] { call.client.call<logs::CreateLogGroup>(call, as, {.log_group_name = group}); });
  (void)aws::attempt([&] {
    call.client.call<logs::CreateLogStream>(call, as, {.log_group_name = group, .log_stream_name = stream});
  });
  logs::PutLogEventsRequest put{.log_group_name = group, .log_stream_name = stream};
  put.log_events.push_back({.timestamp = to_milliseconds(call.now), .message = formats::write_json(event)});
  const auto wrong = aws::attempt([&] { call.client.call<logs::PutLogEvents>(call, as, put); });
  if (wrong) log::warning(fmt::format("sns: a delivery's status was not logged: {}", *wrong));
}

}  // namespace holm::sns
