// AWS::CloudFormation::Macro: a function under a name that templates can use.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-macro.html

#include <fmt/format.h>

#include "aws/service/error.h"
#include "services/cloudformation/resources.h"

namespace holm::cloudformation {

namespace {

using stacks::Context;
using stacks::Existing;
using stacks::Presence;
using stacks::Properties;

constexpr stacks::PropertySchema kSchema[] = {
    {.name = "Name", .presence = Presence::Required, .update = stacks::Update::Replacement},
    {.name = "FunctionName", .presence = Presence::Required},
    {.name = "Description"}};

class Macro final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::CloudFormation::Macro"; }
  std::span<const stacks::PropertySchema> properties() const override { return kSchema; }
  std::span<const std::string_view> attributes() const override { return {}; }

  stacks::Created create(Context& context, const Properties& wanted) const override {
    const std::string name = wanted.text("Name");
    auto known = context.call.transaction.find(
        "SELECT 1 FROM cloudformation_macro WHERE account = ?1 AND region = ?2 AND name = ?3",
        {context.call.account, context.call.region, name});
    if (known) {
      throw aws::ServiceError("AlreadyExists", 400, fmt::format("A macro named {} already exists.", name));
    }
    context.call.transaction.run(
        "INSERT INTO cloudformation_macro (account, region, name, function) VALUES (?1, ?2, ?3, ?4)",
        {context.call.account, context.call.region, name, wanted.text("FunctionName")});
    return {name, {}};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    context.call.transaction.run(
        "UPDATE cloudformation_macro SET function = ?4 WHERE account = ?1 AND region = ?2 AND name = ?3",
        {context.call.account, context.call.region, was.physical_id, wanted.text("FunctionName")});
  }
  void remove(Context& context, const Existing& macro, stacks::Removal) const override {
    context.call.transaction.run(
        "DELETE FROM cloudformation_macro WHERE account = ?1 AND region = ?2 AND name = ?3",
        {context.call.account, context.call.region, macro.physical_id});
  }
};

}  // namespace

std::unique_ptr<stacks::ResourceType> macro_type() { return std::make_unique<Macro>(); }

}  // namespace holm::cloudformation
