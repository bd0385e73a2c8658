// Publishing: a message is checked, filtered and put on its way to each subscription.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "aws/service/error.h"
#include "base/characters.h"
#include "base/random.h"
#include "base/strings.h"
#include "formats/json.h"
#include "metrics/recorder.h"
#include "services/sns/filter_policy.h"
#include "services/sns/metrics.h"
#include "services/sns/service.h"
#include "services/sns/subscriptions.h"

namespace holm::sns {

namespace {

using formats::Object;
using formats::Value;
using MessageAttributes = std::map<std::string, MessageAttributeValue>;

constexpr size_t kBytesMax = 262'144;
constexpr size_t kSubjectMax = 100;
constexpr size_t kBatchMax = 10;
constexpr size_t kBatchIdMax = 80;
constexpr size_t kAttributeNameMax = 256;

// A message of Publish or of an entry of PublishBatch.
struct Message {
  const std::string& text;
  const std::optional<std::string>& subject;
  const std::optional<std::string>& structure;
  const MessageAttributes& attributes;
};

size_t bytes_of(const Message& message) {
  size_t bytes = message.text.size();
  for (const auto& [name, value] : message.attributes) {
    bytes += name.size() + value.data_type.size() + value.string_value.value_or("").size() +
             value.binary_value.value_or("").size();
  }
  return bytes;
}

bool is_subject(const std::string& subject) {
  const bool is_plain = std::ranges::all_of(subject, [](char c) { return c >= ' ' && c <= '~'; });
  return is_plain && !subject.empty() && subject.size() <= kSubjectMax && subject[0] != ' ';
}

// What is wrong with an attribute's name.
std::optional<std::string> find_mistake(const std::string& name) {
  if (name.size() > kAttributeNameMax) return "Length of message attribute name must be less than 256 bytes.";
  for (char c : name) {
    if (is_letter_or_digit(c) || c == '-' || c == '_' || c == '.') continue;
    return fmt::format(
        "Invalid non-alphanumeric character '#x{:02X}' was found in the message attribute name. Can only "
        "include alphanumeric characters, hyphens, underscores, or dots.",
        static_cast<unsigned char>(c));
  }
  if (name.starts_with('.')) return "Invalid message attribute name starting with character '.' was found.";
  if (name.ends_with('.')) return "Invalid message attribute name ending with character '.' was found.";
  if (name.find("..") != std::string::npos) {
    return "Message attribute name can not have successive '.' character.";
  }
  return std::nullopt;
}

// "Number" of "Number" and of "Number.int"; nothing for what is neither text, a number nor binary.
std::string_view kind_of(std::string_view type) {
  for (std::string_view kind : {"String", "Number", "Binary"}) {
    if (type == kind || (type.starts_with(kind) && type.size() > kind.size() + 1 && type[kind.size()] == '.'))
      return kind;
  }
  return "";
}

// What is wrong with an attribute.
std::optional<std::string> find_mistake(const std::string& name, const MessageAttributeValue& value) {
  if (auto wrong = find_mistake(name)) return wrong;
  const std::string_view kind = kind_of(value.data_type);
  if (kind.empty()) {
    return fmt::format(
        "The message attribute '{}' has an invalid message attribute type, the set of supported type "
        "prefixes is Binary, Number, and String.",
        name);
  }
  const bool is_binary = kind == "Binary";
  const std::string text = value.string_value.value_or("");
  const std::string bytes = value.binary_value.value_or("");
  if ((is_binary ? bytes : text).empty() && !(is_binary ? text : bytes).empty()) {
    return fmt::format("The message attribute '{}' with type '{}' must use field '{}'.", name,
                       value.data_type, is_binary ? "Binary" : "String");
  }
  if ((is_binary ? bytes : text).empty()) {
    return fmt::format(
        "The message attribute '{}' must contain non-empty message attribute value for message attribute type"
        " '{}'.",
        name, value.data_type);
  }
  if (kind == "Number" && !formats::is_json_number(text)) {
    return fmt::format("Could not cast message attribute '{}' value to number.", name);
  }
  if (value.data_type == "String.Array") {
    auto parsed = formats::parse_json(text);
    if (!parsed || !parsed->as_array()) {
      return fmt::format("The message attribute '{}' must be a valid JSON array.", name);
    }
  }
  return std::nullopt;
}

// https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
void require_attributes(const MessageAttributes& attributes) {
  for (const auto& [name, value] : attributes) {
    if (auto wrong = find_mistake(name, value)) throw InvalidParameterValueException(*wrong);
  }
}

std::optional<std::string> find_mistake(const Message& message) {
  if (message.text.empty()) return "Empty message";
  if (bytes_of(message) > kBytesMax) return "Message too long";
  if (message.subject && !is_subject(*message.subject)) return "Subject";
  if (!message.structure) return std::nullopt;
  if (*message.structure != "json") return "MessageStructure";
  auto parsed = formats::parse_json(message.text);
  if (!parsed || !parsed->as_object()) return "Message Structure - JSON message body failed to parse";
  const Value* otherwise = parsed->find("default");
  if (!otherwise || !otherwise->as_string())
    return "Message Structure - No default entry in JSON message body";
  for (const auto& [protocol, text] : *parsed->as_object()) {
    if (!text.as_string()) return "Message Structure - the entry of " + protocol + " is no text";
  }
  return std::nullopt;
}

std::string attributes_document(const MessageAttributes& attributes) {
  Object document;
  for (const auto& [name, value] : attributes) {
    Object each;
    each.set("Type", value.data_type);
    each.set("Value",
             value.binary_value ? base64_encode(*value.binary_value) : value.string_value.value_or(""));
    document.set(name, std::move(each));
  }
  return formats::write_json(document);
}

// As filters see them. What is binary they do not.
Value filterable(const MessageAttributes& attributes) {
  Object document;
  for (const auto& [name, value] : attributes) {
    const std::string_view kind = kind_of(value.data_type);
    const std::string text = value.string_value.value_or("");
    if (kind == "Number") document.set(name, formats::number_from_text(text));
    if (kind != "String") continue;
    if (value.data_type == "String.Array") document.set(name, formats::parse_json(text).value());
    else document.set(name, text);
  }
  return document;
}

// Once per message, for all its subscriptions.
class Audience {
 public:
  explicit Audience(const Message& message)
      : attributes_(filterable(message.attributes)), body_(formats::parse_json(message.text)) {}

  enum class Verdict { Wanted, Unwanted, Unreadable };
  Verdict judge(const Attributes& subscription) const {
    auto text = subscription.find("FilterPolicy");
    if (text == subscription.end() || text->second.empty()) return Verdict::Wanted;
    auto scope = subscription.find("FilterPolicyScope");
    const bool is_body = scope != subscription.end() && scope->second == "MessageBody";
    auto policy = parse_filter_policy(text->second,
                                      is_body ? FilterScope::MessageBody : FilterScope::MessageAttributes);
    if (!policy || (is_body && (!body_ || !body_->as_object()))) return Verdict::Unreadable;
    return passes(*policy, is_body ? *body_ : attributes_) ? Verdict::Wanted : Verdict::Unwanted;
  }

 private:
  Value attributes_;
  Result<Value, formats::ParseError> body_;
};

// The text for one protocol, where the message has several.
std::string text_for(const Message& message, const std::string& protocol) {
  if (!message.structure) return message.text;
  const Value texts = formats::parse_json(message.text).value();
  const Value* own = texts.find(protocol);
  return *(own ? own : texts.find("default"))->as_string();
}

// Returns the message's id.
std::string send(Service& service, Call& call, const TopicId& topic, const Message& message) {
  const std::string id = service.use().random.uuid();
  const std::string attributes = attributes_document(message.attributes);
  const Audience audience(message);
  double unwanted = 0, unreadable = 0;
  for (const SubscriptionRow& row : confirmed_subscriptions(call, topic)) {
    const auto verdict = audience.judge(attributes_of_subscription(call, row.id));
    unwanted += verdict == Audience::Verdict::Unwanted;
    unreadable += verdict == Audience::Verdict::Unreadable;
    if (verdict != Audience::Verdict::Wanted) continue;
    schedule_delivery(service, call,
                      {.kind = "Notification",
                       .subscription = row.id,
                       .message_id = id,
                       .subject = message.subject,
                       .message = text_for(message, row.protocol),
                       .attributes = attributes,
                       .published = to_milliseconds(call.now)});
  }
  const auto bytes = static_cast<double>(bytes_of(message));
  const Measured measured{service.use().metrics, topic, call.now};
  call.after_commit([=] {
    measured.record("NumberOfMessagesPublished", 1, "Count");
    measured.record("PublishSize", bytes, "Bytes");
    if (unwanted > 0) measured.record("NumberOfNotificationsFilteredOut", unwanted, "Count");
    if (unreadable > 0)
      measured.record("NumberOfNotificationsFilteredOut-InvalidMessageBody", unreadable, "Count");
  });
  return id;
}

bool is_batch_id(const std::string& id) {
  return !id.empty() && is_alphanumeric(id, "-_");
}

void require_batch(const PublishBatchInput& request) {
  const auto& entries = request.publish_batch_request_entries;
  if (entries.empty()) throw EmptyBatchRequestException("The batch request doesn't contain any entries.");
  if (entries.size() > kBatchMax) {
    throw TooManyEntriesInBatchRequestException("The batch request contains more entries than permissible.");
  }
  std::set<std::string> ids;
  size_t bytes = 0;
  for (const PublishBatchRequestEntry& each : entries) {
    if (each.id.size() > kBatchIdMax) {
      throw InvalidBatchEntryIdException("The Id of a batch entry in the batch request is too long: " +
                                         each.id);
    }
    if (!is_batch_id(each.id)) {
      throw InvalidBatchEntryIdException(
          "The Id of a batch entry in the batch request contains an impermissible character: " + each.id);
    }
    require_attributes(each.message_attributes);
    if (!ids.insert(each.id).second) {
      throw BatchEntryIdsNotDistinctException("Two or more batch entries in the request have the same Id.");
    }
    bytes += bytes_of({each.message, each.subject, each.message_structure, each.message_attributes});
  }
  if (bytes > kBytesMax) {
    throw BatchRequestTooLongException("The length of all the messages put together is more than the limit.");
  }
}

}  // namespace

// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
PublishResponse publish(Service& service, Call& call, const PublishInput& request) {
  if (request.phone_number) throw aws::NotImplemented("Publish: PhoneNumber");
  if (!request.topic_arn && !request.target_arn) {
    throw_invalid("TopicArn or TargetArn Reason: no value for required parameter");
  }
  const TopicId topic =
      request.topic_arn ? topic_id(*request.topic_arn) : topic_id(*request.target_arn, "TargetArn");
  require_topic(call, topic);
  if (request.message_deduplication_id) {
    throw_invalid(
        "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not "
        "valid"
        " for this topic type");
  }
  const Message message{request.message, request.subject, request.message_structure,
                        request.message_attributes};
  require_attributes(request.message_attributes);
  if (auto wrong = find_mistake(message)) throw_invalid(*wrong);
  return {.message_id = send(service, call, topic, message)};
}

PublishBatchResponse publish_batch(Service& service, Call& call, const PublishBatchInput& request) {
  const TopicId topic = topic_id(request.topic_arn);
  require_topic(call, topic);
  require_batch(request);
  PublishBatchResponse result;
  for (const PublishBatchRequestEntry& each : request.publish_batch_request_entries) {
    const Message message{each.message, each.subject, each.message_structure, each.message_attributes};
    auto wrong = find_mistake(message);
    if (!wrong && each.message_deduplication_id) {
      wrong =
          "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not "
          "valid"
          " for this topic type";
    }
    if (wrong) {
      result.failed.push_back({.id = each.id,
                               .code = "InvalidParameter",
                               .message = "Invalid parameter: " + *wrong,
                               .sender_fault = true});
    } else {
      result.successful.push_back({.id = each.id, .message_id = send(service, call, topic, message)});
    }
  }
  return result;
}

}  // namespace holm::sns
