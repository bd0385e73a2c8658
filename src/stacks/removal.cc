// Removing resources: those of a stack that goes, and those an update no longer needs.

#include <algorithm>
#include <set>
#include <string_view>

#include "base/strings.h"
#include "stacks/tick.h"

namespace holm::stacks {

namespace {

bool is_removed(const Resource& resource) {
  return resource.status == ResourceStatus::DeleteComplete ||
         resource.status == ResourceStatus::DeleteSkipped;
}

bool was_completed(const Resource& resource) {
  return resource.status == ResourceStatus::CreateComplete ||
         resource.status == ResourceStatus::UpdateComplete;
}

}  // namespace

// Those that this phase removes and that are still there.
std::vector<Resource*> Tick::victims() {
  std::vector<Resource*> found;
  for (Resource& resource : stack_.resources) {
    if (is_removed(resource)) continue;
    if (operation().phase == Phase::Remove || !resource.is_current) found.push_back(&resource);
  }
  return found;
}

bool Tick::has_failed(const Resource& resource) const {
  return resource.status == ResourceStatus::DeleteFailed && is_settled_here(resource);
}

bool Tick::is_rollback() const {
  return operation().phase == Phase::RestoreCleanup || operation().kind == OperationKind::Create;
}

TickOutcome Tick::run_removal() {
  values_ = {};
  const bool is_cleanup = operation().phase == Phase::Cleanup;
  if (is_cleanup && operation().is_held) return TickOutcome::Waiting;
  const bool is_nested_done = !is_cleanup || session_.finish_nested();
  const std::vector<Resource*> left = victims();
  for (Resource* resource : left) {
    if (resource->status != ResourceStatus::DeleteInProgress) continue;
    if (!memory_.polled.insert({resource->logical_id, resource->instance}).second) continue;
    if (poll_removal(*resource) == TickOutcome::Progressed) return TickOutcome::Progressed;
  }
  const auto is_waiting = [&](const Resource& resource) {
    return resource.status != ResourceStatus::DeleteInProgress && !has_failed(resource);
  };
  std::set<std::string_view> needed;
  for (const Resource* resource : left) {
    for (const std::string& other : resource->depends_on) {
      if (other != resource->logical_id) needed.insert(other);
    }
  }
  const bool is_full = count_in_progress() >= kInProgressMax;
  for (Resource* resource : left) {
    if (is_full) break;
    if (is_waiting(*resource) && !needed.contains(resource->logical_id)) return remove(*resource);
  }
  const bool is_busy = std::ranges::any_of(left, [](const Resource* resource) {
    return resource->status == ResourceStatus::DeleteInProgress;
  });
  if (is_busy) return TickOutcome::Waiting;
  // What several updates left can need each other in a circle: then any is as good as another.
  const bool has_failures =
      std::ranges::any_of(left, [&](const Resource* resource) { return has_failed(*resource); });
  if (!left.empty() && !has_failures) return remove(*left.front());
  if (!is_nested_done) return TickOutcome::Waiting;
  return finish_removal();
}

// Delete, Snapshot or Retain.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
std::string Tick::removal_policy(const Resource& resource) {
  const auto& skipped = operation().skipped;
  const bool is_superseded = !resource.is_current && find_current(resource.logical_id) != nullptr;
  if (operation().kind == OperationKind::Delete &&
      std::ranges::find(skipped, resource.logical_id) != skipped.end()) {
    return "Retain";
  }
  if (is_rollback() && resource.is_new) {
    const bool is_kept =
        resource.deletion_policy == "Retain" && was_completed(resource) && !is_superseded;
    return is_kept ? "Retain" : "Delete";
  }
  const std::string& policy =
      is_superseded ? resource.update_replace_policy : resource.deletion_policy;
  if (policy == "RetainExceptOnCreate") return "Retain";
  if (!policy.empty() || is_superseded) return policy.empty() ? "Delete" : policy;
  const ResourceType* type = types_.find(resource.type);
  const bool takes_snapshot =
      type && type->default_removal(Properties(resource.properties)) == Removal::Snapshot;
  return takes_snapshot ? "Snapshot" : "Delete";
}

TickOutcome Tick::remove(Resource& resource) {
  const std::string policy = removal_policy(resource);
  if (policy == "Retain") return finish_resource_removal(resource, ResourceStatus::DeleteSkipped);
  if (resource.physical_id.empty()) {
    return finish_resource_removal(resource, ResourceStatus::DeleteComplete);
  }
  const ResourceType* type = types_.find(resource.type);
  if (!type) return fail_removal(resource, "Unrecognized resource type: " + resource.type);
  set_status(resource, ResourceStatus::DeleteInProgress, "");
  auto reason = attempt([&] {
    Context action = context(resource);
    const Existing gone{resource.physical_id, resource.attributes, Properties(resource.properties)};
    type->remove(action, gone, policy == "Snapshot" ? Removal::Snapshot : Removal::Delete);
  });
  if (reason) return fail_removal(resource, *reason);
  memory_.polled.insert({resource.logical_id, resource.instance});
  poll_removal(resource);
  return TickOutcome::Progressed;
}

TickOutcome Tick::poll_removal(Resource& resource) {
  const ResourceType* type = types_.find(resource.type);
  if (!type) return fail_removal(resource, "Unrecognized resource type: " + resource.type);
  Progress progress;
  auto reason = attempt([&] {
    Context action = context(resource);
    const Existing gone{resource.physical_id, resource.attributes, Properties(resource.properties)};
    progress = type->check_removed(action, gone);
  });
  if (reason) return fail_removal(resource, *reason);
  if (progress.state == Progress::State::Failed) return fail_removal(resource, progress.reason);
  if (progress.state == Progress::State::Ready) {
    return finish_resource_removal(resource, ResourceStatus::DeleteComplete);
  }
  if (now() - resource.started <= type->patience()) return TickOutcome::Waiting;
  return fail_removal(resource, "Resource timed out waiting for completion");
}

TickOutcome Tick::finish_resource_removal(Resource& resource, ResourceStatus status) {
  set_status(resource, status, "");
  if (operation().phase == Phase::Remove) return TickOutcome::Progressed;
  session_.remove_resource(resource.logical_id, resource.instance);
  const auto is_it = [&](const Resource& other) { return &other == &resource; };
  stack_.resources.erase(std::ranges::find_if(stack_.resources, is_it));
  return TickOutcome::Progressed;
}

TickOutcome Tick::fail_removal(Resource& resource, const std::string& reason) {
  set_status(resource, ResourceStatus::DeleteFailed, reason);
  return TickOutcome::Progressed;
}

TickOutcome Tick::finish_removal() {
  if (operation().phase != Phase::Remove) return finish_cleanup();
  const bool is_create = operation().kind == OperationKind::Create;
  const bool ends_rolled_back = is_create && operation().on_failure != OnFailure::Delete;
  std::vector<std::string> failed;
  for (const Resource* resource : victims()) {
    if (has_failed(*resource)) failed.push_back(resource->logical_id);
  }
  if (!failed.empty()) {
    set_stack_status(ends_rolled_back ? StackStatus::RollbackFailed : StackStatus::DeleteFailed,
                     "The following resource(s) failed to delete: [" + join(failed, ", ") + "]. ");
    return TickOutcome::Progressed;
  }
  if (is_create) stack_.current = operation().target;
  if (!ends_rolled_back) stack_.deleted = now();
  set_stack_status(ends_rolled_back ? StackStatus::RollbackComplete : StackStatus::DeleteComplete,
                   "");
  stack_.operation.reset();
  save();
  return TickOutcome::Progressed;
}

// What could not be removed after an update is left behind, as AWS does after its last try.
TickOutcome Tick::finish_cleanup() {
  const bool is_restore = operation().phase == Phase::RestoreCleanup;
  for (const Resource* resource : victims()) {
    session_.remove_resource(resource->logical_id, resource->instance);
  }
  std::erase_if(stack_.resources, [](const Resource& resource) { return !resource.is_current; });
  for (Resource& resource : stack_.resources) {
    resource.is_new = false;
    session_.save_resource(resource);
  }
  set_stack_status(is_restore ? StackStatus::UpdateRollbackComplete : StackStatus::UpdateComplete,
                   "");
  stack_.operation.reset();
  save();
  return TickOutcome::Progressed;
}

}  // namespace holm::stacks
