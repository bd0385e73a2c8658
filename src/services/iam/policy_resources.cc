// AWS::IAM::Policy and AWS::IAM::ManagedPolicy.

#include "aws/service/error.h"
#include "services/iam/resource_parts.h"
#include "services/iam/resources.h"

namespace holm::iam {

namespace {

constexpr size_t kPolicyNameMax = 128;
constexpr size_t kVersionsMax = 5;

constexpr PropertySchema kPolicySchema[] = {
    {.name = "Groups", .kind = PropertyKind::List},
    {.name = "PolicyDocument", .kind = PropertyKind::Json, .presence = Presence::Required},
    {.name = "PolicyName", .presence = Presence::Required, .update = Update::Replacement},
    {.name = "Roles", .kind = PropertyKind::List},
    {.name = "Users", .kind = PropertyKind::List},
};

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-policy.html
// One inline policy, put to several users, groups and roles.
class PolicyType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::IAM::Policy"; }
  std::span<const PropertySchema> properties() const override { return kPolicySchema; }
  std::span<const std::string_view> attributes() const override { return {}; }

  Created create(Context& context, const Properties& wanted) const override {
    if (wanted.texts("Users").empty() && wanted.texts("Groups").empty() && wanted.texts("Roles").empty()) {
      throw aws::ServiceError("ValidationError", 400,
                              "At least one of [Groups,Roles,Users] must be non-empty.");
    }
    put_to_all(context, wanted);
    return {.physical_id = context.name(kPolicyNameMax)};
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    put_to_all(context, wanted);
    const std::string policy = wanted.text("PolicyName");
    take<UserOperations>(context, policy, gone(was.properties.texts("Users"), wanted.texts("Users")));
    take<GroupOperations>(context, policy, gone(was.properties.texts("Groups"), wanted.texts("Groups")));
    take<RoleOperations>(context, policy, gone(was.properties.texts("Roles"), wanted.texts("Roles")));
  }

  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    const std::string policy = resource.properties.text("PolicyName");
    take<UserOperations>(context, policy, resource.properties.texts("Users"));
    take<GroupOperations>(context, policy, resource.properties.texts("Groups"));
    take<RoleOperations>(context, policy, resource.properties.texts("Roles"));
  }

 private:
  template <class Operations>
  static void take(Context& context, const std::string& policy, const std::vector<std::string>& from) {
    for (const std::string& name : from) delete_inline<Operations>(context, name, policy);
  }

  static void put_to_all(Context& context, const Properties& wanted) {
    const std::string policy = wanted.text("PolicyName");
    const std::string document = wanted.json("PolicyDocument");
    for (const std::string& name : wanted.texts("Users"))
      put_inline<UserOperations>(context, name, policy, document);
    for (const std::string& name : wanted.texts("Groups"))
      put_inline<GroupOperations>(context, name, policy, document);
    for (const std::string& name : wanted.texts("Roles"))
      put_inline<RoleOperations>(context, name, policy, document);
  }
};

constexpr PropertySchema kManagedPolicySchema[] = {
    {.name = "Description", .update = Update::Replacement},
    {.name = "Groups", .kind = PropertyKind::List},
    {.name = "ManagedPolicyName", .update = Update::Replacement},
    {.name = "Path", .update = Update::Replacement},
    {.name = "PolicyDocument", .kind = PropertyKind::Json, .presence = Presence::Required},
    {.name = "Roles", .kind = PropertyKind::List},
    {.name = "Users", .kind = PropertyKind::List},
};
constexpr std::string_view kManagedPolicyAttributes[] = {"PolicyArn", "PolicyId"};

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-managedpolicy.html
class ManagedPolicyType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::IAM::ManagedPolicy"; }
  std::span<const PropertySchema> properties() const override { return kManagedPolicySchema; }
  std::span<const std::string_view> attributes() const override { return kManagedPolicyAttributes; }

  Created create(Context& context, const Properties& wanted) const override {
    CreatePolicyRequest request{
        .policy_name = wanted.find_text("ManagedPolicyName").value_or(context.name(kPolicyNameMax)),
        .path = wanted.find_text("Path"),
        .policy_document = wanted.json("PolicyDocument"),
        .description = wanted.find_text("Description")};
    Policy policy = context.invoke<CreatePolicy>(request).policy.value();
    std::string arn = policy.arn.value();
    attach_all(context, arn, wanted);
    formats::Object attributes;
    attributes.append("PolicyArn", arn);
    attributes.append("PolicyId", policy.policy_id.value());
    return {.physical_id = arn, .attributes = std::move(attributes)};
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    const std::string& arn = was.physical_id;
    if (stacks::differs(was.properties, wanted, "PolicyDocument")) {
      make_room(context, arn);
      CreatePolicyVersionRequest request{
          .policy_arn = arn, .policy_document = wanted.json("PolicyDocument"), .set_as_default = true};
      context.invoke<CreatePolicyVersion>(request);
    }
    attach_all(context, arn, wanted);
    take<UserOperations>(context, arn, gone(was.properties.texts("Users"), wanted.texts("Users")));
    take<GroupOperations>(context, arn, gone(was.properties.texts("Groups"), wanted.texts("Groups")));
    take<RoleOperations>(context, arn, gone(was.properties.texts("Roles"), wanted.texts("Roles")));
  }

  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    const std::string& arn = resource.physical_id;
    if (!find_entity_by_arn(context.call.transaction, arn)) return;
    take<UserOperations>(context, arn, resource.properties.texts("Users"));
    take<GroupOperations>(context, arn, resource.properties.texts("Groups"));
    take<RoleOperations>(context, arn, resource.properties.texts("Roles"));
    for (const PolicyVersion& version : versions_of(context, arn)) {
      if (!version.is_default_version.value_or(false)) delete_version(context, arn, version);
    }
    DeletePolicyRequest request{.policy_arn = arn};
    context.invoke<DeletePolicy>(request);
  }

 private:
  template <class Operations>
  static void take(Context& context, const std::string& arn, const std::vector<std::string>& from) {
    for (const std::string& name : from) detach<Operations>(context, name, arn);
  }

  static void attach_all(Context& context, const std::string& arn, const Properties& wanted) {
    for (const std::string& name : wanted.texts("Users")) attach<UserOperations>(context, name, arn);
    for (const std::string& name : wanted.texts("Groups")) attach<GroupOperations>(context, name, arn);
    for (const std::string& name : wanted.texts("Roles")) attach<RoleOperations>(context, name, arn);
  }

  static std::vector<PolicyVersion> versions_of(Context& context, const std::string& arn) {
    ListPolicyVersionsRequest request{.policy_arn = arn};
    return context.invoke<ListPolicyVersions>(request).versions;
  }

  static void delete_version(Context& context, const std::string& arn, const PolicyVersion& version) {
    DeletePolicyVersionRequest request{.policy_arn = arn, .version_id = version.version_id.value()};
    context.invoke<DeletePolicyVersion>(request);
  }

  // The oldest version that is not the default goes when there are as many as there may be.
  static void make_room(Context& context, const std::string& arn) {
    std::vector<PolicyVersion> versions = versions_of(context, arn);
    if (versions.size() < kVersionsMax) return;
    const PolicyVersion& oldest = versions.back();
    const PolicyVersion& next = versions[versions.size() - 2];
    delete_version(context, arn, oldest.is_default_version.value_or(false) ? next : oldest);
  }
};

}  // namespace

void add_policy_types(ResourceTypes& types) {
  types.push_back(std::make_unique<PolicyType>());
  types.push_back(std::make_unique<ManagedPolicyType>());
}

}  // namespace holm::iam
