// AWS::IAM::User and AWS::IAM::Group.

#include "services/iam/resource_parts.h"
#include "services/iam/resources.h"

namespace holm::iam {

namespace {

constexpr size_t kUserNameMax = 64;
constexpr size_t kGroupNameMax = 128;

constexpr PropertySchema kUserSchema[] = {
    {.name = "Groups", .kind = PropertyKind::List},
    {.name = "ManagedPolicyArns", .kind = PropertyKind::List},
    {.name = "Path"},
    {.name = "PermissionsBoundary"},
    {.name = "Policies",
     .kind = PropertyKind::List,
     .element = PropertyKind::Object,
     .members = kInlinePolicySchema},
    {.name = "Tags",
     .kind = PropertyKind::List,
     .element = PropertyKind::Object,
     .members = stacks::kTagSchema},
    {.name = "UserName", .update = Update::Replacement},
};
constexpr std::string_view kArnAttribute[] = {"Arn"};

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-user.html
// A LoginProfile is refused: it is in no table.
class UserType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::IAM::User"; }
  std::span<const PropertySchema> properties() const override { return kUserSchema; }
  std::span<const std::string_view> attributes() const override { return kArnAttribute; }

  Created create(Context& context, const Properties& wanted) const override {
    CreateUserRequest request{.path = wanted.find_text("Path"),
                              .user_name = wanted.find_text("UserName").value_or(context.name(kUserNameMax)),
                              .permissions_boundary = wanted.find_text("PermissionsBoundary"),
                              .tags = iam_tags(context, wanted)};
    User user = context.invoke<CreateUser>(request).user.value();
    for (const std::string& group : wanted.texts("Groups")) join_group(context, user.user_name, group);
    apply_policies<UserOperations>(context, user.user_name, wanted, std::nullopt);
    formats::Object attributes;
    attributes.append("Arn", user.arn);
    return {.physical_id = user.user_name, .attributes = std::move(attributes)};
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    const std::string& user = was.physical_id;
    if (stacks::differs(was.properties, wanted, "Path")) {
      UpdateUserRequest request{.user_name = user, .new_path = wanted.find_text("Path").value_or("/")};
      context.invoke<UpdateUser>(request);
    }
    for (const std::string& group : gone(was.properties.texts("Groups"), wanted.texts("Groups"))) {
      leave_group(context, user, group);
    }
    for (const std::string& group : wanted.texts("Groups")) join_group(context, user, group);
    update_tags_and_boundary<UserOperations>(context, was, wanted);
    apply_policies<UserOperations>(context, user, wanted, was.properties);
  }

  // The ARN follows the path.
  stacks::Progress check(Context& context, const Existing& resource) const override {
    auto user =
        find_entity(context.call.transaction, context.call.account, EntityKind::User, resource.physical_id);
    if (!user) return stacks::failed("The user with name " + resource.physical_id + " cannot be found.");
    formats::Object attributes;
    attributes.append("Arn", user->arn());
    return stacks::ready(std::move(attributes));
  }

  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    const std::string& user = resource.physical_id;
    if (!exists(context, EntityKind::User, user)) return;
    for (const std::string& group : resource.properties.texts("Groups")) leave_group(context, user, group);
    remove_policies<UserOperations>(context, user, resource.properties);
    context.invoke<DeleteUser>(about<DeleteUser>(user));
  }
};

constexpr PropertySchema kGroupSchema[] = {
    {.name = "GroupName", .update = Update::Replacement},
    {.name = "ManagedPolicyArns", .kind = PropertyKind::List},
    {.name = "Path"},
    {.name = "Policies",
     .kind = PropertyKind::List,
     .element = PropertyKind::Object,
     .members = kInlinePolicySchema},
};

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-group.html
class GroupType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::IAM::Group"; }
  std::span<const PropertySchema> properties() const override { return kGroupSchema; }
  std::span<const std::string_view> attributes() const override { return kArnAttribute; }

  Created create(Context& context, const Properties& wanted) const override {
    CreateGroupRequest request{
        .path = wanted.find_text("Path"),
        .group_name = wanted.find_text("GroupName").value_or(context.name(kGroupNameMax))};
    Group group = context.invoke<CreateGroup>(request).group;
    apply_policies<GroupOperations>(context, group.group_name, wanted, std::nullopt);
    formats::Object attributes;
    attributes.append("Arn", group.arn);
    return {.physical_id = group.group_name, .attributes = std::move(attributes)};
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    if (stacks::differs(was.properties, wanted, "Path")) {
      UpdateGroupRequest request{.group_name = was.physical_id,
                                 .new_path = wanted.find_text("Path").value_or("/")};
      context.invoke<UpdateGroup>(request);
    }
    apply_policies<GroupOperations>(context, was.physical_id, wanted, was.properties);
  }

  stacks::Progress check(Context& context, const Existing& resource) const override {
    auto group =
        find_entity(context.call.transaction, context.call.account, EntityKind::Group, resource.physical_id);
    if (!group) return stacks::failed("The group with name " + resource.physical_id + " cannot be found.");
    formats::Object attributes;
    attributes.append("Arn", group->arn());
    return stacks::ready(std::move(attributes));
  }

  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    const std::string& group = resource.physical_id;
    if (!exists(context, EntityKind::Group, group)) return;
    remove_policies<GroupOperations>(context, group, resource.properties);
    context.invoke<DeleteGroup>(about<DeleteGroup>(group));
  }
};

}  // namespace

void add_user_types(ResourceTypes& types) {
  types.push_back(std::make_unique<UserType>());
  types.push_back(std::make_unique<GroupType>());
}

}  // namespace holm::iam
