// Adding statements to topics' policies and taking them away, and what permission each operation needs.
// https://docs.aws.amazon.com/sns/latest/api/API_AddPermission.html

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/strings.h"
#include "formats/json.h"
#include "services/sns/service.h"
#include "services/sns/topics.h"

namespace holm::sns {

namespace {

using formats::Array;
using formats::Object;
using formats::Value;

constexpr std::array<std::string_view, 8> kActions = {
    "AddPermission", "DeleteTopic",      "GetTopicAttributes", "ListSubscriptionsByTopic",
    "Publish",       "RemovePermission", "SetTopicAttributes", "Subscribe"};

// Its statements as a list; AWS lets one stand alone.
Value policy_document(Call& call, const TopicId& id) {
  auto policy = formats::parse_json(policy_of(call, id));
  CHECK(policy.has_value());
  Value* statements = policy->as_object()->find("Statement");
  if (statements && statements->as_object()) {
    Array list;
    list.push_back(*statements);
    *statements = Value(std::move(list));
  }
  CHECK(statements && statements->as_array());
  return std::move(*policy);
}

bool is_labelled(const Value& statement, const std::string& label) {
  const Value* sid = statement.find("Sid");
  return sid && sid->as_string() && *sid->as_string() == label;
}

Value list_of(const std::vector<std::string>& texts) {
  Array list;
  for (const std::string& text : texts) list.emplace_back(text);
  return list.size() == 1 ? list.front() : Value(std::move(list));
}

std::string topic_in_subscription(const std::string& arn) { return arn.substr(0, arn.rfind(':')); }

}  // namespace

aws::Nothing add_permission(Service&, Call& call, const AddPermissionInput& request) {
  const TopicId id = topic_id(request.topic_arn);
  require_topic(call, id);
  std::vector<std::string> principals, actions;
  for (const std::string& account : request.aws_account_id)
    principals.push_back("arn:aws:iam::" + account + ":root");
  for (const std::string& action : request.action_name) {
    if (std::ranges::find(kActions, action) == kActions.end()) {
      throw_invalid("Policy statement action out of service scope!");
    }
    actions.push_back("SNS:" + action);
  }
  if (principals.empty()) throw_invalid("AWSAccountId");
  if (actions.empty()) throw_invalid("ActionName");
  Value policy = policy_document(call, id);
  Array& statements = *policy.as_object()->find("Statement")->as_array();
  if (std::ranges::any_of(statements, [&](const Value& each) { return is_labelled(each, request.label); })) {
    throw_invalid("Statement already exists");
  }
  Object principal;
  principal.set("AWS", list_of(principals));
  Object statement;
  statement.set("Sid", request.label);
  statement.set("Effect", "Allow");
  statement.set("Principal", std::move(principal));
  statement.set("Action", list_of(actions));
  statement.set("Resource", id.arn());
  statements.emplace_back(std::move(statement));
  set_attribute(call, id, "Policy", formats::write_json(policy));
  return {};
}

aws::Nothing remove_permission(Service&, Call& call, const RemovePermissionInput& request) {
  const TopicId id = topic_id(request.topic_arn);
  require_topic(call, id);
  Value policy = policy_document(call, id);
  std::erase_if(*policy.as_object()->find("Statement")->as_array(),
                [&](const Value& each) { return is_labelled(each, request.label); });
  const bool is_empty = policy.find("Statement")->as_array()->empty();
  set_attribute(call, id, "Policy", is_empty ? "" : formats::write_json(policy));
  return {};
}

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
std::vector<aws::Access> Service::access(const aws::Operation& operation, const void* input,
                                         aws::Call& call) const {
  const std::string_view name = operation.name;
  std::vector<aws::Access> needed = aws::ServiceBase::access(operation, input, call);
  auto on = [&](const std::string& arn) {
    needed[0].resource = arn;
    const auto id = find_topic_id(arn);
    if (!id) return;
    needed[0].resource_account = id->account;
    if (topic_exists(call, *id)) needed[0].resource_policy = policy_of(call, *id);
  };
  auto publish_on = [&](const std::string& arn) {
    needed[0].action = "sns:Publish";
    const auto id = find_topic_id(arn);
    // Services may do all that is theirs; whom a topic lets publish, only it can say.
    if (id && call.principal.kind == aws::Principal::Kind::Service && topic_exists(call, *id)) {
      require_service_may_publish(call, *id);
    }
    on(arn);
  };
  auto pass_role = [&](const std::string& attribute, const std::string& value) {
    if (!attribute.ends_with("RoleArn") || value.empty()) return;
    needed.push_back({.action = "iam:PassRole",
                      .resource = value,
                      .context = {{"iam:PassedToService", {"sns.amazonaws.com"}}}});
  };
  if (name == "CreateTopic") {
    const auto& request = *static_cast<const CreateTopicInput*>(input);
    on(aws::arn("sns", call, request.name));
    for (const auto& [attribute, value] : request.attributes) pass_role(attribute, value);
  }
  if (name == "SetTopicAttributes") {
    const auto& request = *static_cast<const SetTopicAttributesInput*>(input);
    on(request.topic_arn);
    pass_role(request.attribute_name, request.attribute_value.value_or(""));
  }
  if (name == "Publish") {
    const auto& request = *static_cast<const PublishInput*>(input);
    publish_on(request.topic_arn ? *request.topic_arn : request.target_arn.value_or("*"));
  }
  if (name == "Subscribe") {
    const auto& request = *static_cast<const SubscribeInput*>(input);
    on(request.topic_arn);
    needed[0].context["sns:Protocol"] = {request.protocol};
    needed[0].context["sns:Endpoint"] = {request.endpoint.value_or("")};
  }
  if (name == "PublishBatch") publish_on(static_cast<const PublishBatchInput*>(input)->topic_arn);
  if (name == "DeleteTopic") on(static_cast<const DeleteTopicInput*>(input)->topic_arn);
  if (name == "GetTopicAttributes") on(static_cast<const GetTopicAttributesInput*>(input)->topic_arn);
  if (name == "AddPermission") on(static_cast<const AddPermissionInput*>(input)->topic_arn);
  if (name == "RemovePermission") on(static_cast<const RemovePermissionInput*>(input)->topic_arn);
  if (name == "ConfirmSubscription") on(static_cast<const ConfirmSubscriptionInput*>(input)->topic_arn);
  if (name == "ListSubscriptionsByTopic")
    on(static_cast<const ListSubscriptionsByTopicInput*>(input)->topic_arn);
  if (name == "TagResource") on(static_cast<const TagResourceRequest*>(input)->resource_arn);
  if (name == "UntagResource") on(static_cast<const UntagResourceRequest*>(input)->resource_arn);
  if (name == "ListTagsForResource") on(static_cast<const ListTagsForResourceRequest*>(input)->resource_arn);
  if (name == "Unsubscribe")
    on(topic_in_subscription(static_cast<const UnsubscribeInput*>(input)->subscription_arn));
  if (name == "GetSubscriptionAttributes") {
    on(topic_in_subscription(static_cast<const GetSubscriptionAttributesInput*>(input)->subscription_arn));
  }
  if (name == "SetSubscriptionAttributes") {
    on(topic_in_subscription(static_cast<const SetSubscriptionAttributesInput*>(input)->subscription_arn));
  }
  return needed;
}

}  // namespace holm::sns
