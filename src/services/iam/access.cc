// Which resources IAM's operations need permission for.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html

#include <fmt/format.h>

#include <algorithm>

#include "aws/schema/shape.h"
#include "services/iam/entities.h"
#include "services/iam/service.h"

namespace holm::iam {

namespace {

using aws::Access;

// Reads an operation's input by the model's names.
class Input {
 public:
  Input(const aws::Operation& operation, const void* input) : shape_(*operation.input), input_(input) {}

  const void* find(std::string_view name) const {
    auto member = std::ranges::find(shape_.members, name, &aws::Member::name);
    if (member == shape_.members.end()) return nullptr;
    return member->ops->get(static_cast<const char*>(input_) + member->offset);
  }
  std::string text(std::string_view name) const {
    const void* value = find(name);
    return value == nullptr ? std::string() : *static_cast<const std::string*>(value);
  }

 private:
  const aws::Shape& shape_;
  const void* input_;
};

struct NamedBy {
  std::string_view member;
  EntityKind kind;
};
// In this order: a request with a group and a user is about the group.
constexpr NamedBy kNamedBy[] = {{"InstanceProfileName", EntityKind::InstanceProfile},
                                {"GroupName", EntityKind::Group},
                                {"RoleName", EntityKind::Role},
                                {"UserName", EntityKind::User}};

// What does not exist yet gets the ARN that it will have.
std::string arn_of(Call& call, EntityKind kind, const std::string& name, const std::string& path) {
  std::optional<Entity> entity = find_entity(call.transaction, call.account, kind, name);
  if (entity) return entity->arn();
  return Entity{.account = call.account, .kind = kind, .name = name, .path = path.empty() ? "/" : path}.arn();
}

void add_resource(Access& access, const Input& input, Call& call) {
  std::string path = input.text("Path");
  for (const NamedBy& by : kNamedBy) {
    std::string name = input.text(by.member);
    if (name.empty()) continue;
    access.resource = arn_of(call, by.kind, name, path);
    std::optional<Entity> entity = find_entity(call.transaction, call.account, by.kind, name);
    if (!entity) return;
    for (const Tag& tag : tags_of(call.transaction, *entity)) {
      access.context["aws:ResourceTag/" + tag.key] = {tag.value};
      access.context["iam:ResourceTag/" + tag.key] = {tag.value};
    }
    return;
  }
  std::string policy = input.text("PolicyArn");
  if (!policy.empty()) access.resource = policy;
}

void add_context(Access& access, const Input& input) {
  std::string policy = input.text("PolicyArn");
  if (!policy.empty()) access.context["iam:PolicyARN"] = {policy};
  std::string boundary = input.text("PermissionsBoundary");
  if (!boundary.empty()) access.context["iam:PermissionsBoundary"] = {boundary};
  if (const void* tags = input.find("Tags")) {
    for (const Tag& tag : *static_cast<const std::vector<Tag>*>(tags)) {
      access.context["aws:RequestTag/" + tag.key] = {tag.value};
      access.context["aws:TagKeys"].push_back(tag.key);
    }
  }
  if (const void* keys = input.find("TagKeys")) {
    access.context["aws:TagKeys"] = *static_cast<const std::vector<std::string>*>(keys);
  }
}

// Without a name these are about who asks.
bool is_about_caller(std::string_view operation) {
  constexpr std::string_view kOperations[] = {"GetUser", "CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey",
                                              "ListAccessKeys"};
  return std::ranges::find(kOperations, operation) != std::end(kOperations);
}

}  // namespace

std::vector<Access> Service::access(const aws::Operation& operation, const void* raw, Call& call) const {
  Input input(operation, raw);
  std::vector<Access> needed = {{.action = fmt::format("iam:{}", operation.name)}};
  Access& access = needed.front();
  add_resource(access, input, call);
  add_context(access, input);
  if (access.resource == "*" && is_about_caller(operation.name)) access.resource = call.principal.arn;
  if (operation.name == "CreatePolicy") {
    access.resource = arn_of(call, EntityKind::Policy, input.text("PolicyName"), input.text("Path"));
  }
  if (operation.name == "CreateServiceLinkedRole") {
    std::string host = input.text("AWSServiceName");
    access.resource = fmt::format("arn:aws:iam::{}:role/aws-service-role/{}/*", call.account, host);
    access.context["iam:AWSServiceName"] = {host};
  }
  if (operation.name == "AddRoleToInstanceProfile") {
    // Whoever gives a role to instances passes it on.
    needed.push_back({.action = "iam:PassRole",
                      .resource = arn_of(call, EntityKind::Role, input.text("RoleName"), {}),
                      .context = {{"iam:PassedToService", {"ec2.amazonaws.com"}}}});
  }
  return needed;
}

}  // namespace holm::iam
