// AWS::SNS::Topic, Subscription and TopicPolicy, by SNS's own operations.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_SNS.html

#include "services/sns/resources.h"

#include <algorithm>

#include "aws/service/error.h"
#include "base/strings.h"
#include "formats/json.h"
#include "sns/operations.h"

namespace holm::sns {

namespace {

using stacks::Context;
using stacks::Created;
using stacks::Existing;
using stacks::Presence;
using stacks::Properties;
using stacks::PropertyKind;
using stacks::PropertySchema;
using stacks::Removal;
using stacks::Update;

constexpr size_t kNameMax = 256;

constexpr PropertySchema kInnerSubscription[] = {{.name = "Endpoint", .presence = Presence::Required},
                                                 {.name = "Protocol", .presence = Presence::Required}};
constexpr PropertySchema kTopic[] = {{.name = "TopicName", .update = Update::Replacement},
                                     {.name = "DisplayName"},
                                     {.name = "SignatureVersion"},
                                     {.name = "TracingConfig"},
                                     {.name = "Subscription",
                                      .kind = PropertyKind::List,
                                      .element = PropertyKind::Object,
                                      .members = kInnerSubscription},
                                     {.name = "Tags",
                                      .kind = PropertyKind::List,
                                      .element = PropertyKind::Object,
                                      .members = stacks::kTagSchema}};
constexpr PropertySchema kSubscription[] = {
    {.name = "TopicArn", .presence = Presence::Required, .update = Update::Replacement},
    {.name = "Protocol", .presence = Presence::Required, .update = Update::Replacement},
    {.name = "Endpoint", .update = Update::Replacement},
    {.name = "RawMessageDelivery", .kind = PropertyKind::Boolean},
    {.name = "FilterPolicy", .kind = PropertyKind::Json},
    {.name = "FilterPolicyScope"},
    {.name = "DeliveryPolicy", .kind = PropertyKind::Json}};
constexpr PropertySchema kPolicy[] = {
    {.name = "Topics", .kind = PropertyKind::List, .presence = Presence::Required},
    {.name = "PolicyDocument", .kind = PropertyKind::Json, .presence = Presence::Required}};

constexpr const char* kTopicTexts[] = {"DisplayName", "SignatureVersion", "TracingConfig"};

std::string otherwise(std::string_view attribute) {
  if (attribute == "SignatureVersion") return "1";
  return attribute == "TracingConfig" ? "PassThrough" : "";
}

class TopicType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::SNS::Topic"; }
  std::span<const PropertySchema> properties() const override { return kTopic; }
  std::span<const std::string_view> attributes() const override { return kAttributes; }

  Created create(Context& context, const Properties& wanted) const override {
    CreateTopicInput request{.name = wanted.find_text("TopicName").value_or(context.name(kNameMax))};
    const std::string arn = aws::arn("sns", context.call, request.name);
    // CreateTopic would take over a topic that is somebody else's.
    for (const Topic& each : topics(context)) {
      if (each.topic_arn == arn) throw aws::ServiceError("AlreadyExists", 400, arn + " already exists");
    }
    for (const char* text : kTopicTexts) {
      if (auto value = wanted.find_text(text)) request.attributes[text] = *value;
    }
    for (const stacks::Tag& tag : context.tags(wanted.tags())) {
      request.tags.push_back({.key = tag.key, .value = tag.value});
    }
    Created result{.physical_id = context.invoke<CreateTopic>(request).topic_arn.value_or("")};
    for (const Properties& each : wanted.objects("Subscription"))
      subscribe(context, result.physical_id, each);
    result.attributes.set("TopicArn", result.physical_id);
    result.attributes.set("TopicName", request.name);
    return result;
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    for (const char* text : kTopicTexts) {
      if (!stacks::differs(was.properties, wanted, text)) continue;
      context.invoke<SetTopicAttributes>(
          {.topic_arn = was.physical_id,
           .attribute_name = text,
           .attribute_value = wanted.find_text(text).value_or(otherwise(text))});
    }
    if (stacks::differs(was.properties, wanted, "Subscription")) {
      update_subscriptions(context, was, wanted);
    }
    const auto now = context.tags(wanted.tags());
    TagResourceRequest put{.resource_arn = was.physical_id};
    for (const stacks::Tag& tag : now) put.tags.push_back({.key = tag.key, .value = tag.value});
    const UntagResourceRequest gone{.resource_arn = was.physical_id,
                                    .tag_keys = stacks::keys_gone(was, was.properties.tags(), now)};
    if (!gone.tag_keys.empty()) context.invoke<UntagResource>(gone);
    context.invoke<TagResource>(put);
  }

  void remove(Context& context, const Existing& resource, Removal) const override {
    context.invoke<DeleteTopic>({.topic_arn = resource.physical_id});
  }

 private:
  static constexpr std::string_view kAttributes[] = {"TopicArn", "TopicName"};

  static std::vector<Topic> topics(Context& context) {
    std::vector<Topic> all;
    ListTopicsInput request;
    do {
      ListTopicsResponse page = context.invoke<ListTopics>(request);
      all.insert(all.end(), page.topics.begin(), page.topics.end());
      request.next_token = page.next_token;
    } while (request.next_token);
    return all;
  }
  static void subscribe(Context& context, const std::string& topic, const Properties& wanted) {
    context.invoke<Subscribe>(
        {.topic_arn = topic, .protocol = wanted.text("Protocol"), .endpoint = wanted.text("Endpoint")});
  }
  static bool is_among(const std::vector<Properties>& all, const Properties& one) {
    return std::ranges::any_of(all, [&](const Properties& each) {
      return each.text("Protocol") == one.text("Protocol") && each.text("Endpoint") == one.text("Endpoint");
    });
  }
  static void update_subscriptions(Context& context, const Existing& was, const Properties& wanted) {
    const auto before = was.properties.objects("Subscription"), after = wanted.objects("Subscription");
    for (const Properties& each : after) {
      if (!is_among(before, each)) subscribe(context, was.physical_id, each);
    }
    ListSubscriptionsByTopicInput request{.topic_arn = was.physical_id};
    do {
      const auto page = context.invoke<ListSubscriptionsByTopic>(request);
      for (const Subscription& each : page.subscriptions) {
        const bool is_gone = std::ranges::any_of(before, [&](const Properties& old) {
          return old.text("Protocol") == each.protocol && old.text("Endpoint") == each.endpoint &&
                 !is_among(after, old);
        });
        const std::string arn = each.subscription_arn.value_or("");
        if (is_gone && arn.starts_with("arn:")) context.invoke<Unsubscribe>({.subscription_arn = arn});
      }
      request.next_token = page.next_token;
    } while (request.next_token);
  }
};

// What the template says as the attribute's text; "" when it does not.
std::string attribute_text(const Properties& wanted, const std::string& name) {
  if (name == "RawMessageDelivery") return wanted.boolean(name, false) ? "true" : "false";
  if (name == "FilterPolicyScope") return wanted.find_text(name).value_or("MessageAttributes");
  return wanted.json(name);
}

class SubscriptionType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::SNS::Subscription"; }
  std::span<const PropertySchema> properties() const override { return kSubscription; }
  std::span<const std::string_view> attributes() const override { return kAttributes; }

  Created create(Context& context, const Properties& wanted) const override {
    SubscribeInput request{.topic_arn = wanted.text("TopicArn"),
                           .protocol = wanted.text("Protocol"),
                           .endpoint = wanted.find_text("Endpoint"),
                           .return_subscription_arn = true};
    for (const char* each : kSettings) {
      if (wanted.has(each)) request.attributes[each] = attribute_text(wanted, each);
    }
    Created result{.physical_id = context.invoke<Subscribe>(request).subscription_arn.value_or("")};
    result.attributes.set("Arn", result.physical_id);
    return result;
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    // The scope first: the new policy may only be one in it.
    if (stacks::differs(was.properties, wanted, "FilterPolicy") ||
        stacks::differs(was.properties, wanted, "FilterPolicyScope")) {
      set(context, was, "FilterPolicy", "");
      set(context, was, "FilterPolicyScope", attribute_text(wanted, "FilterPolicyScope"));
      set(context, was, "FilterPolicy", attribute_text(wanted, "FilterPolicy"));
    }
    for (const char* each : {"RawMessageDelivery", "DeliveryPolicy"}) {
      if (stacks::differs(was.properties, wanted, each))
        set(context, was, each, attribute_text(wanted, each));
    }
  }

  // One that was never confirmed cannot be ended; it is forgotten by itself.
  void remove(Context& context, const Existing& resource, Removal) const override {
    ListSubscriptionsByTopicInput request{.topic_arn = resource.properties.text("TopicArn")};
    if (!topic_exists(context, request.topic_arn)) return;
    do {
      const auto page = context.invoke<ListSubscriptionsByTopic>(request);
      const bool is_there = std::ranges::any_of(page.subscriptions, [&](const Subscription& each) {
        return each.subscription_arn == resource.physical_id;
      });
      if (is_there) {
        context.invoke<Unsubscribe>({.subscription_arn = resource.physical_id});
        return;
      }
      request.next_token = page.next_token;
    } while (request.next_token);
  }

 private:
  static constexpr std::string_view kAttributes[] = {"Arn"};
  static constexpr const char* kSettings[] = {"RawMessageDelivery", "FilterPolicyScope", "FilterPolicy",
                                              "DeliveryPolicy"};

  static void set(Context& context, const Existing& was, const char* name, const std::string& value) {
    context.invoke<SetSubscriptionAttributes>(
        {.subscription_arn = was.physical_id, .attribute_name = name, .attribute_value = value});
  }
  static bool topic_exists(Context& context, const std::string& arn) {
    ListTopicsInput request;
    do {
      const auto page = context.invoke<ListTopics>(request);
      if (std::ranges::any_of(page.topics, [&](const Topic& each) { return each.topic_arn == arn; }))
        return true;
      request.next_token = page.next_token;
    } while (request.next_token);
    return false;
  }
};

class TopicPolicyType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::SNS::TopicPolicy"; }
  std::span<const PropertySchema> properties() const override { return kPolicy; }
  std::span<const std::string_view> attributes() const override { return kAttributes; }

  Created create(Context& context, const Properties& wanted) const override {
    put(context, wanted.texts("Topics"), wanted.json("PolicyDocument"));
    Created result{.physical_id = context.name(kNameMax)};
    result.attributes.set("Id", result.physical_id);
    return result;
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    std::vector<std::string> gone;
    const std::vector<std::string> topics = wanted.texts("Topics");
    for (const std::string& each : was.properties.texts("Topics")) {
      if (std::ranges::find(topics, each) == topics.end()) gone.push_back(each);
    }
    put(context, gone, "");
    put(context, topics, wanted.json("PolicyDocument"));
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    put(context, resource.properties.texts("Topics"), "");
  }

 private:
  static constexpr std::string_view kAttributes[] = {"Id"};

  static void put(Context& context, const std::vector<std::string>& topics, const std::string& policy) {
    for (const std::string& topic : topics) {
      context.invoke<SetTopicAttributes>(
          {.topic_arn = topic, .attribute_name = "Policy", .attribute_value = policy});
    }
  }
};

}  // namespace

std::vector<std::unique_ptr<stacks::ResourceType>> resource_types() {
  std::vector<std::unique_ptr<stacks::ResourceType>> types;
  types.push_back(std::make_unique<TopicType>());
  types.push_back(std::make_unique<SubscriptionType>());
  types.push_back(std::make_unique<TopicPolicyType>());
  return types;
}

}  // namespace holm::sns
