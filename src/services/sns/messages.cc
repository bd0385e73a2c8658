// Documents, events and mails.

#include "services/sns/messages.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/check.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "formats/form.h"
#include "formats/json.h"

namespace holm::sns {

namespace {

using formats::Object;
using formats::Value;

constexpr char kSubject[] = "AWS Notification Message";
constexpr char kRule[] = "\n\n--\n";

std::string value_in(const Attributes& attributes, const char* name) {
  auto found = attributes.find(name);
  return found == attributes.end() ? std::string() : found->second;
}

Value attributes_document(const std::string& text) {
  auto parsed = formats::parse_json(text);
  CHECK(parsed.has_value());
  return std::move(*parsed);
}

}  // namespace

Notice::Notice(const Delivery& delivery, const SubscriptionRow& subscription, const Attributes& topic,
               Links links, Signer& signer)
    : delivery_(delivery),
      subscription_(subscription),
      topic_(topic),
      links_(std::move(links)),
      timestamp_(iso8601_milliseconds(from_milliseconds(delivery.published))),
      message_(is_notification() ? delivery.message : confirmation_text()),
      version_(value_in(topic, "SignatureVersion") == "2" ? "2" : "1"),
      signature_(
          signer.sign(text_to_sign(), version_ == "2" ? SignatureVersion::Two : SignatureVersion::One)) {}

std::string Notice::subscribe_url() const {
  return links_.base + "/?" +
         formats::write_form({{"Action", "ConfirmSubscription"},
                              {"TopicArn", subscription_.topic.arn()},
                              {"Token", subscription_.token},
                              {"Version", "2010-03-31"}});
}

std::string Notice::unsubscribe_url() const {
  return links_.base + "/?" +
         formats::write_form({{"Action", "Unsubscribe"},
                              {"SubscriptionArn", subscription_.arn()},
                              {"Version", "2010-03-31"}});
}

std::string Notice::confirmation_text() const {
  if (delivery_.kind == "UnsubscribeConfirmation") {
    return fmt::format(
        "You have chosen to deactivate subscription {}.\nTo cancel this operation and restore the "
        "subscription, visit"
        " the SubscribeURL included in this message.",
        subscription_.arn());
  }
  return fmt::format(
      "You have chosen to subscribe to the topic {}.\nTo confirm the subscription, visit the SubscribeURL "
      "included in"
      " this message.",
      subscription_.topic.arn());
}

// Names and values, a line each, in the order of the names.
std::string Notice::text_to_sign() const {
  std::vector<std::pair<std::string_view, std::string>> lines = {{"Message", message_},
                                                                 {"MessageId", delivery_.message_id}};
  if (is_notification()) {
    if (delivery_.subject) lines.emplace_back("Subject", *delivery_.subject);
  } else {
    lines.emplace_back("SubscribeURL", subscribe_url());
  }
  lines.emplace_back("Timestamp", timestamp_);
  if (!is_notification()) lines.emplace_back("Token", subscription_.token);
  lines.emplace_back("TopicArn", subscription_.topic.arn());
  lines.emplace_back("Type", delivery_.kind);
  std::string text;
  for (const auto& [name, value] : lines) text += fmt::format("{}\n{}\n", name, value);
  return text;
}

std::string Notice::document() const {
  Object document;
  document.set("Type", delivery_.kind);
  document.set("MessageId", delivery_.message_id);
  if (!is_notification()) document.set("Token", subscription_.token);
  document.set("TopicArn", subscription_.topic.arn());
  if (delivery_.subject) document.set("Subject", *delivery_.subject);
  document.set("Message", message_);
  if (!is_notification()) document.set("SubscribeURL", subscribe_url());
  document.set("Timestamp", timestamp_);
  document.set("SignatureVersion", version_);
  document.set("Signature", signature_);
  document.set("SigningCertURL", links_.certificate);
  if (is_notification()) {
    document.set("UnsubscribeURL", unsubscribe_url());
    Value attributes = attributes_document(delivery_.attributes);
    if (!attributes.as_object()->empty()) document.set("MessageAttributes", std::move(attributes));
  }
  return formats::write_json(document, formats::JsonStyle::Pretty);
}

// https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
std::string Notice::lambda_event() const {
  Object sns;
  sns.set("Type", delivery_.kind);
  sns.set("MessageId", delivery_.message_id);
  sns.set("TopicArn", subscription_.topic.arn());
  sns.set("Subject", delivery_.subject ? Value(*delivery_.subject) : Value());
  sns.set("Message", message_);
  sns.set("Timestamp", timestamp_);
  sns.set("SignatureVersion", version_);
  sns.set("Signature", signature_);
  sns.set("SigningCertUrl", links_.certificate);
  sns.set("UnsubscribeUrl", unsubscribe_url());
  sns.set("MessageAttributes", attributes_document(delivery_.attributes));
  Object record;
  record.set("EventSource", "aws:sns");
  record.set("EventVersion", "1.0");
  record.set("EventSubscriptionArn", subscription_.arn());
  record.set("Sns", std::move(sns));
  formats::Array records;
  records.emplace_back(std::move(record));
  Object event;
  event.set("Records", std::move(records));
  return formats::write_json(event);
}

std::string Notice::mail_subject() const {
  if (delivery_.kind == "SubscriptionConfirmation") return "AWS Notification - Subscription Confirmation";
  if (delivery_.kind == "UnsubscribeConfirmation") return "AWS Notification - Unsubscribe Confirmation";
  return delivery_.subject.value_or(kSubject);
}

std::string Notice::mail_text() const {
  if (subscription_.protocol == "email-json") return document();
  if (delivery_.kind == "SubscriptionConfirmation") {
    return fmt::format(
        "You have chosen to subscribe to the topic:\n{}\n\nTo confirm this subscription, click or visit the "
        "link below"
        " (If this was in error no action is necessary):\n{}\n",
        subscription_.topic.arn(), subscribe_url());
  }
  if (delivery_.kind == "UnsubscribeConfirmation") {
    return fmt::format(
        "Your subscription to the topic below has been deactivated:\n{}\n\nIf this was in error, or you wish "
        "to"
        " resubscribe, click or visit the link below:\n{}\n",
        subscription_.topic.arn(), subscribe_url());
  }
  return message_ + kRule +
         fmt::format(
             "If you wish to stop receiving notifications from this topic, please click or visit the link "
             "below to"
             " unsubscribe:\n{}\n",
             unsubscribe_url());
}

}  // namespace holm::sns
