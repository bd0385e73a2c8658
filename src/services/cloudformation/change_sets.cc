// Change sets: what an operation would do, looked at before it is done.

#include "services/cloudformation/change_sets.h"

#include <fmt/format.h>

#include "aws/codec/json_codec.h"
#include "aws/service/error.h"
#include "base/check.h"
#include "base/random.h"
#include "base/strings.h"
#include "cloudformation/handlers.h"
#include "cloudformation/schema.h"
#include "services/cloudformation/operations.h"
#include "services/cloudformation/service.h"
#include "services/cloudformation/session.h"
#include "services/cloudformation/shown.h"
#include "services/cloudformation/template_source.h"
#include "services/cloudformation/templates.h"

namespace holm::cloudformation {

namespace {

using stacks::StackStatus;

constexpr char kNothingChanges[] =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

struct ChangeSetRow {
  std::string id, stack_id, name, type, status, execution, token, role_arn;
  std::vector<std::string> capabilities;
  stacks::OnFailure on_failure{};
  stacks::Deployment deployment;
  DescribeChangeSetOutput description;
};

constexpr char kColumns[] =
    "c.id, c.stack, c.name, c.type, c.status, c.execution, c.token, c.role, c.capabilities, c.on_failure,"
    " c.deployment, c.description";

ChangeSetRow read_row(const sql::Row& row) {
  ChangeSetRow result{.id = row.text(0),
                      .stack_id = row.text(1),
                      .name = row.text(2),
                      .type = row.text(3),
                      .status = row.text(4),
                      .execution = row.text(5),
                      .token = row.text(6),
                      .role_arn = row.text(7),
                      .capabilities = split_list(row.text(8)),
                      .on_failure = static_cast<stacks::OnFailure>(row.integer(9)),
                      .deployment = stacks::read_deployment(row.text(10)).value()};
  CHECK(aws::read_json(row.text(11), schema::kDescribeChangeSetOutput, &result.description));
  result.description.execution_status = result.execution;
  return result;
}

std::vector<ChangeSetRow> rows_where(Call& call, std::string_view condition, std::vector<sql::Value> arguments) {
  arguments.insert(arguments.begin(), {call.account, call.region});
  std::vector<ChangeSetRow> rows;
  for (const sql::Row& row : call.transaction.run(
           fmt::format("SELECT {} FROM cloudformation_change_set c JOIN cloudformation_stack s"
                       " ON s.id = c.stack WHERE s.account = ?1 AND s.region = ?2 AND {}"
                       " ORDER BY c.created, c.id",
                       kColumns, condition),
           std::move(arguments))) {
    rows.push_back(read_row(row));
  }
  return rows;
}

std::optional<ChangeSetRow> find_change_set(Call& call, const std::string& name_or_id,
                                            const std::optional<std::string>& stack_name) {
  std::vector<ChangeSetRow> rows;
  if (name_or_id.starts_with("arn:")) {
    rows = rows_where(call, "c.id = ?3", {name_or_id});
  } else {
    if (!stack_name) {
      throw_validation("StackName must be specified if ChangeSetName is not specified as an ARN.");
    }
    const StackRow stack = require_named_stack(call, *stack_name);
    rows = rows_where(call, "c.stack = ?3 AND c.name = ?4", {stack.stack.id, name_or_id});
  }
  return rows.empty() ? std::nullopt : std::optional(std::move(rows.front()));
}

ChangeSetRow require_change_set(Call& call, const std::string& name_or_id,
                                const std::optional<std::string>& stack_name) {
  auto row = find_change_set(call, name_or_id, stack_name);
  if (!row) throw ChangeSetNotFoundException(fmt::format("ChangeSet [{}] does not exist", name_or_id));
  return std::move(*row);
}

void insert_row(Call& call, const ChangeSetRow& row) {
  call.transaction.run(
      "INSERT INTO cloudformation_change_set (id, stack, name, type, status, execution, created, token, role,"
      " capabilities, on_failure, deployment, description)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
      {row.id, row.stack_id, row.name, row.type, row.status, row.execution, to_milliseconds(call.now),
       row.token, row.role_arn, join(row.capabilities, ","), static_cast<int64_t>(row.on_failure),
       stacks::write_deployment(row.deployment),
       aws::write_json(schema::kDescribeChangeSetOutput, &row.description)});
}

Change shown_change(const stacks::Change& change) {
  ResourceChange shown{.action = change.action,
                       .logical_resource_id = change.logical_id,
                       .physical_resource_id = unless_empty(change.physical_id),
                       .resource_type = change.type,
                       .replacement = unless_empty(change.replacement),
                       .scope = change.scope};
  for (const stacks::ChangeDetail& detail : change.details) {
    shown.details.push_back(
        {.target = ResourceTargetDefinition{.attribute = detail.attribute,
                                            .name = unless_empty(detail.name),
                                            .requires_recreation = detail.requires_recreation},
         .evaluation = detail.evaluation,
         .change_source = detail.change_source,
         .causing_entity = unless_empty(detail.causing_entity)});
  }
  return {.type = "Resource", .resource_change = std::move(shown)};
}

// The stack that a change set is for; of type CREATE it may have to be made first, under review.
StackRow take_stack(Service& service, Call& call, const CreateChangeSetInput& request) {
  const std::string type = request.change_set_type.value_or("UPDATE");
  if (type == "IMPORT") throw aws::NotImplemented("CreateChangeSet: ChangeSetType IMPORT");
  auto known = find_stack(call, request.stack_name);
  if (type == "UPDATE") {
    if (!known) throw_validation(fmt::format("Stack [{}] does not exist", request.stack_name));
    require_updatable(*known);
    return std::move(*known);
  }
  if (!known) return new_stack(service, call, request.stack_name);
  if (known->stack.status != StackStatus::ReviewInProgress) {
    throw_validation(
        fmt::format("Stack [{}] already exists and cannot be created again with the changeSet [{}].",
                    known->stack.name, request.change_set_name));
  }
  return std::move(*known);
}

void insert_under_review(Call& call, const StackRow& row) {
  if (find_stack_by_id(call.transaction, row.stack.id)) return;
  insert_stack(call, row);
  open_session(call, row.stack.id)
      ->add_event({.logical_id = row.stack.name,
                   .physical_id = row.stack.id,
                   .type = "AWS::CloudFormation::Stack",
                   .status = "REVIEW_IN_PROGRESS",
                   .reason = "User Initiated",
                   .properties = "",
                   .token = "",
                   .time = call.now});
}

stacks::OnFailure on_failure_of(const CreateChangeSetInput& request) {
  const std::string given = request.on_stack_failure.value_or("ROLLBACK");
  if (given == "DO_NOTHING") return stacks::OnFailure::DoNothing;
  if (given != "DELETE") return stacks::OnFailure::Rollback;
  if (request.change_set_type.value_or("UPDATE") != "CREATE") {
    throw_validation("OnStackFailure DELETE is only valid for change sets of type CREATE.");
  }
  return stacks::OnFailure::Delete;
}

DescribeChangeSetOutput describe(Call& call, const ChangeSetRow& row, const StackRow& stack, const Plan& plan) {
  DescribeChangeSetOutput result{.change_set_name = row.name,
                                 .change_set_id = row.id,
                                 .stack_id = stack.stack.id,
                                 .stack_name = stack.stack.name,
                                 .parameters = shown_parameters(row.deployment),
                                 .creation_time = call.now,
                                 .status = row.status,
                                 .rollback_configuration = RollbackConfiguration{},
                                 .capabilities = row.capabilities,
                                 .tags = shown_tags(row.deployment),
                                 .include_nested_stacks = false};
  if (!plan.changes_anything) result.status_reason = kNothingChanges;
  for (const stacks::Change& change : plan.changes) result.changes.push_back(shown_change(change));
  return result;
}

std::string text_of(const CreateChangeSetInput& request, const StackRow& stack) {
  if (!request.use_previous_template.value_or(false)) {
    return template_text(request.template_body, request.template_url);
  }
  if (stack.stack.current.template_text.empty()) {
    throw_validation("UsePreviousTemplate is only valid for a stack that exists.");
  }
  return original_of(stack.stack.current);
}

CreateChangeSetOutput create(Service& service, Call& call, const CreateChangeSetInput& request,
                             const Expanded& expanded) {
  StackRow stack = take_stack(service, call, request);
  const std::string token = request.client_token.value_or("");
  for (const ChangeSetRow& known :
       rows_where(call, "c.stack = ?3 AND c.name = ?4", {stack.stack.id, request.change_set_name})) {
    if (!token.empty() && known.token == token) return {.id = known.id, .stack_id = stack.stack.id};
    throw AlreadyExistsException(fmt::format("ChangeSet {} already exists", request.change_set_name));
  }
  const std::string id =
      aws::arn("cloudformation", call,
               fmt::format("changeSet/{}/{}", request.change_set_name, service.random().uuid()));
  ChangeSetRow row{.id = id,
                   .stack_id = stack.stack.id,
                   .name = request.change_set_name,
                   .type = request.change_set_type.value_or("UPDATE"),
                   .token = token,
                   .capabilities = request.capabilities,
                   .on_failure = on_failure_of(request)};
  row.deployment = take_wanted(service, call, stack,
                               {.template_text = text_of(request, stack),
                                .parameters = request.parameters,
                                .tags = request.tags,
                                .capabilities = request.capabilities,
                                .role_arn = request.role_arn,
                                .review = Wanted::Review::ChangeSet,
                                .expanded = expanded});
  row.role_arn = stack.role_arn;
  insert_under_review(call, stack);
  const Plan plan = plan_changes(service, call, stack, row.deployment);
  row.status = plan.changes_anything ? "CREATE_COMPLETE" : "FAILED";
  row.execution = plan.changes_anything ? "AVAILABLE" : "UNAVAILABLE";
  row.description = describe(call, row, stack, plan);
  row.description.description = request.description;
  row.description.on_stack_failure = request.on_stack_failure;
  insert_row(call, row);
  return {.id = id, .stack_id = stack.stack.id};
}

}  // namespace

stacks::Deployment change_set_deployment(Call& call, const std::string& name_or_id,
                                         const std::optional<std::string>& stack_name) {
  return require_change_set(call, name_or_id, stack_name).deployment;
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
// Here it is complete, or has failed, as soon as it is created.
async::Task<CreateChangeSetOutput> create_change_set(Service& service, LongCall call,
                                                     CreateChangeSetInput request) {
  std::function<CreateChangeSetOutput(Call&, const CreateChangeSetInput&, const Expanded&)> work =
      [&service](Call& inner, const CreateChangeSetInput& input, const Expanded& expanded) {
        return create(service, inner, input, expanded);
      };
  return with_expanded_template(service, std::move(call), std::move(request), std::move(work));
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html
DescribeChangeSetOutput describe_change_set(Service&, Call& call, const DescribeChangeSetInput& request) {
  DescribeChangeSetOutput result =
      require_change_set(call, request.change_set_name, request.stack_name).description;
  result.next_token = take_page(result.changes, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html
ExecuteChangeSetOutput execute_change_set(Service& service, Call& call, const ExecuteChangeSetInput& request) {
  ChangeSetRow change_set = require_change_set(call, request.change_set_name, request.stack_name);
  StackRow row = require_stack(call, change_set.stack_id);
  const std::string token = request.client_request_token.value_or("");
  const std::string mark = token.empty() ? "" : fmt::format("ExecuteChangeSet {}", token);
  if (!mark.empty() && row.request == mark) return {};
  if (change_set.execution != "AVAILABLE") {
    throw InvalidChangeSetStatusException(
        fmt::format("ChangeSet [{}] cannot be executed in its current execution status of [{}]",
                    change_set.id, change_set.execution));
  }
  const bool is_creation = row.stack.status == StackStatus::ReviewInProgress;
  if (!is_creation) require_updatable(row);
  const bool keeps_failed = request.disable_rollback.value_or(false);
  if (keeps_failed) change_set.on_failure = stacks::OnFailure::DoNothing;
  row.disable_rollback = change_set.on_failure == stacks::OnFailure::DoNothing;
  row.capabilities = change_set.capabilities;
  row.change_set = change_set.id;
  row.request = mark;
  row.role_arn = change_set.role_arn;
  take_principal(service, call, row, std::nullopt);
  call.transaction.run("UPDATE cloudformation_change_set SET execution = 'EXECUTE_IN_PROGRESS' WHERE id = ?1",
                       {change_set.id});
  begin(service, call, row,
        {.kind = is_creation ? stacks::OperationKind::Create : stacks::OperationKind::Update,
         .target = std::move(change_set.deployment),
         .on_failure = change_set.on_failure,
         .token = token});
  return {};
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteChangeSet.html
DeleteChangeSetOutput delete_change_set(Service&, Call& call, const DeleteChangeSetInput& request) {
  // Deleting one that is not there succeeds.
  auto row = find_change_set(call, request.change_set_name, request.stack_name);
  if (!row) return {};
  if (row->execution == "EXECUTE_IN_PROGRESS") {
    throw InvalidChangeSetStatusException(fmt::format(
        "ChangeSet [{}] cannot be deleted in its current execution status of [{}]", row->id, row->execution));
  }
  call.transaction.run("DELETE FROM cloudformation_change_set WHERE id = ?1", {row->id});
  return {};
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListChangeSets.html
ListChangeSetsOutput list_change_sets(Service&, Call& call, const ListChangeSetsInput& request) {
  const StackRow stack = require_named_stack(call, request.stack_name);
  ListChangeSetsOutput result;
  for (const ChangeSetRow& row : rows_where(call, "c.stack = ?3", {stack.stack.id})) {
    result.summaries.push_back({.stack_id = stack.stack.id,
                                .stack_name = stack.stack.name,
                                .change_set_id = row.id,
                                .change_set_name = row.name,
                                .execution_status = row.execution,
                                .status = row.status,
                                .status_reason = row.description.status_reason,
                                .creation_time = row.description.creation_time,
                                .description = row.description.description,
                                .include_nested_stacks = false});
  }
  result.next_token = take_page(result.summaries, request.next_token);
  return result;
}

}  // namespace holm::cloudformation
