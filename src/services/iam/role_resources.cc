// AWS::IAM::Role and AWS::IAM::InstanceProfile.

#include "services/iam/resource_parts.h"
#include "services/iam/resources.h"

namespace holm::iam {

namespace {

constexpr PropertySchema kRoleSchema[] = {
    {.name = "AssumeRolePolicyDocument", .kind = PropertyKind::Json, .presence = Presence::Required},
    {.name = "Description"},
    {.name = "ManagedPolicyArns", .kind = PropertyKind::List},
    {.name = "MaxSessionDuration", .kind = PropertyKind::Integer},
    {.name = "Path", .update = Update::Replacement},
    {.name = "PermissionsBoundary"},
    {.name = "Policies",
     .kind = PropertyKind::List,
     .element = PropertyKind::Object,
     .members = kInlinePolicySchema},
    {.name = "RoleName", .update = Update::Replacement},
    {.name = "Tags", .kind = PropertyKind::List, .element = PropertyKind::Object, .members = stacks::kTagSchema},
};
constexpr std::string_view kRoleAttributes[] = {"Arn", "RoleId"};
constexpr int32_t kDefaultSessionSeconds = 3600;

std::optional<int32_t> session_duration(const Properties& properties) {
  std::optional<int64_t> seconds = properties.find_integer("MaxSessionDuration");
  if (!seconds) return std::nullopt;
  return static_cast<int32_t>(*seconds);
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
class RoleType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::IAM::Role"; }
  std::span<const PropertySchema> properties() const override { return kRoleSchema; }
  std::span<const std::string_view> attributes() const override { return kRoleAttributes; }

  Created create(Context& context, const Properties& wanted) const override {
    constexpr size_t kNameMax = 64;
    CreateRoleRequest request{
        .path = wanted.find_text("Path"),
        .role_name = wanted.find_text("RoleName").value_or(context.name(kNameMax)),
        .assume_role_policy_document = wanted.json("AssumeRolePolicyDocument"),
        .description = wanted.find_text("Description"),
        .max_session_duration = session_duration(wanted),
        .permissions_boundary = wanted.find_text("PermissionsBoundary"),
        .tags = iam_tags(context, wanted),
    };
    Role role = context.invoke<CreateRole>(request).role;
    apply_policies<RoleOperations>(context, role.role_name, wanted, std::nullopt);
    formats::Object attributes;
    attributes.append("Arn", role.arn);
    attributes.append("RoleId", role.role_id);
    return {.physical_id = role.role_name, .attributes = std::move(attributes)};
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    const std::string& role = was.physical_id;
    if (stacks::differs(was.properties, wanted, "AssumeRolePolicyDocument")) {
      UpdateAssumeRolePolicyRequest trust{.role_name = role,
                                          .policy_document = wanted.json("AssumeRolePolicyDocument")};
      context.invoke<UpdateAssumeRolePolicy>(trust);
    }
    // What the template no longer says goes back to what it is without being said.
    UpdateRoleRequest request{.role_name = role,
                              .description = wanted.text("Description"),
                              .max_session_duration = session_duration(wanted).value_or(kDefaultSessionSeconds)};
    context.invoke<UpdateRole>(request);
    update_tags_and_boundary<RoleOperations>(context, was, wanted);
    apply_policies<RoleOperations>(context, role, wanted, was.properties);
  }

  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    const std::string& role = resource.physical_id;
    if (!exists(context, EntityKind::Role, role)) return;
    remove_policies<RoleOperations>(context, role, resource.properties);
    context.invoke<DeleteRole>(about<DeleteRole>(role));
  }
};

constexpr PropertySchema kProfileSchema[] = {
    {.name = "InstanceProfileName", .update = Update::Replacement},
    {.name = "Path", .update = Update::Replacement},
    {.name = "Roles", .kind = PropertyKind::List, .presence = Presence::Required},
};
constexpr std::string_view kProfileAttributes[] = {"Arn"};

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-instanceprofile.html
class InstanceProfileType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::IAM::InstanceProfile"; }
  std::span<const PropertySchema> properties() const override { return kProfileSchema; }
  std::span<const std::string_view> attributes() const override { return kProfileAttributes; }

  Created create(Context& context, const Properties& wanted) const override {
    constexpr size_t kNameMax = 128;
    CreateInstanceProfileRequest request{
        .instance_profile_name = wanted.find_text("InstanceProfileName").value_or(context.name(kNameMax)),
        .path = wanted.find_text("Path"),
    };
    InstanceProfile profile = context.invoke<CreateInstanceProfile>(request).instance_profile;
    for (const std::string& role : wanted.texts("Roles")) add(context, profile.instance_profile_name, role);
    formats::Object attributes;
    attributes.append("Arn", profile.arn);
    return {.physical_id = profile.instance_profile_name, .attributes = std::move(attributes)};
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    std::vector<std::string> before = was.properties.texts("Roles");
    std::vector<std::string> after = wanted.texts("Roles");
    // The old one first: a profile has room for one.
    for (const std::string& role : gone(before, after)) take(context, was.physical_id, role);
    for (const std::string& role : gone(after, before)) add(context, was.physical_id, role);
  }

  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    const std::string& profile = resource.physical_id;
    if (!exists(context, EntityKind::InstanceProfile, profile)) return;
    for (const std::string& role : resource.properties.texts("Roles")) take(context, profile, role);
    DeleteInstanceProfileRequest request{.instance_profile_name = profile};
    context.invoke<DeleteInstanceProfile>(request);
  }

 private:
  static void add(Context& context, const std::string& profile, const std::string& role) {
    AddRoleToInstanceProfileRequest request{.instance_profile_name = profile, .role_name = role};
    context.invoke<AddRoleToInstanceProfile>(request);
  }

  static void take(Context& context, const std::string& profile, const std::string& role) {
    GetInstanceProfileRequest about_it{.instance_profile_name = profile};
    std::vector<Role> roles = context.invoke<GetInstanceProfile>(about_it).instance_profile.roles;
    if (std::ranges::none_of(roles, [&](const Role& one) { return one.role_name == role; })) return;
    RemoveRoleFromInstanceProfileRequest request{.instance_profile_name = profile, .role_name = role};
    context.invoke<RemoveRoleFromInstanceProfile>(request);
  }
};

}  // namespace

void add_role_types(ResourceTypes& types) {
  types.push_back(std::make_unique<RoleType>());
  types.push_back(std::make_unique<InstanceProfileType>());
}

}  // namespace holm::iam
