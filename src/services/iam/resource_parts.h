// What IAM's CloudFormation types share: inline policies, attachments, boundaries and tags that follow a
// template.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "iam/operations.h"
#include "services/iam/entities.h"
#include "stacks/resource_type.h"

namespace holm::iam {

using stacks::Context;
using stacks::Created;
using stacks::Existing;
using stacks::Presence;
using stacks::Properties;
using stacks::PropertyKind;
using stacks::PropertySchema;
using stacks::Update;

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-iam-role-policy.html
inline constexpr PropertySchema kInlinePolicySchema[] = {
    {.name = "PolicyName", .presence = Presence::Required},
    {.name = "PolicyDocument", .kind = PropertyKind::Json, .presence = Presence::Required},
};

// The operations on users, groups and roles are alike but for their names.
struct UserOperations {
  using Attach = AttachUserPolicy;
  using Detach = DetachUserPolicy;
  using Put = PutUserPolicy;
  using Delete = DeleteUserPolicy;
  using SetTags = TagUser;
  using RemoveTags = UntagUser;
  using PutBoundary = PutUserPermissionsBoundary;
  using DeleteBoundary = DeleteUserPermissionsBoundary;
  static constexpr EntityKind kKind = EntityKind::User;
};
struct GroupOperations {
  using Attach = AttachGroupPolicy;
  using Detach = DetachGroupPolicy;
  using Put = PutGroupPolicy;
  using Delete = DeleteGroupPolicy;
  static constexpr EntityKind kKind = EntityKind::Group;
};
struct RoleOperations {
  using Attach = AttachRolePolicy;
  using Detach = DetachRolePolicy;
  using Put = PutRolePolicy;
  using Delete = DeleteRolePolicy;
  using SetTags = TagRole;
  using RemoveTags = UntagRole;
  using PutBoundary = PutRolePermissionsBoundary;
  using DeleteBoundary = DeleteRolePermissionsBoundary;
  static constexpr EntityKind kKind = EntityKind::Role;
};

// An input of `Op` about the user, group or role `name`.
template <class Op>
typename Op::Input about(const std::string& name) {
  typename Op::Input input;
  if constexpr (requires { input.role_name; }) {
    input.role_name = name;
  } else if constexpr (requires { input.group_name; }) {
    input.group_name = name;
  } else {
    input.user_name = name;
  }
  return input;
}

inline bool exists(const Context& context, EntityKind kind, const std::string& name) {
  return find_entity(context.call.transaction, context.call.account, kind, name).has_value();
}

inline bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::ranges::find(list, text) != list.end();
}

// Those of `before` that are not in `after`.
inline std::vector<std::string> gone(const std::vector<std::string>& before,
                                     const std::vector<std::string>& after) {
  std::vector<std::string> result;
  for (const std::string& one : before) {
    if (!contains(after, one)) result.push_back(one);
  }
  return result;
}

std::vector<Tag> iam_tags(const Context& context, const Properties& wanted);
std::vector<std::string> inline_policy_names(const Properties& properties);
// Whether the policy is still attached, or there: somebody may have been there before.
bool is_attached(const Context& context, EntityKind kind, const std::string& name,
                 const std::string& policy_arn);
bool has_inline_policy(const Context& context, EntityKind kind, const std::string& name,
                       const std::string& policy);

void join_group(Context& context, const std::string& user, const std::string& group);
// Fine as well when either is gone.
void leave_group(Context& context, const std::string& user, const std::string& group);

template <class Operations>
void attach(Context& context, const std::string& name, const std::string& policy_arn) {
  auto input = about<typename Operations::Attach>(name);
  input.policy_arn = policy_arn;
  context.invoke<typename Operations::Attach>(input);
}

template <class Operations>
void detach(Context& context, const std::string& name, const std::string& policy_arn) {
  if (!is_attached(context, Operations::kKind, name, policy_arn)) return;
  auto input = about<typename Operations::Detach>(name);
  input.policy_arn = policy_arn;
  context.invoke<typename Operations::Detach>(input);
}

template <class Operations>
void put_inline(Context& context, const std::string& name, const std::string& policy,
                const std::string& document) {
  auto input = about<typename Operations::Put>(name);
  input.policy_name = policy;
  input.policy_document = document;
  context.invoke<typename Operations::Put>(input);
}

template <class Operations>
void delete_inline(Context& context, const std::string& name, const std::string& policy) {
  if (!has_inline_policy(context, Operations::kKind, name, policy)) return;
  auto input = about<typename Operations::Delete>(name);
  input.policy_name = policy;
  context.invoke<typename Operations::Delete>(input);
}

// Makes the Policies and ManagedPolicyArns of a user, group or role what the template says; what others added
// stays.
template <class Operations>
void apply_policies(Context& context, const std::string& name, const Properties& wanted,
                    const std::optional<Properties>& was) {
  if (was) {
    for (const std::string& arn : gone(was->texts("ManagedPolicyArns"), wanted.texts("ManagedPolicyArns"))) {
      detach<Operations>(context, name, arn);
    }
    for (const std::string& policy : gone(inline_policy_names(*was), inline_policy_names(wanted))) {
      delete_inline<Operations>(context, name, policy);
    }
  }
  for (const std::string& arn : wanted.texts("ManagedPolicyArns")) attach<Operations>(context, name, arn);
  for (const Properties& policy : wanted.objects("Policies")) {
    put_inline<Operations>(context, name, policy.text("PolicyName"), policy.json("PolicyDocument"));
  }
}

template <class Operations>
void remove_policies(Context& context, const std::string& name, const Properties& properties) {
  for (const std::string& arn : properties.texts("ManagedPolicyArns")) detach<Operations>(context, name, arn);
  for (const std::string& policy : inline_policy_names(properties)) {
    delete_inline<Operations>(context, name, policy);
  }
}

template <class Operations>
void update_tags_and_boundary(Context& context, const Existing& was, const Properties& wanted) {
  std::vector<Tag> now = iam_tags(context, wanted);
  auto untag = about<typename Operations::RemoveTags>(was.physical_id);
  untag.tag_keys = stacks::keys_gone(was, was.properties.tags(), context.tags(wanted.tags()));
  if (!untag.tag_keys.empty()) context.invoke<typename Operations::RemoveTags>(untag);
  auto tag = about<typename Operations::SetTags>(was.physical_id);
  tag.tags = now;
  if (!now.empty()) context.invoke<typename Operations::SetTags>(tag);
  if (!stacks::differs(was.properties, wanted, "PermissionsBoundary")) return;
  if (wanted.has("PermissionsBoundary")) {
    auto put = about<typename Operations::PutBoundary>(was.physical_id);
    put.permissions_boundary = wanted.text("PermissionsBoundary");
    context.invoke<typename Operations::PutBoundary>(put);
  } else {
    context.invoke<typename Operations::DeleteBoundary>(
        about<typename Operations::DeleteBoundary>(was.physical_id));
  }
}

}  // namespace holm::iam
