// AWS::Lambda::Permission and EventInvokeConfig.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Lambda.html

#include "lambda/operations.h"
#include "services/lambda/resources.h"

namespace holm::lambda {

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

constexpr PropertySchema kPermission[] = {
    {.name = "FunctionName", .presence = Presence::Required, .update = Update::Replacement},
    {.name = "Action", .presence = Presence::Required, .update = Update::Replacement},
    {.name = "Principal", .presence = Presence::Required, .update = Update::Replacement},
    {.name = "SourceArn", .update = Update::Replacement},
    {.name = "SourceAccount", .update = Update::Replacement}};

// The physical id is the statement's.
class PermissionType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::Lambda::Permission"; }
  std::span<const PropertySchema> properties() const override { return kPermission; }
  std::span<const std::string_view> attributes() const override { return kAttributes; }

  Created create(Context& context, const Properties& wanted) const override {
    Created result{.physical_id = context.name(100)};
    context.invoke<AddPermission>({.function_name = wanted.text("FunctionName"),
                                   .statement_id = result.physical_id,
                                   .action = wanted.text("Action"),
                                   .principal = wanted.text("Principal"),
                                   .source_arn = wanted.find_text("SourceArn"),
                                   .source_account = wanted.find_text("SourceAccount")});
    result.attributes.set("Id", result.physical_id);
    return result;
  }
  void update(Context&, const Existing&, const Properties&) const override {}
  // The function may have gone before, and its policy with it.
  void remove(Context& context, const Existing& resource, Removal) const override {
    const std::string function = resource.properties.text("FunctionName");
    if (!has_statement(context, function, resource.physical_id)) return;
    context.invoke<RemovePermission>({.function_name = function, .statement_id = resource.physical_id});
  }

 private:
  static constexpr std::string_view kAttributes[] = {"Id"};

  static bool has_statement(Context& context, const std::string& function, const std::string& id) {
    auto& transaction = context.call.transaction;
    std::string name = function;
    if (const size_t at = name.find(":function:"); at != std::string::npos) name = name.substr(at + 10);
    name = name.substr(0, name.find(':'));
    return transaction
        .find("SELECT 1 FROM lambda_permission WHERE account = ?1 AND region = ?2 AND name = ?3 AND sid = ?4",
              {context.call.account, context.call.region, name, id})
        .has_value();
  }
};

constexpr PropertySchema kDestinationMembers[] = {{.name = "Destination", .presence = Presence::Required}};
constexpr PropertySchema kDestinationsMembers[] = {
    {.name = "OnSuccess", .kind = PropertyKind::Object, .members = kDestinationMembers},
    {.name = "OnFailure", .kind = PropertyKind::Object, .members = kDestinationMembers}};
constexpr PropertySchema kEventInvokeConfig[] = {
    {.name = "FunctionName", .presence = Presence::Required, .update = Update::Replacement},
    {.name = "Qualifier", .presence = Presence::Required, .update = Update::Replacement},
    {.name = "MaximumRetryAttempts", .kind = PropertyKind::Integer},
    {.name = "MaximumEventAgeInSeconds", .kind = PropertyKind::Integer},
    {.name = "DestinationConfig", .kind = PropertyKind::Object, .members = kDestinationsMembers}};

class EventInvokeConfigType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::Lambda::EventInvokeConfig"; }
  std::span<const PropertySchema> properties() const override { return kEventInvokeConfig; }
  std::span<const std::string_view> attributes() const override { return {}; }

  Created create(Context& context, const Properties& wanted) const override {
    put(context, wanted);
    return {.physical_id = context.name(100)};
  }
  void update(Context& context, const Existing&, const Properties& wanted) const override {
    put(context, wanted);
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    const std::string function = resource.properties.text("FunctionName");
    const std::string qualifier = resource.properties.text("Qualifier");
    auto listed = context.invoke<ListFunctionEventInvokeConfigs>({.function_name = function});
    for (const FunctionEventInvokeConfig& each : listed.function_event_invoke_configs) {
      if (!each.function_arn.value_or("").ends_with(":" + qualifier)) continue;
      context.invoke<DeleteFunctionEventInvokeConfig>({.function_name = function, .qualifier = qualifier});
      return;
    }
  }

 private:
  static void put(Context& context, const Properties& wanted) {
    PutFunctionEventInvokeConfigRequest request{.function_name = wanted.text("FunctionName"),
                                                .qualifier = wanted.text("Qualifier")};
    if (auto retries = wanted.find_integer("MaximumRetryAttempts")) {
      request.maximum_retry_attempts = static_cast<int32_t>(*retries);
    }
    if (auto age = wanted.find_integer("MaximumEventAgeInSeconds")) {
      request.maximum_event_age_in_seconds = static_cast<int32_t>(*age);
    }
    if (auto config = wanted.find_object("DestinationConfig")) {
      request.destination_config.emplace();
      if (auto success = config->find_object("OnSuccess")) {
        request.destination_config->on_success = OnSuccess{.destination = success->text("Destination")};
      }
      if (auto failure = config->find_object("OnFailure")) {
        request.destination_config->on_failure = OnFailure{.destination = failure->text("Destination")};
      }
    }
    context.invoke<PutFunctionEventInvokeConfig>(request);
  }
};

}  // namespace

void add_permission_types(ResourceTypes& types) {
  types.push_back(std::make_unique<PermissionType>());
  types.push_back(std::make_unique<EventInvokeConfigType>());
}

}  // namespace holm::lambda
