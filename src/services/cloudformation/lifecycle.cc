// Creating, updating, deleting stacks, and what is done when that goes wrong.

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/error.h"
#include "cloudformation/handlers.h"
#include "services/cloudformation/operations.h"
#include "services/cloudformation/service.h"
#include "services/cloudformation/session.h"
#include "services/cloudformation/template_source.h"
#include "services/cloudformation/templates.h"

namespace holm::cloudformation {

namespace {

using stacks::StackStatus;

stacks::OnFailure on_failure_of(const CreateStackInput& request) {
  if (request.disable_rollback && request.on_failure) {
    throw_validation("Either OnFailure or DisableRollback can be given, not both.");
  }
  if (request.disable_rollback.value_or(false)) return stacks::OnFailure::DoNothing;
  const std::string given = request.on_failure.value_or("ROLLBACK");
  if (given == "DO_NOTHING") return stacks::OnFailure::DoNothing;
  return given == "DELETE" ? stacks::OnFailure::Delete : stacks::OnFailure::Rollback;
}

// What marks a request that is repeated; empty when it cannot be told.
std::string request_mark(std::string_view operation, const std::optional<std::string>& token) {
  return token ? fmt::format("{} {}", operation, *token) : std::string();
}

bool is_repeated(const StackRow& row, const std::string& mark) {
  return !mark.empty() && row.request == mark;
}

CreateStackOutput create(Service& service, Call& call, const CreateStackInput& request,
                         const Expanded& expanded) {
  StackRow row = new_stack(service, call, request.stack_name);
  row.request = request_mark("CreateStack", request.client_request_token);
  if (auto known = find_stack(call, request.stack_name)) {
    if (is_repeated(*known, row.request)) return {.stack_id = known->stack.id};
    throw AlreadyExistsException(fmt::format("Stack [{}] already exists", request.stack_name));
  }
  const stacks::OnFailure on_failure = on_failure_of(request);
  row.disable_rollback = on_failure == stacks::OnFailure::DoNothing;
  row.is_protected = request.enable_termination_protection.value_or(false);
  if (request.timeout_in_minutes) row.timeout_minutes = *request.timeout_in_minutes;
  stacks::Operation operation{
      .kind = stacks::OperationKind::Create,
      .target = take_wanted(service, call, row,
                            {.template_text = template_text(request.template_body, request.template_url),
                             .parameters = request.parameters,
                             .tags = request.tags,
                             .capabilities = request.capabilities,
                             .role_arn = request.role_arn,
                             .expanded = expanded}),
      .on_failure = on_failure,
      .token = request.client_request_token.value_or("")};
  if (row.timeout_minutes) operation.deadline = call.now + std::chrono::minutes(*row.timeout_minutes);
  insert_stack(call, row);
  begin(service, call, row, std::move(operation));
  return {.stack_id = row.stack.id};
}

UpdateStackOutput update(Service& service, Call& call, const UpdateStackInput& request,
                         const Expanded& expanded) {
  StackRow row = require_named_stack(call, request.stack_name);
  const std::string mark = request_mark("UpdateStack", request.client_request_token);
  if (is_repeated(row, mark)) return {.stack_id = row.stack.id};
  require_updatable(row);
  row.request = mark;
  const bool keeps_template = request.use_previous_template.value_or(false);
  if (keeps_template && (request.template_body || request.template_url)) {
    throw_validation("UsePreviousTemplate cannot be given together with a template.");
  }
  std::string text = keeps_template ? original_of(row.stack.current)
                                    : template_text(request.template_body, request.template_url);
  stacks::Deployment target = take_wanted(service, call, row,
                                          {.template_text = std::move(text),
                                           .parameters = request.parameters,
                                           .tags = request.tags,
                                           .capabilities = request.capabilities,
                                           .role_arn = request.role_arn,
                                           .expanded = expanded});
  const bool was_left_failed =
      row.stack.status == StackStatus::UpdateFailed || row.stack.status == StackStatus::CreateFailed;
  if (!plan_changes(service, call, row, target).changes_anything && !was_left_failed) {
    throw_validation("No updates are to be performed.");
  }
  row.disable_rollback = request.disable_rollback.value_or(row.disable_rollback);
  const bool is_kept = request.disable_rollback.value_or(false);
  begin(service, call, row,
        {.kind = stacks::OperationKind::Update,
         .target = std::move(target),
         .on_failure = is_kept ? stacks::OnFailure::DoNothing : stacks::OnFailure::Rollback,
         .token = request.client_request_token.value_or("")});
  return {.stack_id = row.stack.id};
}

// Exports that others import keep a stack.
void require_unused_exports(Call& call, const StackRow& row) {
  auto used = call.transaction.find(
      "SELECT o.export, i.stack FROM cloudformation_output o JOIN cloudformation_import i"
      " ON i.export = o.export JOIN cloudformation_stack s ON s.id = i.stack"
      " WHERE o.stack = ?1 AND i.stack <> ?1 AND s.account = ?2 AND s.region = ?3",
      {row.stack.id, call.account, call.region});
  if (!used) return;
  throw_validation(fmt::format("Export {} cannot be deleted as it is in use by {}", used->text(0),
                               name_in(used->text(1))));
}

// Only what DELETE_FAILED left may be retained.
void require_retainable(Call& call, const StackRow& row, const std::vector<std::string>& names) {
  if (names.empty()) return;
  if (row.stack.status != StackStatus::DeleteFailed) {
    throw_validation("Invalid operation on stack. RetainResources can only be specified for a stack in the"
                     " DELETE_FAILED state");
  }
  const auto resources = resources_of(call.transaction, row.stack.id);
  for (const std::string& name : names) {
    if (std::ranges::find(resources, name, &stacks::Resource::logical_id) == resources.end()) {
      throw_validation(fmt::format("The specified resources to retain must be in a valid state. Resource {}"
                                   " does not exist.", name));
    }
  }
}

}  // namespace

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
async::Task<CreateStackOutput> create_stack(Service& service, LongCall call, CreateStackInput request) {
  std::function<CreateStackOutput(Call&, const CreateStackInput&, const Expanded&)> work =
      [&service](Call& inner, const CreateStackInput& input, const Expanded& expanded) {
        return create(service, inner, input, expanded);
      };
  return with_expanded_template(service, std::move(call), std::move(request), std::move(work));
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStack.html
async::Task<UpdateStackOutput> update_stack(Service& service, LongCall call, UpdateStackInput request) {
  std::function<UpdateStackOutput(Call&, const UpdateStackInput&, const Expanded&)> work =
      [&service](Call& inner, const UpdateStackInput& input, const Expanded& expanded) {
        return update(service, inner, input, expanded);
      };
  return with_expanded_template(service, std::move(call), std::move(request), std::move(work));
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html
aws::Nothing delete_stack(Service& service, Call& call, const DeleteStackInput& request) {
  auto row = find_stack(call, request.stack_name);
  // Deleting a stack that is not there, or that goes already, succeeds.
  if (!row || row->stack.status == StackStatus::DeleteComplete ||
      row->stack.status == StackStatus::DeleteInProgress) {
    return {};
  }
  if (row->is_protected) {
    throw_validation(
        fmt::format("Stack [{}] cannot be deleted while TerminationProtection is enabled", row->stack.name));
  }
  if (!row->root.empty() && require_stack(call, row->root).is_protected) {
    throw_validation(fmt::format("Stack [{}] cannot be deleted while TerminationProtection is enabled on its root"
                                 " stack {}", row->stack.name, name_in(row->root)));
  }
  require_unused_exports(call, *row);
  require_retainable(call, *row, request.retain_resources);
  take_principal(service, call, *row, request.role_arn);
  row->request = request_mark("DeleteStack", request.client_request_token);
  begin(service, call, *row,
        {.kind = stacks::OperationKind::Delete,
         .skipped = request.retain_resources,
         .token = request.client_request_token.value_or("")});
  return {};
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CancelUpdateStack.html
aws::Nothing cancel_update_stack(Service& service, Call& call, const CancelUpdateStackInput& request) {
  StackRow row = require_named_stack(call, request.stack_name);
  const std::string mark = request_mark("CancelUpdateStack", request.client_request_token);
  if (is_repeated(row, mark)) return {};
  if (row.stack.status != StackStatus::UpdateInProgress) {
    throw_validation("CancelUpdateStack cannot be called from current stack status");
  }
  row.request = mark;
  save_request(call, row);
  auto session = open_session(call, row.stack.id);
  service.engine().cancel_update(*session);
  service.carry_on(call, row.stack.id);
  return {};
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ContinueUpdateRollback.html
ContinueUpdateRollbackOutput continue_update_rollback(Service& service, Call& call,
                                                      const ContinueUpdateRollbackInput& request) {
  StackRow row = require_named_stack(call, request.stack_name);
  const std::string mark = request_mark("ContinueUpdateRollback", request.client_request_token);
  if (is_repeated(row, mark)) return {};
  if (row.stack.status != StackStatus::UpdateRollbackFailed) {
    throw_validation(fmt::format("Stack:{} is in {} state and can not continue update rollback.",
                                 row.stack.id, stacks::to_text(row.stack.status)));
  }
  take_principal(service, call, row, request.role_arn);
  row.request = mark;
  save_request(call, row);
  auto session = open_session(call, row.stack.id);
  service.engine().continue_rollback(*session, request.resources_to_skip);
  service.carry_on(call, row.stack.id);
  return {};
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackStack.html
RollbackStackOutput rollback_stack(Service& service, Call& call, const RollbackStackInput& request) {
  StackRow row = require_named_stack(call, request.stack_name);
  const std::string mark = request_mark("RollbackStack", request.client_request_token);
  if (is_repeated(row, mark)) return {.stack_id = row.stack.id};
  if (row.stack.status != StackStatus::CreateFailed && row.stack.status != StackStatus::UpdateFailed) {
    throw_validation(fmt::format("Stack:{} is in {} state and can not be rolled back.", row.stack.id,
                                 stacks::to_text(row.stack.status)));
  }
  take_principal(service, call, row, request.role_arn);
  row.request = mark;
  save_request(call, row);
  auto session = open_session(call, row.stack.id);
  service.engine().roll_back(*session);
  service.carry_on(call, row.stack.id);
  return {.stack_id = row.stack.id};
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateTerminationProtection.html
UpdateTerminationProtectionOutput update_termination_protection(
    Service&, Call& call, const UpdateTerminationProtectionInput& request) {
  const StackRow row = require_named_stack(call, request.stack_name);
  if (!row.root.empty()) {
    throw_validation("Termination protection of a nested stack is that of its root stack and cannot be changed"
                     " directly.");
  }
  call.transaction.run("UPDATE cloudformation_stack SET protected = ?2 WHERE id = ?1",
                       {row.stack.id, int64_t{request.enable_termination_protection}});
  return {.stack_id = row.stack.id};
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SignalResource.html
aws::Nothing signal_resource(Service& service, Call& call, const SignalResourceInput& request) {
  const StackRow row = require_named_stack(call, request.stack_name);
  const stacks::Resource* found = nullptr;
  const auto resources = resources_of(call.transaction, row.stack.id);
  for (const stacks::Resource& each : resources) {
    if (each.is_current && each.logical_id == request.logical_resource_id) found = &each;
  }
  if (!found) {
    throw_validation(fmt::format("Resource {} does not exist for stack {}", request.logical_resource_id,
                                 row.stack.name));
  }
  if (found->status != stacks::ResourceStatus::CreateInProgress &&
      found->status != stacks::ResourceStatus::UpdateInProgress) {
    throw_validation(fmt::format("Resource {} is in {} state and cannot be signaled",
                                 request.logical_resource_id, stacks::to_text(found->status)));
  }
  call.transaction.run(
      "INSERT INTO cloudformation_signal (stack, logical_id, unique_id, status) VALUES (?1, ?2, ?3, ?4)"
      " ON CONFLICT (stack, logical_id, unique_id) DO NOTHING",
      {row.stack.id, request.logical_resource_id, request.unique_id, request.status});
  service.carry_on(call, row.stack.id);
  return {};
}

}  // namespace holm::cloudformation
