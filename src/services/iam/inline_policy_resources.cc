// AWS::IAM::UserPolicy, GroupPolicy and RolePolicy, each an inline policy of one entity, and
// AWS::IAM::UserToGroupAddition.

#include "services/iam/resource_parts.h"
#include "services/iam/resources.h"

namespace holm::iam {

namespace {

constexpr size_t kNameMax = 128;

// What distinguishes the three types.
struct UserPolicy : UserOperations {
  static constexpr std::string_view kType = "AWS::IAM::UserPolicy";
  static constexpr std::string_view kOwner = "UserName";
};
struct GroupPolicy : GroupOperations {
  static constexpr std::string_view kType = "AWS::IAM::GroupPolicy";
  static constexpr std::string_view kOwner = "GroupName";
};
struct RolePolicy : RoleOperations {
  static constexpr std::string_view kType = "AWS::IAM::RolePolicy";
  static constexpr std::string_view kOwner = "RoleName";
};

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-rolepolicy.html
template <class Of>
class InlinePolicyType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return Of::kType; }
  std::span<const PropertySchema> properties() const override {
    static constexpr PropertySchema kSchema[] = {
        {.name = "PolicyDocument", .kind = PropertyKind::Json, .presence = Presence::Required},
        {.name = "PolicyName", .presence = Presence::Required, .update = Update::Replacement},
        {.name = Of::kOwner, .presence = Presence::Required, .update = Update::Replacement},
    };
    return kSchema;
  }
  std::span<const std::string_view> attributes() const override { return {}; }

  Created create(Context& context, const Properties& wanted) const override {
    put(context, wanted);
    return {.physical_id = wanted.text("PolicyName") + "|" + wanted.text(Of::kOwner)};
  }
  void update(Context& context, const Existing&, const Properties& wanted) const override {
    put(context, wanted);
  }
  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    delete_inline<Of>(context, resource.properties.text(Of::kOwner), resource.properties.text("PolicyName"));
  }

 private:
  static void put(Context& context, const Properties& wanted) {
    put_inline<Of>(context, wanted.text(Of::kOwner), wanted.text("PolicyName"),
                   wanted.json("PolicyDocument"));
  }
};

constexpr PropertySchema kAdditionSchema[] = {
    {.name = "GroupName", .presence = Presence::Required, .update = Update::Replacement},
    {.name = "Users", .kind = PropertyKind::List, .presence = Presence::Required},
};

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-usertogroupaddition.html
class UserToGroupAdditionType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::IAM::UserToGroupAddition"; }
  std::span<const PropertySchema> properties() const override { return kAdditionSchema; }
  std::span<const std::string_view> attributes() const override { return {}; }

  Created create(Context& context, const Properties& wanted) const override {
    for (const std::string& user : wanted.texts("Users")) join_group(context, user, wanted.text("GroupName"));
    return {.physical_id = context.name(kNameMax)};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    const std::string group = wanted.text("GroupName");
    for (const std::string& user : gone(was.properties.texts("Users"), wanted.texts("Users"))) {
      leave_group(context, user, group);
    }
    for (const std::string& user : wanted.texts("Users")) join_group(context, user, group);
  }
  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    for (const std::string& user : resource.properties.texts("Users")) {
      leave_group(context, user, resource.properties.text("GroupName"));
    }
  }
};

}  // namespace

void add_inline_policy_types(ResourceTypes& types) {
  types.push_back(std::make_unique<InlinePolicyType<UserPolicy>>());
  types.push_back(std::make_unique<InlinePolicyType<GroupPolicy>>());
  types.push_back(std::make_unique<InlinePolicyType<RolePolicy>>());
  types.push_back(std::make_unique<UserToGroupAdditionType>());
}

}  // namespace holm::iam
