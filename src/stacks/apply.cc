// Bringing a deployment about: creating, updating and replacing resources in the order of their
// references.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "stacks/substitution.h"
#include "stacks/tick.h"
#include "stacks/validate.h"

namespace holm::stacks {

namespace {

constexpr size_t kSuffixLength = 12;
constexpr std::string_view kReplacing =
    "Requested update requires the creation of a new physical resource; hence creating one.";

constexpr std::string_view kSignal = "ResourceSignal";
constexpr std::string_view kGroupPolicy = "AutoScalingCreationPolicy";

constexpr std::string_view kReplaced =
    "Requested update required the creation of a new physical resource; hence creating one.";

bool is_making(const Resource& resource) {
  return resource.status == ResourceStatus::CreateInProgress ||
         resource.status == ResourceStatus::UpdateInProgress;
}

// Of a member of the creation policy, as text.
std::optional<std::string> policy_text(const formats::Value& policy, std::string_view part,
                                       std::string_view member) {
  const formats::Value* found = policy.find(part);
  if (found) found = found->find(member);
  return found ? scalar_text(*found).value_or("") : std::optional<std::string>();
}

// Whether going from what is to what is wanted takes a new physical resource.
bool needs_replacement(const ResourceType& type, const formats::Value& was, const formats::Value& wanted) {
  return std::ranges::any_of(type.properties(), [&](const PropertySchema& property) {
    if (!differs(Properties(was), Properties(wanted), property.name)) return false;
    if (property.update == Update::Replacement) return true;
    return property.update == Update::Conditional &&
           type.replaces(Properties(was), Properties(wanted), property.name);
  });
}

}  // namespace

TickOutcome Tick::run_apply() {
  const bool is_forward = operation().phase == Phase::Apply;
  if (is_forward && operation().is_cancelled) return fail_operation("User Initiated");
  if (is_forward && operation().deadline && now() >= *operation().deadline) {
    return fail_operation("Stack creation time exceeded the specified timeout. ");
  }
  if (auto opened = open_template(); !opened) return fail_operation(opened.error().describe());
  if (poll_all() == TickOutcome::Progressed) return TickOutcome::Progressed;
  const std::set<std::string> active = active_resources();
  PhaseView view;
  for (const Resource& resource : stack_.resources) {
    if (!resource.is_current) continue;
    if (is_settled_here(resource)) {
      view.settled.insert(resource.logical_id);
    } else if (is_making(resource)) {
      view.making.insert(resource.logical_id);
    }
  }
  if (start_all(active, view) == TickOutcome::Progressed) return TickOutcome::Progressed;
  if (std::ranges::includes(view.settled, active)) return finish_apply(active);
  CHECK(!view.making.empty());
  return TickOutcome::Waiting;
}

TickOutcome Tick::poll_all() {
  for (size_t i = 0; i < stack_.resources.size(); ++i) {
    Resource& resource = stack_.resources[i];
    if (!resource.is_current || !is_making(resource)) continue;
    if (!memory_.polled.insert({resource.logical_id, resource.instance}).second) continue;
    const ResourceDeclaration* declared = declared_->find_resource(resource.logical_id);
    const ResourceType* type = types_.find(resource.type);
    CHECK(declared && type);
    if (auto evaluated = evaluate_action(*declared); !evaluated) {
      return fail_resource(resource, evaluated.error().describe());
    }
    if (check(*type, resource) == TickOutcome::Progressed) return TickOutcome::Progressed;
  }
  return TickOutcome::Waiting;
}

TickOutcome Tick::start_all(const std::set<std::string>& active, PhaseView& view) {
  if (view.making.size() >= kInProgressMax) return TickOutcome::Waiting;
  for (bool has_settled = true; has_settled;) {
    has_settled = false;
    for (const ResourceDeclaration& declared : declared_->resources) {
      if (!may_start(declared.logical_id, active, view)) continue;
      if (start(declared) == TickOutcome::Progressed) return TickOutcome::Progressed;
      view.settled.insert(declared.logical_id);
      has_settled = true;
    }
  }
  return TickOutcome::Waiting;
}

bool Tick::may_start(const std::string& logical_id, const std::set<std::string>& active,
                     const PhaseView& view) const {
  if (!active.contains(logical_id) || view.settled.contains(logical_id) || view.making.contains(logical_id)) {
    return false;
  }
  return std::ranges::all_of(memory_.graph.at(logical_id), [&](const std::string& needed) {
    return !active.contains(needed) || view.settled.contains(needed);
  });
}

// Waiting means that there was nothing to do and the resource is settled.
TickOutcome Tick::start(const ResourceDeclaration& declared) {
  Resource* present = find_current(declared.logical_id);
  if (present && operation().phase == Phase::Restore &&
      std::ranges::find(operation().skipped, declared.logical_id) != operation().skipped.end()) {
    return leave_unchanged(declared, *present);
  }
  const ResourceType* type = types_.find(declared.type);
  if (!type) return fail_start(declared, "Unrecognized resource type: " + declared.type);
  auto wanted = evaluate_properties(declared, *type);
  if (!wanted) return fail_start(declared, wanted.error().describe());
  if (!present) return create(declared, *type, std::move(*wanted), nullptr);
  if (present->type != declared.type) {
    return fail_start(declared, "Update of resource type is not permitted.");
  }
  return start_present(declared, *type, *present, std::move(*wanted));
}

TickOutcome Tick::start_present(const ResourceDeclaration& declared, const ResourceType& type,
                                Resource& present, formats::Value wanted) {
  // What never came to be, or only half, is made anew.
  const bool is_broken = present.status == ResourceStatus::CreateFailed ||
                         present.status == ResourceStatus::DeleteFailed || present.physical_id.empty();
  if (is_broken && operation().phase == Phase::Apply) {
    return create(declared, type, std::move(wanted), &present);
  }
  // A failed update may have left something half done, so that one is repeated.
  const bool is_doubtful =
      present.status == ResourceStatus::UpdateFailed && operation().phase == Phase::Apply;
  const bool is_same = present.properties == wanted && !has_other_tags(type, present) &&
                       declared.type != kNestedStackType;
  if (is_same && !is_doubtful) return leave_unchanged(declared, present);
  if (needs_replacement(type, present.properties, wanted)) {
    return create(declared, type, std::move(wanted), &present);
  }
  return update(declared, type, present, std::move(wanted));
}

// Whether the stack's tags have changed since they were last put on the resource, if it takes tags.
bool Tick::has_other_tags(const ResourceType& type, const Resource& present) const {
  if (std::ranges::find(type.properties(), "Tags", &PropertySchema::name) == type.properties().end())
    return false;
  return tags_on(present) != deployment().tags;
}

const std::vector<Tag>& Tick::tags_on(const Resource& resource) const {
  return resource.stack_tags ? *resource.stack_tags : stack_.current.tags;
}

TickOutcome Tick::leave_unchanged(const ResourceDeclaration& declared, Resource& present) {
  take_declared(declared, present);
  if (present.status == ResourceStatus::UpdateFailed) {
    set_status(present, ResourceStatus::UpdateComplete, "");
    return TickOutcome::Progressed;
  }
  present.settled_phase = operation().phase_number;
  session_.save_resource(present);
  return TickOutcome::Waiting;
}

Result<formats::Value, TemplateError> Tick::evaluate_properties(const ResourceDeclaration& declared,
                                                                const ResourceType& type) {
  if (auto evaluated = evaluate_action(declared); !evaluated) {
    return std::unexpected(evaluated.error());
  }
  const std::string path = "/Resources/" + declared.logical_id + "/Properties";
  auto properties = evaluate_whole(declared.properties, path);
  if (!properties) return properties;
  return coerce(*properties, type.properties(), path);
}

TickOutcome Tick::fail_start(const ResourceDeclaration& declared, const std::string& reason) {
  Resource* present = find_current(declared.logical_id);
  if (present) {
    present->status = ResourceStatus::UpdateInProgress;
    return fail_resource(*present, reason);
  }
  Resource& resource = add_resource(declared);
  resource.properties = formats::Object{};
  return fail_resource(resource, reason);
}

Resource& Tick::add_resource(const ResourceDeclaration& declared) {
  int instance = 0;
  for (const Resource& resource : stack_.resources) {
    if (resource.logical_id == declared.logical_id) instance = std::max(instance, resource.instance);
  }
  Resource resource{.logical_id = declared.logical_id,
                    .instance = instance + 1,
                    .type = declared.type,
                    .name_suffix = random_.base32(kSuffixLength),
                    .started = now(),
                    .is_new = true};
  take_declared(declared, resource);
  stack_.resources.push_back(std::move(resource));
  return stack_.resources.back();
}

void Tick::take_declared(const ResourceDeclaration& declared, Resource& resource) {
  resource.deletion_policy = declared.deletion_policy;
  resource.update_replace_policy = declared.update_replace_policy;
  resource.metadata = values_.metadata;
  const std::set<std::string>& needs = memory_.graph.at(declared.logical_id);
  resource.depends_on.assign(needs.begin(), needs.end());
}

TickOutcome Tick::create(const ResourceDeclaration& declared, const ResourceType& type, formats::Value wanted,
                         Resource* replaced) {
  if (replaced) {
    replaced->is_current = false;
    session_.save_resource(*replaced);
  }
  Resource& resource = add_resource(declared);  // `replaced` may have moved.
  resource.properties = std::move(wanted);
  const ResourceStatus status =
      replaced ? ResourceStatus::UpdateInProgress : ResourceStatus::CreateInProgress;
  const std::string shown = shown_properties(declared);
  set_status(resource, status, replaced ? std::string(kReplacing) : "", shown);
  Created created;
  auto reason = attempt([&] {
    Context action = context(resource);
    created = type.create(action, Properties(resource.properties));
  });
  if (reason) return fail_resource(resource, *reason);
  resource.physical_id = std::move(created.physical_id);
  resource.attributes = std::move(created.attributes);
  resource.stack_tags = deployment().tags;
  set_status(resource, status, "Resource creation Initiated", shown);
  check(type, resource);
  return TickOutcome::Progressed;
}

TickOutcome Tick::update(const ResourceDeclaration& declared, const ResourceType& type, Resource& present,
                         formats::Value wanted) {
  set_status(present, ResourceStatus::UpdateInProgress, "", shown_properties(declared));
  auto reason = attempt([&] {
    Context action = context(present);
    const Existing was{present.physical_id, present.attributes, Properties(present.properties),
                       tags_on(present)};
    type.update(action, was, Properties(wanted));
  });
  if (reason) return fail_resource(present, *reason);
  present.replaced_properties = std::exchange(present.properties, std::move(wanted));
  present.stack_tags = deployment().tags;
  take_declared(declared, present);
  session_.save_resource(present);
  check(type, present);
  return TickOutcome::Progressed;
}

// Asks the type whether the resource is done. Waiting: it is not, and nothing was written.
TickOutcome Tick::check(const ResourceType& type, Resource& resource) {
  memory_.polled.insert({resource.logical_id, resource.instance});
  Progress progress;
  auto reason = attempt([&] {
    Context action = context(resource);
    const Existing made{resource.physical_id, resource.attributes, Properties(resource.properties)};
    progress = type.check(action, made);
  });
  if (reason) return fail_resource(resource, *reason);
  if (progress.state == Progress::State::Ready) progress = with_signals(progress, resource);
  if (progress.state == Progress::State::Failed) {
    // What failed may all the same be there to be removed.
    if (!progress.physical_id.empty()) resource.physical_id = progress.physical_id;
    return fail_resource(resource, progress.reason);
  }
  if (progress.state == Progress::State::Ready) return complete(resource, std::move(progress));
  if (now() - resource.started <= type.patience()) return TickOutcome::Waiting;
  return fail_resource(resource, "Resource timed out waiting for completion");
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-creationpolicy.html
// A new resource with ResourceSignal is done when so many have signalled in time.
Progress Tick::with_signals(Progress progress, const Resource& resource) {
  if (!values_.creation_policy.find(kSignal) || !resource.is_new) return progress;
  const formats::Value& policy = values_.creation_policy;
  const auto count = parse_integer(policy_text(policy, kSignal, "Count").value_or("1"));
  const auto percent =
      parse_integer(policy_text(policy, kGroupPolicy, "MinSuccessfulInstancesPercent").value_or("100"));
  const auto timeout = parse_duration(policy_text(policy, kSignal, "Timeout").value_or("PT5M"));
  if (!count || *count < 0 || !percent || *percent < 0 || *percent > 100 || !timeout) {
    return failed("Invalid CreationPolicy");
  }
  const SignalRequirement requirement{.count = *count, .percent = *percent};
  const Signals signals = session_.signals(resource.logical_id);
  const auto successes = std::ssize(signals.successes), failures = std::ssize(signals.failures);
  if (failures > requirement.failures_max()) {
    return failed(fmt::format("Received {} FAILURE signal(s) out of {}. Unable to satisfy {}% "
                              "MinSuccessfulInstancesPercent requirement",
                              failures, *count, *percent));
  }
  if (successes + failures >= *count) return progress;
  if (now() - resource.started <= *timeout) return in_progress();
  if (*count - successes <= requirement.failures_max()) return progress;
  return failed(fmt::format("Failed to receive {} resource signal(s) within the specified duration",
                            *count - successes - failures));
}

TickOutcome Tick::complete(Resource& resource, Progress progress) {
  const bool is_replaced = resource.replaced_properties && !progress.physical_id.empty() &&
                           progress.physical_id != resource.physical_id;
  // Who tells the id tells everything: what was known of the attributes is no longer so.
  std::optional<Resource> before;
  if (is_replaced) before = resource;
  if (!progress.physical_id.empty()) resource.attributes = {};
  resource.is_secret = progress.attributes.remove(kNoEchoAttribute);
  for (auto& [name, value] : progress.attributes) resource.attributes.set(name, std::move(value));
  if (!progress.physical_id.empty()) resource.physical_id = progress.physical_id;
  CHECK(!resource.physical_id.empty());
  resource.replaced_properties.reset();
  if (is_replaced) become_replacement(resource);
  const bool is_creation = resource.status == ResourceStatus::CreateInProgress;
  set_status(resource, is_creation ? ResourceStatus::CreateComplete : ResourceStatus::UpdateComplete, "");
  if (is_replaced) leave_behind(std::move(*before));
  return TickOutcome::Progressed;
}

// The update of a custom resource said that there is another physical resource now.
void Tick::become_replacement(Resource& resource) {
  for (const Resource& other : stack_.resources) {
    if (other.logical_id == resource.logical_id) resource.instance = std::max(resource.instance, other.instance);
  }
  ++resource.instance;
  resource.is_new = true;
  set_status(resource, ResourceStatus::UpdateInProgress, std::string(kReplaced));
}

// The one that was replaced: the cleanup removes it, a rollback takes it back.
void Tick::leave_behind(Resource before) {
  before.is_current = false;
  before.properties = std::move(*before.replaced_properties);
  before.replaced_properties.reset();
  before.name_suffix = random_.base32(kSuffixLength);
  before.status = ResourceStatus::UpdateComplete;
  before.settled_phase = operation().phase_number;
  session_.save_resource(before);
  stack_.resources.push_back(std::move(before));
}

TickOutcome Tick::finish_apply(const std::set<std::string>& active) {
  auto outputs = evaluate_outputs();
  if (!outputs) return fail_operation(outputs.error().describe());
  const bool is_forward = operation().phase == Phase::Apply;
  auto published = session_.publish_outputs(*outputs);
  if (!published && is_forward) return fail_operation(published.error().message);
  for (Resource& resource : stack_.resources) {
    if (active.contains(resource.logical_id) || !resource.is_current) continue;
    resource.is_current = false;
    session_.save_resource(resource);
  }
  if (is_forward) {
    Deployment before = std::exchange(stack_.current, operation().target);
    if (operation().is_held) operation().target = std::move(before);
  }
  if (operation().kind == OperationKind::Create) {
    for (Resource& resource : stack_.resources) {
      resource.is_new = false;
      session_.save_resource(resource);
    }
    set_stack_status(StackStatus::CreateComplete, "");
    stack_.operation.reset();
    save();
    return TickOutcome::Progressed;
  }
  start_phase(is_forward ? Phase::Cleanup : Phase::RestoreCleanup);
  set_stack_status(is_forward ? StackStatus::UpdateCompleteCleanupInProgress
                              : StackStatus::UpdateRollbackCompleteCleanupInProgress,
                   "");
  return TickOutcome::Progressed;
}

Result<std::vector<OutputValue>, TemplateError> Tick::evaluate_outputs() const {
  std::vector<OutputValue> values;
  for (const OutputDeclaration& output : declared_->outputs) {
    if (!output.condition.empty() && !scope_->conditions.at(output.condition)) continue;
    auto value = evaluate_output(output);
    if (!value) return std::unexpected(value.error());
    values.push_back(std::move(*value));
  }
  return values;
}

Result<OutputValue, TemplateError> Tick::evaluate_output(const OutputDeclaration& output) const {
  const std::string path = "/Outputs/" + output.name;
  auto value = evaluate_whole(output.value, path + "/Value");
  if (!value) return std::unexpected(value.error());
  auto export_name = evaluate_whole(output.export_name, path + "/Export/Name");
  if (!export_name) return std::unexpected(export_name.error());
  std::optional<std::string> text = scalar_text(*value);
  std::optional<std::string> name = export_name->is_null() ? std::string() : scalar_text(*export_name);
  if (text && name) return OutputValue{output.name, *text, output.description, *name};
  return std::unexpected(TemplateError{
      "Template format error: Every Value member of Outputs must be a string.", path, output.place});
}

}  // namespace holm::stacks
