// What IAM's CloudFormation types share.

#include "services/iam/resource_parts.h"

#include "services/iam/resources.h"

namespace holm::iam {

ResourceTypes resource_types() {
  ResourceTypes types;
  add_role_types(types);
  add_user_types(types);
  add_access_key_types(types);
  add_policy_types(types);
  add_inline_policy_types(types);
  return types;
}

std::vector<Tag> iam_tags(const Context& context, const Properties& wanted) {
  std::vector<Tag> tags;
  for (const stacks::Tag& tag : context.tags(wanted.tags())) {
    // Tags in AWS's own name space are CloudFormation's to write, which acts for the user here.
    if (!tag.key.starts_with("aws:")) tags.push_back({.key = tag.key, .value = tag.value});
  }
  return tags;
}

std::vector<std::string> inline_policy_names(const Properties& properties) {
  std::vector<std::string> names;
  for (const Properties& policy : properties.objects("Policies")) names.push_back(policy.text("PolicyName"));
  return names;
}

void join_group(Context& context, const std::string& user, const std::string& group) {
  AddUserToGroupRequest request{.group_name = group, .user_name = user};
  context.invoke<AddUserToGroup>(request);
}

void leave_group(Context& context, const std::string& user, const std::string& group) {
  if (!exists(context, EntityKind::Group, group) || !exists(context, EntityKind::User, user)) return;
  RemoveUserFromGroupRequest request{.group_name = group, .user_name = user};
  context.invoke<RemoveUserFromGroup>(request);
}

bool is_attached(const Context& context, EntityKind kind, const std::string& name,
                 const std::string& policy_arn) {
  auto entity = find_entity(context.call.transaction, context.call.account, kind, name);
  return entity &&
         context.call.transaction.find("SELECT 1 FROM iam_attachment WHERE entity = ?1 AND policy_arn = ?2",
                                       {entity->id, policy_arn});
}

bool has_inline_policy(const Context& context, EntityKind kind, const std::string& name,
                       const std::string& policy) {
  auto entity = find_entity(context.call.transaction, context.call.account, kind, name);
  return entity &&
         context.call.transaction.find("SELECT 1 FROM iam_inline_policy WHERE entity = ?1 AND name = ?2",
                                       {entity->id, policy});
}

}  // namespace holm::iam
