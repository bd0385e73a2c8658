// AWS::CloudFormation::CustomResource and Custom::*: resources that a function or a topic's subscriber looks
// after. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html

#include <fmt/format.h>

#include "aws/service/error.h"
#include "base/check.h"
#include "services/cloudformation/custom_requests.h"
#include "services/cloudformation/replies.h"
#include "services/cloudformation/resources.h"
#include "services/cloudformation/service.h"
#include "stacks/state.h"

namespace holm::cloudformation {

namespace {

using stacks::Context;
using stacks::Created;
using stacks::Existing;
using stacks::Progress;
using stacks::Properties;

constexpr size_t kNameMax = 255;

std::string no_answer(const Asking& asking) {
  return fmt::format(
      "CloudFormation did not receive a response from your Custom Resource. Please check your logs for "
      "requestId"
      " [{}]. If you are using the Python cfn-response module, you may need to update your Lambda function "
      "code so"
      " that CloudFormation can attach the updated version.",
      asking.id);
}

std::string refused(const Reply& reply, const Asking& asking) {
  return fmt::format(
      "Received response status [FAILED] from custom resource. Message returned: {} (RequestId: {})",
      reply.reason.empty() ? "no reason was given" : reply.reason, asking.id);
}

class CustomResource final : public stacks::ResourceType {
 public:
  explicit CustomResource(Service& service) : service_(service) {}

  std::string_view name() const override { return "AWS::CloudFormation::CustomResource"; }
  std::span<const stacks::PropertySchema> properties() const override {
    static constexpr stacks::PropertySchema any[] = {{.name = "*"}};
    return any;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view any[] = {"*"};
    return any;
  }

  Created create(Context& context, const Properties& wanted) const override {
    ask(service_, context.call, question(context, "Create", "", wanted.value()));
    // Its name if whoever is asked never gives it one.
    return {context.name(kNameMax), {}};
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    if (was.properties.text("ServiceToken") != wanted.text("ServiceToken")) {
      throw aws::ServiceError("ValidationError", 400, "Modifying service token is not allowed.");
    }
    Question asked = question(context, "Update", was.physical_id, wanted.value());
    asked.old_properties = &was.properties.value();
    ask(service_, context.call, asked);
  }

  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    const auto before = find_asking(context.call.transaction, context.stack_id, context.name_suffix);
    // Nobody was ever told of it.
    if (before && before->type == "Create" && before->problem && !before->is_sent) {
      forget_asking(context.call.transaction, context.stack_id, context.name_suffix);
      return;
    }
    ask(service_, context.call,
        question(context, "Delete", resource.physical_id, resource.properties.value()));
  }

  Progress check(Context& context, const Existing&) const override {
    const auto asking = find_asking(context.call.transaction, context.stack_id, context.name_suffix);
    CHECK(asking.has_value());
    return progress(context, *asking);
  }

  Progress check_removed(Context& context, const Existing&) const override {
    const auto asking = find_asking(context.call.transaction, context.stack_id, context.name_suffix);
    return asking ? progress(context, *asking) : stacks::ready();
  }

 private:
  static Question question(const Context& context, std::string type, std::string physical_id,
                           const formats::Value& properties) {
    return {.type = std::move(type),
            .stack_id = context.stack_id,
            .logical_id = context.logical_id,
            .suffix = context.name_suffix,
            .resource_type = context.type,
            .physical_id = std::move(physical_id),
            .properties = properties};
  }

  static Progress progress(const Context& context, const Asking& asking) {
    if (asking.reply) return answered(context, asking);
    if (asking.problem) return stacks::failed(*asking.problem);
    return context.call.now < asking.deadline ? stacks::in_progress() : stacks::failed(no_answer(asking));
  }

  static Progress answered(const Context& context, const Asking& asking) {
    auto reply =
        read_reply(*asking.reply,
                   {.stack_id = context.stack_id, .logical_id = context.logical_id, .request_id = asking.id});
    if (!reply) return stacks::failed(reply.error().message);
    const bool is_creation = asking.type == "Create";
    if (reply->status == Reply::Status::Failed) {
      Progress failed = stacks::failed(refused(*reply, asking));
      if (is_creation) failed.physical_id = reply->physical_id;
      return failed;
    }
    if (asking.type == "Delete") return stacks::ready();
    if (reply->physical_id.empty()) return stacks::failed("Invalid PhysicalResourceId");
    Progress ready = stacks::ready(std::move(reply->data));
    ready.physical_id = reply->physical_id;
    if (reply->no_echo) ready.attributes.set(std::string(stacks::kNoEchoAttribute), true);
    return ready;
  }

  Service& service_;
};

}  // namespace

std::unique_ptr<stacks::ResourceType> custom_resource_type(Service& service) {
  return std::make_unique<CustomResource>(service);
}

}  // namespace holm::cloudformation
