// Subscriptions: rows, attributes, and what is sent to their endpoints.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/sns/topics.h"

namespace holm::sns {

namespace state {
inline constexpr char kPending[] = "pending";
inline constexpr char kConfirmed[] = "confirmed";
inline constexpr char kDeleted[] = "deleted";
}  // namespace state

struct SubscriptionRow {
  std::string id;
  TopicId topic;
  std::string owner;  // An account.
  std::string protocol, endpoint;
  std::string state;
  std::string token;
  std::optional<int64_t> expires;  // Milliseconds; of those that are not confirmed.
  bool was_authenticated = false;  // When it was confirmed.
  bool authenticates = false;      // Only its owner may end it.
  std::string arn() const { return topic.arn() + ":" + id; }
};

std::optional<SubscriptionRow> find_subscription(Call& call, const std::string& id);
std::vector<SubscriptionRow> confirmed_subscriptions(Call& call, const TopicId& topic);
Attributes attributes_of_subscription(Call& call, const std::string& id);
void delete_subscription(Call& call, const std::string& id);

// What is on its way to one subscription's endpoint.
struct Delivery {
  std::string id;
  std::string kind;  // Notification, SubscriptionConfirmation, UnsubscribeConfirmation
  std::string subscription;
  std::string message_id;
  std::optional<std::string> subject;
  std::string message;
  std::string attributes;  // JSON: name → {"Type", "Value"}
  int64_t published = 0;   // Milliseconds.
  int64_t attempts = 0;    // Those that failed.
};

inline constexpr char kDeliveryJob[] = "sns.delivery";
inline constexpr char kExpiryJob[] = "sns.expiry";
// Part of the call's transaction.
void schedule_delivery(Service& service, Call& call, Delivery delivery);
// Forgets a subscription that was not confirmed in time.
void expire_subscription(Call& call, const std::string& id);

}  // namespace holm::sns
