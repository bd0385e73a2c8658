// Stacks, events, resources and exports as the API shows them.

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/error.h"
#include "cloudformation/handlers.h"
#include "formats/json.h"
#include "services/cloudformation/change_sets.h"
#include "services/cloudformation/service.h"
#include "services/cloudformation/shown.h"
#include "services/cloudformation/stacks.h"
#include "stacks/parameters.h"
#include "stacks/template.h"

namespace holm::cloudformation {

namespace {

// What the stack is made from now, or is being made from.
const stacks::Deployment& deployment_of(const stacks::Stack& stack) {
  const bool is_made = !stack.current.template_text.empty() || !stack.operation;
  return is_made ? stack.current : stack.operation->target;
}

std::vector<Output> outputs_of(Call& call, const std::string& stack_id) {
  std::vector<Output> outputs;
  for (const sql::Row& row : call.transaction.run("SELECT key, value, description, export FROM "
                                                  "cloudformation_output WHERE stack = ?1 ORDER BY rowid",
                                                  {stack_id})) {
    Output output{.output_key = row.text(0), .output_value = row.text(1)};
    if (!row.text(2).empty()) output.description = row.text(2);
    if (!row.text(3).empty()) output.export_name = row.text(3);
    outputs.push_back(std::move(output));
  }
  return outputs;
}

Stack describe(Call& call, const StackRow& row) {
  const stacks::Deployment& deployment = deployment_of(row.stack);
  Stack result{.stack_id = row.stack.id,
               .stack_name = row.stack.name,
               .change_set_id = unless_empty(row.change_set),
               .parameters = shown_parameters(deployment),
               .creation_time = row.stack.created,
               .deletion_time = row.stack.deleted,
               .last_updated_time = row.stack.updated,
               .rollback_configuration = RollbackConfiguration{},
               .stack_status = std::string(stacks::to_text(row.stack.status)),
               .stack_status_reason = unless_empty(row.stack.status_reason),
               .disable_rollback = row.disable_rollback,
               .capabilities = row.capabilities,
               .outputs = outputs_of(call, row.stack.id),
               .role_arn = unless_empty(row.role_arn),
               .tags = shown_tags(deployment),
               .enable_termination_protection = row.is_protected,
               .parent_id = unless_empty(row.parent),
               .root_id = unless_empty(row.root),
               .drift_information = StackDriftInformation{.stack_drift_status = "NOT_CHECKED"}};
  if (auto declared = stacks::parse_template(deployment.template_text)) {
    result.description = unless_empty(declared->description);
  }
  if (row.timeout_minutes) result.timeout_in_minutes = static_cast<int32_t>(*row.timeout_minutes);
  return result;
}

// What a user sees: those that Ref means, and of what is gone the last.
std::vector<stacks::Resource> visible_resources(Call& call, const StackRow& row) {
  std::vector<stacks::Resource> resources = resources_of(call.transaction, row.stack.id);
  std::erase_if(resources, [](const stacks::Resource& each) { return !each.is_current; });
  return resources;
}

StackResource resource_entry(const StackRow& row, const stacks::Resource& each) {
  return {.stack_name = row.stack.name,
          .stack_id = row.stack.id,
          .logical_resource_id = each.logical_id,
          .physical_resource_id = unless_empty(each.physical_id),
          .resource_type = each.type,
          .timestamp = each.changed,
          .resource_status = std::string(stacks::to_text(each.status)),
          .resource_status_reason = unless_empty(each.reason),
          .drift_information =
              StackResourceDriftInformation{.stack_resource_drift_status = "NOT_CHECKED"}};
}

// The stack that has made the resource of a physical id.
StackRow require_maker(Call& call, const std::string& physical_id) {
  for (StackRow& row : all_stacks(call)) {
    if (row.stack.status == stacks::StackStatus::DeleteComplete) continue;
    for (const stacks::Resource& each : visible_resources(call, row)) {
      if (each.physical_id == physical_id) return std::move(row);
    }
  }
  throw_validation(fmt::format("Stack for {} does not exist", physical_id));
}

}  // namespace

std::vector<Parameter> shown_parameters(const stacks::Deployment& deployment) {
  std::vector<Parameter> result;
  auto declared = stacks::parse_template(deployment.template_text);
  if (!declared) return result;
  for (const stacks::ParameterValue& each : stacks::without_secrets(*declared, deployment.parameters)) {
    result.push_back(
        {.parameter_key = each.key, .parameter_value = each.value, .resolved_value = each.resolved});
  }
  return result;
}

std::vector<Tag> shown_tags(const stacks::Deployment& deployment) {
  std::vector<Tag> tags;
  for (const stacks::Tag& tag : deployment.tags) tags.push_back({.key = tag.key, .value = tag.value});
  return tags;
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
DescribeStacksOutput describe_stacks(Service&, Call& call, const DescribeStacksInput& request) {
  DescribeStacksOutput result;
  if (request.stack_name) {
    result.stacks.push_back(describe(call, require_stack(call, *request.stack_name)));
    return result;
  }
  for (const StackRow& row : all_stacks(call)) {
    if (row.stack.status != stacks::StackStatus::DeleteComplete) result.stacks.push_back(describe(call, row));
  }
  result.next_token = take_page(result.stacks, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html
ListStacksOutput list_stacks(Service&, Call& call, const ListStacksInput& request) {
  ListStacksOutput result;
  for (const StackRow& row : all_stacks(call)) {
    const std::string status(stacks::to_text(row.stack.status));
    const auto& filter = request.stack_status_filter;
    if (!filter.empty() && std::ranges::find(filter, status) == filter.end()) continue;
    result.stack_summaries.push_back(
        {.stack_id = row.stack.id,
         .stack_name = row.stack.name,
         .creation_time = row.stack.created,
         .last_updated_time = row.stack.updated,
         .deletion_time = row.stack.deleted,
         .stack_status = status,
         .stack_status_reason = unless_empty(row.stack.status_reason),
         .parent_id = unless_empty(row.parent),
         .root_id = unless_empty(row.root),
         .drift_information = StackDriftInformationSummary{.stack_drift_status = "NOT_CHECKED"}});
  }
  result.next_token = take_page(result.stack_summaries, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html
DescribeStackEventsOutput describe_stack_events(Service&, Call& call,
                                                const DescribeStackEventsInput& request) {
  const StackRow row = require_named_stack(call, request.stack_name);
  DescribeStackEventsOutput result;
  for (const sql::Row& event : call.transaction.run(
           "SELECT id, logical_id, physical_id, type, status, reason, properties, token, time"
           " FROM cloudformation_event WHERE stack = ?1 ORDER BY sequence DESC",
           {row.stack.id})) {
    result.stack_events.push_back({.stack_id = row.stack.id,
                                   .event_id = event.text(0),
                                   .stack_name = row.stack.name,
                                   .logical_resource_id = event.text(1),
                                   .physical_resource_id = event.text(2),
                                   .resource_type = event.text(3),
                                   .timestamp = from_milliseconds(event.integer(8)),
                                   .resource_status = event.text(4),
                                   .resource_status_reason = unless_empty(event.text(5)),
                                   .resource_properties = unless_empty(event.text(6)),
                                   .client_request_token = unless_empty(event.text(7))});
  }
  result.next_token = take_page(result.stack_events, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackResources.html
ListStackResourcesOutput list_stack_resources(Service&, Call& call, const ListStackResourcesInput& request) {
  ListStackResourcesOutput result;
  for (const stacks::Resource& each : visible_resources(call, require_stack(call, request.stack_name))) {
    result.stack_resource_summaries.push_back({.logical_resource_id = each.logical_id,
                                               .physical_resource_id = unless_empty(each.physical_id),
                                               .resource_type = each.type,
                                               .last_updated_timestamp = each.changed,
                                               .resource_status = std::string(stacks::to_text(each.status)),
                                               .resource_status_reason = unless_empty(each.reason)});
  }
  result.next_token = take_page(result.stack_resource_summaries, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html
DescribeStackResourcesOutput describe_stack_resources(Service&, Call& call,
                                                      const DescribeStackResourcesInput& request) {
  if (request.stack_name.has_value() == request.physical_resource_id.has_value()) {
    throw_validation("Exactly one of StackName and PhysicalResourceId must be specified.");
  }
  const StackRow row = request.stack_name ? require_stack(call, *request.stack_name)
                                          : require_maker(call, *request.physical_resource_id);
  DescribeStackResourcesOutput result;
  for (const stacks::Resource& each : visible_resources(call, row)) {
    if (request.logical_resource_id && each.logical_id != *request.logical_resource_id) continue;
    result.stack_resources.push_back(resource_entry(row, each));
  }
  return result;
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResource.html
DescribeStackResourceOutput describe_stack_resource(Service&, Call& call,
                                                    const DescribeStackResourceInput& request) {
  const StackRow row = require_stack(call, request.stack_name);
  for (const stacks::Resource& each : visible_resources(call, row)) {
    if (each.logical_id != request.logical_resource_id) continue;
    StackResourceDetail detail{.stack_name = row.stack.name,
                               .stack_id = row.stack.id,
                               .logical_resource_id = each.logical_id,
                               .physical_resource_id = unless_empty(each.physical_id),
                               .resource_type = each.type,
                               .last_updated_timestamp = each.changed,
                               .resource_status = std::string(stacks::to_text(each.status)),
                               .resource_status_reason = unless_empty(each.reason)};
    if (!each.metadata.is_null()) detail.metadata = formats::write_json(each.metadata);
    return {.stack_resource_detail = std::move(detail)};
  }
  throw_validation(
      fmt::format("Resource {} does not exist for stack {}", request.logical_resource_id, row.stack.name));
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html
GetTemplateOutput get_template(Service&, Call& call, const GetTemplateInput& request) {
  const std::string stage = request.template_stage.value_or("Original");
  if (stage != "Original" && stage != "Processed") throw_validation("TemplateStage is not valid.");
  if (!request.stack_name && !request.change_set_name) {
    throw_validation("StackName is required if ChangeSetName is not specified.");
  }
  const stacks::Deployment deployment =
      request.change_set_name ? change_set_deployment(call, *request.change_set_name, request.stack_name)
                              : deployment_of(require_stack(call, *request.stack_name).stack);
  std::string text = stage == "Processed" ? deployment.template_text : original_of(deployment);
  return {.template_body = std::move(text), .stages_available = {"Original", "Processed"}};
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListExports.html
ListExportsOutput list_exports(Service&, Call& call, const ListExportsInput& request) {
  ListExportsOutput result;
  for (const sql::Row& row :
       call.transaction.run("SELECT o.stack, o.export, o.value FROM cloudformation_output o JOIN "
                            "cloudformation_stack s ON s.id = o.stack"
                            " WHERE s.account = ?1 AND s.region = ?2 AND o.export <> '' ORDER BY o.export",
                            {call.account, call.region})) {
    result.exports.push_back({.exporting_stack_id = row.text(0), .name = row.text(1), .value = row.text(2)});
  }
  result.next_token = take_page(result.exports, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListImports.html
ListImportsOutput list_imports(Service&, Call& call, const ListImportsInput& request) {
  ListImportsOutput result;
  for (const sql::Row& row : call.transaction.run(
           "SELECT s.name FROM cloudformation_import i JOIN cloudformation_stack s ON s.id = i.stack WHERE "
           "s.account = ?1"
           " AND s.region = ?2 AND i.export = ?3 AND s.status <> 'DELETE_COMPLETE' ORDER BY s.name",
           {call.account, call.region, request.export_name})) {
    result.imports.push_back(row.text(0));
  }
  if (result.imports.empty())
    throw_validation(fmt::format("Export '{}' is not imported by any stack.", request.export_name));
  result.next_token = take_page(result.imports, request.next_token);
  return result;
}

}  // namespace holm::cloudformation
