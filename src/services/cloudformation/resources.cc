// AWS::CDK::Metadata, and the list of all types.

#include "services/cloudformation/resources.h"

namespace holm::cloudformation {

namespace {

constexpr size_t kNameMax = 255;

// What the CDK tells AWS about itself with every stack; AWS takes it and does nothing with it.
class CdkMetadata final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::CDK::Metadata"; }
  std::span<const stacks::PropertySchema> properties() const override {
    static constexpr stacks::PropertySchema all[] = {{.name = "Analytics"}, {.name = "Modules"}};
    return all;
  }
  std::span<const std::string_view> attributes() const override { return {}; }
  stacks::Created create(stacks::Context& context, const stacks::Properties&) const override {
    return {context.name(kNameMax), {}};
  }
  void update(stacks::Context&, const stacks::Existing&, const stacks::Properties&) const override {}
  void remove(stacks::Context&, const stacks::Existing&, stacks::Removal) const override {}
};

}  // namespace

std::vector<std::unique_ptr<stacks::ResourceType>> resource_types(Service& service) {
  std::vector<std::unique_ptr<stacks::ResourceType>> types;
  types.push_back(std::make_unique<CdkMetadata>());
  types.push_back(custom_resource_type(service));
  types.push_back(macro_type());
  types.push_back(nested_stack_type(service));
  types.push_back(wait_condition_handle_type(service));
  types.push_back(wait_condition_type());
  return types;
}

}  // namespace holm::cloudformation
