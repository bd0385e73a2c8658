// Subscribing, confirming and ending subscriptions.

#include "services/sns/subscriptions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aws/service/error.h"
#include "base/random.h"
#include "base/strings.h"
#include "jobs/jobs.h"
#include "services/sns/endpoint.h"
#include "services/sns/filter_policy.h"
#include "services/sns/retry_policy.h"
#include "services/sns/service.h"
#include "smtp/mail.h"

namespace holm::sns {

namespace {

constexpr size_t kPage = 100;
constexpr size_t kTokenLength = 64;
constexpr std::chrono::hours kTokenLife{48};
constexpr std::array<std::string_view, 5> kUnbuiltProtocols = {"sqs", "sms", "application", "firehose",
                                                               "email-sms"};
constexpr std::array<std::string_view, 3> kUnbuiltAttributes = {"RedrivePolicy", "SubscriptionRoleArn",
                                                                "ReplayPolicy"};
constexpr char kColumns[] =
    "id, account, region, topic, owner, protocol, endpoint, state, token, expires, was_authenticated, "
    "authenticates";

SubscriptionRow read_row(const sql::Row& row) {
  return {.id = row.text(0),
          .topic = {row.text(1), row.text(2), row.text(3)},
          .owner = row.text(4),
          .protocol = row.text(5),
          .endpoint = row.text(6),
          .state = row.text(7),
          .token = row.text(8),
          .expires = row.optional_integer(9),
          .was_authenticated = row.integer(10) != 0,
          .authenticates = row.integer(11) != 0};
}

std::vector<SubscriptionRow> rows_where(Call& call, std::string_view condition,
                                        std::vector<sql::Value> arguments) {
  std::vector<SubscriptionRow> rows;
  for (const sql::Row& row :
       call.transaction.run(fmt::format("SELECT {} FROM sns_subscription WHERE {}", kColumns, condition),
                            std::move(arguments))) {
    rows.push_back(read_row(row));
  }
  return rows;
}

bool is_mail(const std::string& protocol) { return protocol == "email" || protocol == "email-json"; }
bool is_http(const std::string& protocol) { return protocol == "http" || protocol == "https"; }

void require_endpoint(Service& service, const TopicId& topic, const std::string& protocol,
                      const std::string& endpoint) {
  if (std::ranges::find(kUnbuiltProtocols, protocol) != kUnbuiltProtocols.end()) {
    throw aws::NotImplemented("Subscribe: Protocol " + protocol);
  }
  if (is_http(protocol)) {
    auto read = parse_http_endpoint(endpoint);
    if (!read) throw_invalid("Endpoint Reason: " + read.error().message);
    if (read->is_secure != (protocol == "https")) {
      throw_invalid("Endpoint must match the specified protocol");
    }
  } else if (is_mail(protocol)) {
    if (!smtp::is_address(endpoint)) throw_invalid("Email address");
    if (!service.use().mail) {
      throw aws::NotImplemented(
          "Subscribe: Protocol email in a region that was started without a mail relay (holm serve "
          "--mail-relay)");
    }
  } else if (protocol == "lambda") {
    const std::string start = fmt::format("arn:aws:lambda:{}:{}:function:", topic.region, topic.account);
    if (!endpoint.starts_with(start)) {
      throw_invalid("Lambda endpoint ARN: it has to be a function of the topic's account and region");
    }
  } else {
    throw_invalid("Amazon SNS does not support this protocol string: " + protocol);
  }
}

void require_filter(const std::string& text, const std::string& scope) {
  const FilterScope kind = scope == "MessageBody" ? FilterScope::MessageBody : FilterScope::MessageAttributes;
  if (text.empty()) return;
  if (auto parsed = parse_filter_policy(text, kind); !parsed) {
    throw_invalid("FilterPolicy: " + parsed.error().message);
  }
}

void require_attribute(const std::string& protocol, const std::string& name, const std::string& value) {
  if (std::ranges::find(kUnbuiltAttributes, name) != kUnbuiltAttributes.end()) {
    if (!value.empty()) throw aws::NotImplemented("The subscription attribute " + name);
  } else if (name == "RawMessageDelivery") {
    const std::string lower = to_lower(value);
    if (lower != "true" && lower != "false") {
      throw_invalid("Attributes Reason: RawMessageDelivery: Invalid value [" + value +
                    "]. Must be true or false.");
    }
    if (lower == "true" && !is_http(protocol)) {
      throw_invalid("Attributes Reason: Delivery protocol [" + protocol +
                    "] does not support raw message delivery.");
    }
  } else if (name == "FilterPolicyScope") {
    if (value != "MessageAttributes" && value != "MessageBody") {
      throw_invalid("Attributes Reason: FilterPolicyScope: Invalid value [" + value +
                    "]. Please use either MessageBody or MessageAttributes");
    }
  } else if (name == "DeliveryPolicy") {
    auto parsed = parse_subscription_policy(value);
    if (!parsed) throw_invalid("DeliveryPolicy: " + parsed.error().message);
  } else if (name != "FilterPolicy") {
    throw_invalid("AttributeName");
  }
}

void set_attributes(Call& call, const SubscriptionRow& row, const Attributes& wanted) {
  for (const auto& [name, value] : wanted) {
    require_attribute(row.protocol, name, value);
    call.transaction.run(
        "INSERT INTO sns_subscription_attribute (subscription, name, value) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (subscription, name) DO UPDATE SET value = excluded.value",
        {row.id, name, name == "RawMessageDelivery" ? to_lower(value) : value});
  }
  // The one has to fit the other, whichever was changed.
  const Attributes known = attributes_of_subscription(call, row.id);
  auto text = [&](const char* name) { return known.contains(name) ? known.at(name) : std::string(); };
  require_filter(text("FilterPolicy"), text("FilterPolicyScope"));
}

// "arn:…:topic:ID"
SubscriptionRow require_subscription(Call& call, const std::string& arn) {
  const size_t colon = arn.rfind(':');
  if (colon == std::string::npos || !find_topic_id(arn.substr(0, colon))) {
    const std::string reason = reason_against_arn(arn);
    throw_invalid(reason.empty() ? "SubscriptionId" : "SubscriptionArn" + reason);
  }
  auto row = find_subscription(call, arn.substr(colon + 1));
  if (!row || row->arn() != arn) throw NotFoundException("Subscription does not exist");
  return *row;
}

void renew_token(Service& service, Call& call, SubscriptionRow& row, const char* new_state) {
  row.token = service.use().random.hex(kTokenLength * 2);
  row.state = new_state;
  row.expires = to_milliseconds(call.now + kTokenLife);
  call.transaction.run("UPDATE sns_subscription SET token = ?2, state = ?3, expires = ?4 WHERE id = ?1",
                       {row.id, row.token, row.state, *row.expires});
  service.use().jobs.schedule(call.transaction, {.kind = kExpiryJob, .key = row.id},
                              from_milliseconds(*row.expires));
}

void send_confirmation(Service& service, Call& call, const SubscriptionRow& row, const char* kind) {
  schedule_delivery(service, call,
                    {.kind = kind,
                     .subscription = row.id,
                     .message_id = service.use().random.uuid(),
                     .attributes = "{}",
                     .published = to_milliseconds(call.now)});
}

std::optional<SubscriptionRow> find_same(Call& call, const TopicId& topic, const std::string& protocol,
                                         const std::string& endpoint) {
  auto rows =
      rows_where(call, "account = ?1 AND region = ?2 AND topic = ?3 AND protocol = ?4 AND endpoint = ?5",
                 {topic.account, topic.region, topic.name, protocol, endpoint});
  return rows.empty() ? std::nullopt : std::optional(rows.front());
}

SubscriptionRow insert_subscription(Service& service, Call& call, const TopicId& topic,
                                    const SubscribeInput& request) {
  SubscriptionRow row{.id = service.use().random.uuid(),
                      .topic = topic,
                      .owner = call.principal.account,
                      .protocol = request.protocol,
                      .endpoint = request.endpoint.value_or("")};
  row.state = row.protocol == "lambda" ? state::kConfirmed : state::kPending;
  row.was_authenticated = row.state == state::kConfirmed;
  call.transaction.run(
      "INSERT INTO sns_subscription (id, account, region, topic, owner, protocol, endpoint, state, token,"
      " was_authenticated) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '', ?9)",
      {row.id, topic.account, topic.region, topic.name, row.owner, row.protocol, row.endpoint, row.state,
       int64_t{row.was_authenticated}});
  set_attributes(call, row, request.attributes);
  if (row.state == state::kPending) {
    renew_token(service, call, row, state::kPending);
    send_confirmation(service, call, row, "SubscriptionConfirmation");
  }
  return row;
}

Subscription describe(const SubscriptionRow& row) {
  std::string arn = row.arn();
  if (row.state == state::kPending) arn = "PendingConfirmation";
  if (row.state == state::kDeleted) arn = "Deleted";
  return {.subscription_arn = std::move(arn),
          .owner = row.owner,
          .protocol = row.protocol,
          .endpoint = row.endpoint,
          .topic_arn = row.topic.arn()};
}

struct Page {
  std::vector<Subscription> subscriptions;
  std::optional<std::string> next;
};

Page page_of(Call& call, const TopicId& place, const std::optional<std::string>& token) {
  const std::string after = token ? base64_decode(*token).value_or("") : "";
  if (token && after.empty()) throw_invalid("NextToken");
  Page page;
  std::string last;
  for (const SubscriptionRow& row : rows_where(
           call, "account = ?1 AND region = ?2 AND (?3 = '' OR topic = ?3) AND id > ?4 ORDER BY id LIMIT ?5",
           {place.account, place.region, place.name, after, static_cast<int64_t>(kPage + 1)})) {
    if (page.subscriptions.size() == kPage) {
      page.next = base64_encode(last);
      break;
    }
    page.subscriptions.push_back(describe(row));
    last = row.id;
  }
  return page;
}

}  // namespace

std::optional<SubscriptionRow> find_subscription(Call& call, const std::string& id) {
  auto rows = rows_where(call, "id = ?1", {id});
  return rows.empty() ? std::nullopt : std::optional(rows.front());
}

std::vector<SubscriptionRow> confirmed_subscriptions(Call& call, const TopicId& topic) {
  return rows_where(call, "account = ?1 AND region = ?2 AND topic = ?3 AND state = 'confirmed'",
                    {topic.account, topic.region, topic.name});
}

Attributes attributes_of_subscription(Call& call, const std::string& id) {
  Attributes attributes;
  for (const sql::Row& row : call.transaction.run(
           "SELECT name, value FROM sns_subscription_attribute WHERE subscription = ?1", {id})) {
    attributes[row.text(0)] = row.text(1);
  }
  return attributes;
}

void delete_subscription(Call& call, const std::string& id) {
  call.transaction.run("DELETE FROM sns_delivery WHERE subscription = ?1", {id});
  call.transaction.run("DELETE FROM sns_subscription_attribute WHERE subscription = ?1", {id});
  call.transaction.run("DELETE FROM sns_subscription WHERE id = ?1", {id});
}

void schedule_delivery(Service& service, Call& call, Delivery delivery) {
  delivery.id = service.use().random.uuid();
  call.transaction.run(
      "INSERT INTO sns_delivery (id, kind, subscription, message_id, subject, message, attributes, "
      "published, due)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
      {delivery.id, delivery.kind, delivery.subscription, delivery.message_id,
       sql::optional_value(delivery.subject), delivery.message, delivery.attributes, delivery.published});
  service.use().jobs.schedule(call.transaction, {.kind = kDeliveryJob, .key = delivery.id}, call.now);
}

void expire_subscription(Call& call, const std::string& id) {
  auto row = find_subscription(call, id);
  if (!row || row->state == state::kConfirmed || to_milliseconds(call.now) < row->expires.value_or(0)) return;
  delete_subscription(call, id);
}

// https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
SubscribeResponse subscribe(Service& service, Call& call, const SubscribeInput& request) {
  const TopicId topic = topic_id(request.topic_arn);
  require_topic(call, topic);
  const std::string endpoint = request.endpoint.value_or("");
  require_endpoint(service, topic, request.protocol, endpoint);
  auto known = find_same(call, topic, request.protocol, endpoint);
  if (known) {
    const Attributes attributes = attributes_of_subscription(call, known->id);
    for (const auto& [name, value] : request.attributes) {
      auto found = attributes.find(name);
      if (found == attributes.end() || found->second != value) {
        throw_invalid("Attributes Reason: Subscription already exists with different attributes");
      }
    }
    if (known->state != state::kConfirmed) {
      renew_token(service, call, *known, state::kPending);
      send_confirmation(service, call, *known, "SubscriptionConfirmation");
    }
  } else {
    known = insert_subscription(service, call, topic, request);
  }
  if (known->state == state::kConfirmed || request.return_subscription_arn.value_or(false)) {
    return {.subscription_arn = known->arn()};
  }
  return {.subscription_arn = "pending confirmation"};
}

ConfirmSubscriptionResponse confirm_subscription(Service&, Call& call,
                                                 const ConfirmSubscriptionInput& request) {
  const TopicId topic = topic_id(request.topic_arn);
  require_topic(call, topic);
  auto rows = rows_where(call, "account = ?1 AND region = ?2 AND topic = ?3 AND token = ?4 AND token <> ''",
                         {topic.account, topic.region, topic.name, request.token});
  if (rows.empty()) throw_invalid("Token");
  const bool is_authenticated = call.principal.kind != aws::Principal::Kind::Anonymous;
  const bool authenticates = to_lower(request.authenticate_on_unsubscribe.value_or("false")) == "true";
  if (authenticates && !is_authenticated) {
    throw AuthorizationErrorException(
        "AuthenticateOnUnsubscribe can only be set by a request that is signed.");
  }
  if (rows.front().state != state::kConfirmed) {
    call.transaction.run(
        "UPDATE sns_subscription SET state = 'confirmed', expires = NULL, was_authenticated = ?2, "
        "authenticates = ?3"
        " WHERE id = ?1",
        {rows.front().id, int64_t{is_authenticated}, int64_t{authenticates}});
  }
  return {.subscription_arn = rows.front().arn()};
}

// Whoever has a message can end its subscription by the link in it; the endpoint is told how to have it back.
aws::Nothing unsubscribe(Service& service, Call& call, const UnsubscribeInput& request) {
  SubscriptionRow row = require_subscription(call, request.subscription_arn);
  if (call.principal.kind != aws::Principal::Kind::Anonymous) {
    if (row.state == state::kPending) {
      throw_invalid("SubscriptionArn Reason: This subscription is pending confirmation and cannot be ended");
    }
    delete_subscription(call, row.id);
    return {};
  }
  if (row.authenticates)
    throw AuthorizationErrorException("This subscription can only be ended by a signed request.");
  if (row.state != state::kConfirmed) return {};
  call.transaction.run("DELETE FROM sns_delivery WHERE subscription = ?1", {row.id});
  renew_token(service, call, row, state::kDeleted);
  send_confirmation(service, call, row, "UnsubscribeConfirmation");
  return {};
}

ListSubscriptionsResponse list_subscriptions(Service&, Call& call, const ListSubscriptionsInput& request) {
  Page page = page_of(call, {call.account, call.region, ""}, request.next_token);
  return {.subscriptions = std::move(page.subscriptions), .next_token = std::move(page.next)};
}

ListSubscriptionsByTopicResponse list_subscriptions_by_topic(Service&, Call& call,
                                                             const ListSubscriptionsByTopicInput& request) {
  const TopicId topic = topic_id(request.topic_arn);
  require_topic(call, topic);
  Page page = page_of(call, topic, request.next_token);
  return {.subscriptions = std::move(page.subscriptions), .next_token = std::move(page.next)};
}

GetSubscriptionAttributesResponse get_subscription_attributes(Service&, Call& call,
                                                              const GetSubscriptionAttributesInput& request) {
  const SubscriptionRow row = require_subscription(call, request.subscription_arn);
  Attributes attributes = attributes_of_subscription(call, row.id);
  attributes.try_emplace("RawMessageDelivery", "false");
  if (attributes.contains("FilterPolicy")) attributes.try_emplace("FilterPolicyScope", "MessageAttributes");
  if (is_http(row.protocol)) {
    const Attributes of_topic = attributes_of(call, row.topic);
    auto text = [](const Attributes& from) {
      auto found = from.find("DeliveryPolicy");
      return found == from.end() ? std::string() : found->second;
    };
    attributes["EffectiveDeliveryPolicy"] = write_subscription_policy(
        parse_topic_policy(text(of_topic)).value_or(TopicRetryPolicy()),
        parse_subscription_policy(text(attributes)).value_or(SubscriptionRetryPolicy()));
  }
  std::erase_if(attributes, [](const auto& each) { return each.second.empty(); });
  attributes["SubscriptionArn"] = row.arn();
  attributes["TopicArn"] = row.topic.arn();
  attributes["Owner"] = row.owner;
  attributes["Protocol"] = row.protocol;
  attributes["Endpoint"] = row.endpoint;
  attributes["PendingConfirmation"] = row.state == state::kConfirmed ? "false" : "true";
  attributes["ConfirmationWasAuthenticated"] = row.was_authenticated ? "true" : "false";
  return {.attributes = std::move(attributes)};
}

aws::Nothing set_subscription_attributes(Service&, Call& call,
                                         const SetSubscriptionAttributesInput& request) {
  const SubscriptionRow row = require_subscription(call, request.subscription_arn);
  set_attributes(call, row, {{request.attribute_name, request.attribute_value.value_or("")}});
  return {};
}

}  // namespace holm::sns
