// For whom operations on stacks act, what they aim at, and their beginning.

#include "services/cloudformation/operations.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/error.h"
#include "aws/service/identity.h"
#include "base/characters.h"
#include "base/random.h"
#include "services/cloudformation/service.h"
#include "services/cloudformation/session.h"
#include "services/cloudformation/templates.h"

namespace holm::cloudformation {

namespace {

constexpr char kSessionName[] = "AWSCloudFormation";
constexpr std::chrono::hours kSessionDuration{1};

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 128 && is_letter(name[0]) && is_alphanumeric(name, "-");
}

std::vector<stacks::Tag> tags_of(const std::vector<Tag>& given) {
  std::vector<stacks::Tag> tags;
  for (const Tag& tag : given) tags.push_back({tag.key, tag.value});
  return tags;
}

bool is_same_output(const stacks::OutputDeclaration& a, const stacks::OutputDeclaration& b) {
  return a.name == b.name && a.description == b.description && a.condition == b.condition &&
         a.value == b.value && a.export_name == b.export_name;
}

// The parts of a template that a plan of resources does not look at.
bool differs_elsewhere(const stacks::Template& was, const stacks::Template& wanted) {
  if (!std::ranges::equal(was.outputs, wanted.outputs, is_same_output)) return true;
  return std::ranges::any_of(wanted.resources, [&](const stacks::ResourceDeclaration& each) {
    const stacks::ResourceDeclaration* before = was.find_resource(each.logical_id);
    return before && (before->metadata != each.metadata || before->update_policy != each.update_policy ||
                      before->creation_policy != each.creation_policy);
  });
}

}  // namespace

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
void take_principal(Service& service, Call& call, StackRow& row, const std::optional<std::string>& role_arn) {
  if (role_arn) row.role_arn = *role_arn;
  row.principal = call.principal;
  if (row.role_arn.empty()) return;
  aws::IdentityProvider& identities = service.identities();
  const auto role = identities.find_role(row.role_arn);
  const bool is_assumable = role && role->account == call.account &&
                            identities.issue_role_credentials(row.role_arn, "cloudformation.amazonaws.com",
                                                              kSessionName, kSessionDuration);
  if (!is_assumable) {
    throw_validation(fmt::format("Role {} is invalid or cannot be assumed", row.role_arn));
  }
  row.principal = {.kind = aws::Principal::Kind::AssumedRole,
                   .account = role->account,
                   .arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", role->account, role->name,
                                      kSessionName),
                   .id = fmt::format("{}:{}", role->id, kSessionName),
                   .role_arn = role->arn};
}

stacks::Deployment take_wanted(Service& service, Call& call, StackRow& row, const Wanted& wanted) {
  row.capabilities = wanted.capabilities;
  take_principal(service, call, row, wanted.role_arn);
  Call acting = call;
  acting.principal = row.principal;
  // Of a creation that failed and was kept only the operation tells.
  const bool was_made = !row.stack.current.template_text.empty() || !row.stack.operation;
  const stacks::Deployment& before = was_made ? row.stack.current : row.stack.operation->target;
  ProcessedTemplate processed =
      process_template(service, acting, row.stack,
                       {wanted.template_text, wanted.expanded, wanted.parameters, before.parameters});
  require_capabilities(processed.declared, wanted.capabilities);
  if (!processed.original_text.empty() && wanted.review == Wanted::Review::None) {
    require_expansion_capability(wanted.capabilities);
  }
  return {.template_text = std::move(processed.text),
          .original_text = std::move(processed.original_text),
          .parameters = require_parameters(acting, processed.declared, wanted.parameters, before.parameters),
          .tags = wanted.tags.empty() ? before.tags : tags_of(wanted.tags)};
}

void require_updatable(const StackRow& row) {
  using stacks::StackStatus;
  const StackStatus status = row.stack.status;
  const bool can_update =
      status == StackStatus::CreateComplete || status == StackStatus::UpdateComplete ||
      status == StackStatus::UpdateRollbackComplete || status == StackStatus::UpdateFailed ||
      status == StackStatus::CreateFailed;
  if (can_update) return;
  throw_validation(fmt::format("Stack:{} is in {} state and can not be updated.", row.stack.id,
                               stacks::to_text(status)));
}

StackRow new_stack(Service& service, Call& call, const std::string& name) {
  if (!is_name(name)) {
    throw_validation(
        fmt::format("1 validation error detected: Value '{}' at 'stackName' failed to satisfy constraint: "
                    "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
                    name));
  }
  StackRow row{.account = call.account, .region = call.region};
  row.stack.id =
      aws::arn("cloudformation", call, fmt::format("stack/{}/{}", name, service.random().uuid()));
  row.stack.name = name;
  row.stack.created = call.now;
  return row;
}

Plan plan_changes(Service& service, Call& call, const StackRow& row, const stacks::Deployment& target) {
  Call acting = call;
  acting.principal = row.principal;
  auto lookups = open_lookups(acting);
  stacks::Stack stack = row.stack;
  stack.resources = resources_of(call.transaction, stack.id);
  auto changes = stacks::plan({.stack = stack,
                               .target = target,
                               .pseudo = {.account_id = call.account,
                                          .region = call.region,
                                          .stack_id = stack.id,
                                          .stack_name = stack.name,
                                          .url_suffix = std::string(kUrlSuffix)},
                               .types = service.types(),
                               .lookups = *lookups});
  if (!changes) throw_validation(changes.error().describe());
  Plan plan{.changes = std::move(*changes)};
  const auto was = stacks::parse_template(stack.current.template_text);
  const auto wanted = stacks::parse_template(target.template_text);
  plan.changes_anything = !plan.changes.empty() || target.tags != stack.current.tags || !was ||
                          (wanted && differs_elsewhere(*was, *wanted));
  return plan;
}

void begin(Service& service, Call& call, const StackRow& row, stacks::Operation operation) {
  save_request(call, row);
  // What was planned before was planned for what the stack no longer is.
  call.transaction.run(
      "UPDATE cloudformation_change_set SET execution = 'OBSOLETE' WHERE stack = ?1 AND"
      " execution = 'AVAILABLE'",
      {row.stack.id});
  auto session = open_session(call, row.stack.id);
  service.engine().begin(*session, std::move(operation));
  service.carry_on(call, row.stack.id);
}

}  // namespace holm::cloudformation
