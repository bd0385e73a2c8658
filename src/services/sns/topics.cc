// Making, reading and deleting topics.

#include "services/sns/topics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aws/policy/evaluate.h"
#include "aws/policy/policy.h"
#include "aws/service/error.h"
#include "base/characters.h"
#include "base/strings.h"
#include "services/sns/retry_policy.h"
#include "services/sns/service.h"
#include "services/sns/subscriptions.h"

namespace holm::sns {

namespace {

constexpr size_t kNameMax = 256, kDisplayNameMax = 100, kPolicyBytesMax = 30'720;
constexpr size_t kPage = 100;
// AWS sets aws:SourceOwner for the others, which is why a topic's default policy lets them in.
constexpr std::array<std::string_view, 2> kServicesThatNeedAPolicy = {"s3.amazonaws.com",
                                                                      "events.amazonaws.com"};
constexpr std::array<std::string_view, 6> kFeedback = {
    "HTTPSuccessFeedbackRoleArn",   "HTTPFailureFeedbackRoleArn",   "HTTPSuccessFeedbackSampleRate",
    "LambdaSuccessFeedbackRoleArn", "LambdaFailureFeedbackRoleArn", "LambdaSuccessFeedbackSampleRate"};
constexpr std::array<std::string_view, 4> kUnbuiltNames = {"FifoTopic", "ContentBasedDeduplication",
                                                           "ArchivePolicy", "FifoThroughputScope"};

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameMax && is_alphanumeric(name, "-_");
}

std::string default_policy(const TopicId& id) {
  return R"({"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID",)"
         R"("Effect":"Allow","Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes",)"
         R"("SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe",)"
         R"("SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":")" +
         id.arn() + R"(","Condition":{"StringEquals":{"AWS:SourceOwner":")" + id.account + R"("}}}]})";
}

void require_policy(const std::string& text) {
  auto parsed = aws::policy::parse(text);
  if (!parsed) throw_invalid("Policy Error: " + parsed.error().message);
  if (auto valid = aws::policy::validate(*parsed, aws::policy::PolicyKind::Resource); !valid) {
    throw_invalid("Policy Error: " + valid.error().message);
  }
  if (text.size() > kPolicyBytesMax) throw_invalid("Policy statement action out of service scope!");
}

void require_feedback(const std::string& name, const std::string& value) {
  if (value.empty()) return;
  if (name.ends_with("RoleArn")) {
    if (!value.starts_with("arn:aws:iam::")) throw_invalid(name);
    return;
  }
  auto rate = parse_integer(value);
  if (!rate || *rate < 0 || *rate > 100) throw_invalid(name);
}

void require_value(const std::string& name, const std::string& value) {
  if (std::ranges::find(kFeedback, name) != kFeedback.end()) return require_feedback(name, value);
  if (name == "Policy") {
    if (!value.empty()) require_policy(value);
  } else if (name == "DisplayName") {
    if (value.size() > kDisplayNameMax || !is_utf8(value) ||
        value.find_first_of("\r\n") != std::string::npos) {
      throw_invalid("DisplayName");
    }
  } else if (name == "DeliveryPolicy") {
    if (!value.empty()) {
      if (auto parsed = parse_topic_policy(value); !parsed)
        throw_invalid("DeliveryPolicy: " + parsed.error().message);
    }
  } else if (name == "SignatureVersion") {
    if (value != "1" && value != "2") throw_invalid("SignatureVersion");
  } else if (name == "TracingConfig") {
    if (value == "Active") throw aws::NotImplemented("The topic attribute TracingConfig Active");
    if (value != "PassThrough") throw_invalid("TracingConfig");
  } else if (name == "KmsMasterKeyId") {
    if (!value.empty()) throw aws::NotImplemented("The topic attribute KmsMasterKeyId");
  } else if (std::ranges::find(kUnbuiltNames, name) != kUnbuiltNames.end()) {
    if (value != "false" && !value.empty()) throw aws::NotImplemented("The topic attribute " + name);
  } else if (name.find("Feedback") != std::string::npos) {
    // Clients that name every attribute say so that there is to be none.
    if (value != "0" && !value.empty()) throw aws::NotImplemented("The topic attribute " + name);
  } else {
    throw_invalid("AttributeName");
  }
}

}  // namespace

void throw_invalid(const std::string& what) { throw InvalidParameterException("Invalid parameter: " + what); }

std::string reason_against_arn(const std::string& arn) {
  constexpr size_t kArnElements = 6;
  const size_t elements = split(arn, ':').size();
  if (elements >= kArnElements) return "";
  return fmt::format(" Reason: An ARN must have at least 6 elements, not {}", std::max<size_t>(elements, 1));
}

std::string TopicId::arn() const { return fmt::format("arn:aws:sns:{}:{}:{}", region, account, name); }

std::optional<TopicId> find_topic_id(const std::string& arn) {
  const auto parts = split(arn, ':');
  if (parts.size() != 6 || parts[0] != "arn" || parts[1] != "aws" || parts[2] != "sns") return std::nullopt;
  if (parts[3].empty() || parts[4].empty() || !is_name(parts[5])) return std::nullopt;
  return TopicId{std::string(parts[4]), std::string(parts[3]), std::string(parts[5])};
}

TopicId topic_id(const std::string& arn, std::string_view parameter) {
  auto id = find_topic_id(arn);
  if (!id) throw_invalid(std::string(parameter) + reason_against_arn(arn));
  return *id;
}

bool topic_exists(Call& call, const TopicId& id) {
  return call.transaction
      .find("SELECT 1 FROM sns_topic WHERE account = ?1 AND region = ?2 AND name = ?3",
            {id.account, id.region, id.name})
      .has_value();
}

void require_topic(Call& call, const TopicId& id) {
  if (!topic_exists(call, id)) throw NotFoundException("Topic does not exist");
}

Attributes attributes_of(Call& call, const TopicId& id) {
  Attributes attributes;
  for (const sql::Row& row : call.transaction.run(
           "SELECT name, value FROM sns_topic_attribute WHERE account = ?1 AND region = ?2 AND"
           " topic = ?3",
           {id.account, id.region, id.name})) {
    attributes[row.text(0)] = row.text(1);
  }
  return attributes;
}

std::string policy_of(Call& call, const TopicId& id) {
  auto row = call.transaction.find(
      "SELECT value FROM sns_topic_attribute WHERE account = ?1 AND region = ?2 AND topic = ?3 AND name = "
      "'Policy'",
      {id.account, id.region, id.name});
  return row && !row->text(0).empty() ? row->text(0) : default_policy(id);
}

void set_attribute(Call& call, const TopicId& id, const std::string& name, const std::string& value) {
  require_value(name, value);
  call.transaction.run(
      "INSERT INTO sns_topic_attribute (account, region, topic, name, value) VALUES (?1, ?2, ?3, ?4, ?5)"
      " ON CONFLICT (account, region, topic, name) DO UPDATE SET value = excluded.value",
      {id.account, id.region, id.name, name, value});
}

void require_service_may_publish(Call& call, const TopicId& id) {
  const aws::Principal& caller = call.principal;
  aws::policy::Context context;
  context.set("aws:SourceAccount", caller.account);
  if (caller.arn.starts_with("arn:")) context.set("aws:SourceArn", caller.arn);
  if (std::ranges::find(kServicesThatNeedAPolicy, caller.id) == kServicesThatNeedAPolicy.end()) {
    context.set("aws:SourceOwner", caller.account);
  }
  const aws::policy::Principal principal{.kind = aws::policy::Principal::Kind::Service,
                                         .account = caller.account,
                                         .arn = caller.arn,
                                         .id = caller.id,
                                         .service = caller.id};
  const std::string resource = id.arn();
  const aws::policy::Request request{principal, "sns:Publish", resource, id.account, context};
  auto parsed = aws::policy::parse(policy_of(call, id));
  std::vector<aws::policy::NamedPolicy> policies;
  if (parsed) policies.push_back({"resource policy", &*parsed});
  if (aws::policy::evaluate(request, {.resource = policies}).allowed()) return;
  throw AuthorizationErrorException(fmt::format(
      "{} is not authorized to perform: SNS:Publish on resource: {} because no resource-based policy"
      " allows the SNS:Publish action",
      caller.id, resource));
}

// https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
CreateTopicResponse create_topic(Service&, Call& call, const CreateTopicInput& request) {
  if (request.name.ends_with(".fifo")) throw aws::NotImplemented("CreateTopic: a topic first in, first out");
  if (!is_name(request.name)) throw_invalid("Topic Name");
  const TopicId id{call.account, call.region, request.name};
  if (topic_exists(call, id)) {
    // The same again is answered alike; other attributes or tags are a mistake.
    const Attributes known = attributes_of(call, id);
    for (const auto& [name, value] : request.attributes) {
      auto found = known.find(name);
      if (found == known.end() || found->second != value) {
        throw_invalid("Attributes Reason: Topic already exists with different attributes");
      }
    }
    const std::vector<Tag> tags = tags_of(call, id);
    for (const Tag& tag : request.tags) {
      const bool is_known = std::ranges::any_of(
          tags, [&](const Tag& each) { return each.key == tag.key && each.value == tag.value; });
      if (!is_known) throw_invalid("Tags Reason: Topic already exists with different tags");
    }
    return {.topic_arn = id.arn()};
  }
  call.transaction.run("INSERT INTO sns_topic (account, region, name) VALUES (?1, ?2, ?3)",
                       {id.account, id.region, id.name});
  for (const auto& [name, value] : request.attributes) set_attribute(call, id, name, value);
  write_tags(call, id, request.tags);
  return {.topic_arn = id.arn()};
}

aws::Nothing delete_topic(Service&, Call& call, const DeleteTopicInput& request) {
  const TopicId id = topic_id(request.topic_arn);
  const std::vector<sql::Value> key = {id.account, id.region, id.name};
  for (const sql::Row& row : call.transaction.run(
           "SELECT id FROM sns_subscription WHERE account = ?1 AND region = ?2 AND topic = ?3", key)) {
    delete_subscription(call, row.text(0));
  }
  for (const char* table : {"sns_topic_attribute", "sns_tag"}) {
    call.transaction.run(
        fmt::format("DELETE FROM {} WHERE account = ?1 AND region = ?2 AND topic = ?3", table), key);
  }
  call.transaction.run("DELETE FROM sns_topic WHERE account = ?1 AND region = ?2 AND name = ?3", key);
  return {};
}

ListTopicsResponse list_topics(Service&, Call& call, const ListTopicsInput& request) {
  const std::string after = request.next_token ? base64_decode(*request.next_token).value_or("") : "";
  if (request.next_token && after.empty()) throw_invalid("NextToken");
  ListTopicsResponse result;
  for (const sql::Row& row :
       call.transaction.run("SELECT name FROM sns_topic WHERE account = ?1 AND region = ?2 AND name > ?3 "
                            "ORDER BY name LIMIT ?4",
                            {call.account, call.region, after, static_cast<int64_t>(kPage + 1)})) {
    if (result.topics.size() == kPage) {
      result.next_token = base64_encode(split(*result.topics.back().topic_arn, ':').back());
      break;
    }
    result.topics.push_back({.topic_arn = TopicId{call.account, call.region, row.text(0)}.arn()});
  }
  return result;
}

GetTopicAttributesResponse get_topic_attributes(Service&, Call& call,
                                                const GetTopicAttributesInput& request) {
  const TopicId id = topic_id(request.topic_arn);
  require_topic(call, id);
  Attributes attributes = attributes_of(call, id);
  attributes["TopicArn"] = id.arn();
  attributes["Owner"] = id.account;
  attributes["Policy"] = policy_of(call, id);
  attributes.try_emplace("DisplayName", "");
  auto parsed = parse_topic_policy(attributes["DeliveryPolicy"]);
  if (attributes["DeliveryPolicy"].empty()) attributes.erase("DeliveryPolicy");
  attributes["EffectiveDeliveryPolicy"] = write_topic_policy(parsed.value_or(TopicRetryPolicy()));
  auto count = [&](std::string_view state) {
    auto row = call.transaction.find(
        "SELECT count(*) FROM sns_subscription WHERE account = ?1 AND region = ?2 AND topic = ?3 AND state = "
        "?4",
        {id.account, id.region, id.name, std::string(state)});
    return std::to_string(row->integer(0));
  };
  attributes["SubscriptionsConfirmed"] = count("confirmed");
  attributes["SubscriptionsPending"] = count("pending");
  attributes["SubscriptionsDeleted"] = count("deleted");
  return {.attributes = std::move(attributes)};
}

aws::Nothing set_topic_attributes(Service&, Call& call, const SetTopicAttributesInput& request) {
  const TopicId id = topic_id(request.topic_arn);
  require_topic(call, id);
  set_attribute(call, id, request.attribute_name, request.attribute_value.value_or(""));
  return {};
}

}  // namespace holm::sns
