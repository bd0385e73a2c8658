// Creating, updating and deleting stacks: each begins an operation, which the job carries out.

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/error.h"
#include "base/random.h"
#include "cloudformation/handlers.h"
#include "services/cloudformation/service.h"
#include "services/cloudformation/session.h"
#include "services/cloudformation/stacks.h"
#include "services/cloudformation/templates.h"

namespace holm::cloudformation {

namespace {

std::vector<stacks::Tag> tags_of(const std::vector<Tag>& given) {
  std::vector<stacks::Tag> tags;
  for (const Tag& tag : given) tags.push_back({tag.key, tag.value});
  return tags;
}

bool is_name(std::string_view name) {
  auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !name.empty() && name.size() <= 128 && is_letter(name[0]) && std::ranges::all_of(name, [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
  });
}

stacks::OnFailure on_failure_of(const CreateStackInput& request) {
  if (request.disable_rollback && request.on_failure) {
    throw_validation("Either OnFailure or DisableRollback can be given, not both.");
  }
  if (request.disable_rollback.value_or(false)) return stacks::OnFailure::DoNothing;
  const std::string given = request.on_failure.value_or("ROLLBACK");
  if (given == "DO_NOTHING") return stacks::OnFailure::DoNothing;
  return given == "DELETE" ? stacks::OnFailure::Delete : stacks::OnFailure::Rollback;
}

void begin(Service& service, Call& call, const std::string& stack_id, stacks::Operation operation) {
  auto session = open_session(call, stack_id);
  service.engine().begin(*session, std::move(operation));
  service.carry_on(call, stack_id);
}

}  // namespace

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
CreateStackOutput create_stack(Service& service, Call& call, const CreateStackInput& request) {
  if (!is_name(request.stack_name)) {
    throw_validation(
        fmt::format("1 validation error detected: Value '{}' at 'stackName' failed to satisfy constraint: "
                    "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
                    request.stack_name));
  }
  if (find_stack(call, request.stack_name)) {
    throw AlreadyExistsException(fmt::format("Stack [{}] already exists", request.stack_name));
  }
  const std::string text = template_text(request.template_body, request.template_url);
  const stacks::Template declared = require_template(service, text);
  require_capabilities(declared, request.capabilities);
  StackRow row{.account = call.account, .region = call.region};
  row.principal = call.principal;
  row.capabilities = request.capabilities;
  row.disable_rollback = on_failure_of(request) == stacks::OnFailure::DoNothing;
  row.is_protected = request.enable_termination_protection.value_or(false);
  if (request.timeout_in_minutes) row.timeout_minutes = *request.timeout_in_minutes;
  row.stack.id = aws::arn("cloudformation", call,
                          fmt::format("stack/{}/{}", request.stack_name, service.random().uuid()));
  row.stack.name = request.stack_name;
  row.stack.created = call.now;
  insert_stack(call, row);
  stacks::Operation operation{
      .kind = stacks::OperationKind::Create,
      .target = {.template_text = text,
                 .parameters = require_parameters(call, declared, request.parameters, {}),
                 .tags = tags_of(request.tags)},
      .on_failure = on_failure_of(request),
      .token = request.client_request_token.value_or("")};
  if (row.timeout_minutes) operation.deadline = call.now + std::chrono::minutes(*row.timeout_minutes);
  begin(service, call, row.stack.id, std::move(operation));
  return {.stack_id = row.stack.id};
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStack.html
UpdateStackOutput update_stack(Service& service, Call& call, const UpdateStackInput& request) {
  const StackRow row = require_stack(call, request.stack_name);
  const stacks::Stack& stack = row.stack;
  const bool can_update = stack.status == stacks::StackStatus::CreateComplete ||
                          stack.status == stacks::StackStatus::UpdateComplete ||
                          stack.status == stacks::StackStatus::UpdateRollbackComplete;
  if (!can_update) {
    throw_validation(fmt::format("Stack:{} is in {} state and can not be updated.", stack.id,
                                 stacks::to_text(stack.status)));
  }
  const bool keeps_template = request.use_previous_template.value_or(false);
  const std::string text = keeps_template ? stack.current.template_text
                                          : template_text(request.template_body, request.template_url);
  const stacks::Template declared = require_template(service, text);
  require_capabilities(declared, request.capabilities);
  stacks::Deployment target{
      .template_text = text,
      .parameters = require_parameters(call, declared, request.parameters, stack.current.parameters),
      .tags = request.tags.empty() ? stack.current.tags : tags_of(request.tags)};
  if (target.template_text == stack.current.template_text && target.parameters == stack.current.parameters &&
      target.tags == stack.current.tags) {
    throw_validation("No updates are to be performed.");
  }
  begin(service, call, stack.id,
        {.kind = stacks::OperationKind::Update,
         .target = std::move(target),
         .on_failure = request.disable_rollback.value_or(false) ? stacks::OnFailure::DoNothing
                                                                : stacks::OnFailure::Rollback,
         .token = request.client_request_token.value_or("")});
  return {.stack_id = stack.id};
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html
aws::Nothing delete_stack(Service& service, Call& call, const DeleteStackInput& request) {
  auto row = find_stack(call, request.stack_name);
  // Deleting a stack that is not there succeeds.
  if (!row || row->stack.status == stacks::StackStatus::DeleteComplete) return {};
  if (row->is_protected) {
    throw_validation(
        fmt::format("Stack [{}] cannot be deleted while TerminationProtection is enabled", row->stack.name));
  }
  for (const sql::Row& used : call.transaction.run(
           "SELECT o.export FROM cloudformation_output o JOIN cloudformation_import i ON i.export = o.export"
           " JOIN cloudformation_stack s ON s.id = i.stack WHERE o.stack = ?1 AND i.stack <> ?1 AND "
           "s.account = ?2"
           " AND s.region = ?3 AND s.status <> 'DELETE_COMPLETE'",
           {row->stack.id, call.account, call.region})) {
    throw_validation(
        fmt::format("Export {} cannot be deleted as it is in use by another stack", used.text(0)));
  }
  begin(service, call, row->stack.id,
        {.kind = stacks::OperationKind::Delete,
         .skipped = request.retain_resources,
         .token = request.client_request_token.value_or("")});
  return {};
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CancelUpdateStack.html
aws::Nothing cancel_update_stack(Service& service, Call& call, const CancelUpdateStackInput& request) {
  const StackRow row = require_stack(call, request.stack_name);
  if (row.stack.status != stacks::StackStatus::UpdateInProgress) {
    throw_validation("CancelUpdateStack cannot be called from current stack status");
  }
  auto session = open_session(call, row.stack.id);
  service.engine().cancel_update(*session);
  service.carry_on(call, row.stack.id);
  return {};
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateTerminationProtection.html
UpdateTerminationProtectionOutput update_termination_protection(
    Service&, Call& call, const UpdateTerminationProtectionInput& request) {
  const StackRow row = require_stack(call, request.stack_name);
  call.transaction.run("UPDATE cloudformation_stack SET protected = ?2 WHERE id = ?1",
                       {row.stack.id, int64_t{request.enable_termination_protection}});
  return {.stack_id = row.stack.id};
}

}  // namespace holm::cloudformation
