// What follows when a resource or an operation failed.

#include "base/strings.h"
#include "stacks/tick.h"

namespace holm::stacks {

namespace {

// The failed status of what a resource was at; nothing when it was at nothing.
std::optional<ResourceStatus> failed_status(ResourceStatus status) {
  if (status == ResourceStatus::CreateInProgress) return ResourceStatus::CreateFailed;
  if (status == ResourceStatus::UpdateInProgress) return ResourceStatus::UpdateFailed;
  return std::nullopt;
}

std::string listed(std::string_view verb, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  return "The following resource(s) failed to " + std::string(verb) + ": [" + join(names, ", ") +
         "]. ";
}

}  // namespace

TickOutcome Tick::fail_resource(Resource& resource, const std::string& reason) {
  set_status(resource, failed_status(resource.status).value_or(ResourceStatus::CreateFailed),
             reason);
  return fail_operation("");
}

// Those that are still at it are given up; removing or restoring them is the rollback's work.
void Tick::cancel_others() {
  for (Resource& resource : stack_.resources) {
    std::optional<ResourceStatus> status = failed_status(resource.status);
    if (!status) continue;
    const bool is_creation = *status == ResourceStatus::CreateFailed;
    set_status(resource, *status,
               is_creation ? "Resource creation cancelled" : "Resource update cancelled");
  }
}

std::string Tick::failed_resources() const {
  std::vector<std::string> created;
  std::vector<std::string> updated;
  for (const Resource& resource : stack_.resources) {
    if (!is_settled_here(resource)) continue;
    if (resource.status == ResourceStatus::CreateFailed) created.push_back(resource.logical_id);
    if (resource.status == ResourceStatus::UpdateFailed) updated.push_back(resource.logical_id);
  }
  return listed("create", created) + listed("update", updated);
}

// `reason` is empty when resources failed: then it tells which.
TickOutcome Tick::fail_operation(const std::string& reason) {
  cancel_others();
  const std::string why = reason.empty() ? failed_resources() : reason;
  Operation& failed = operation();
  if (failed.phase == Phase::Restore) {
    set_stack_status(StackStatus::UpdateRollbackFailed, why);
  } else if (failed.kind == OperationKind::Update) {
    // There is nothing to go back to when the stack never got to be.
    const bool is_kept =
        failed.on_failure == OnFailure::DoNothing || stack_.current.template_text.empty();
    if (is_kept) {
      set_stack_status(StackStatus::UpdateFailed, why);
    } else {
      start_restore(why);
    }
  } else if (failed.on_failure == OnFailure::DoNothing) {
    set_stack_status(StackStatus::CreateFailed, why);
  } else if (failed.on_failure == OnFailure::Delete) {
    start_phase(Phase::Remove);
    set_stack_status(StackStatus::DeleteInProgress, why + "Delete requested by user.");
  } else {
    start_phase(Phase::Remove);
    set_stack_status(StackStatus::RollbackInProgress, why + "Rollback requested by user.");
  }
  return TickOutcome::Progressed;
}

}  // namespace holm::stacks
