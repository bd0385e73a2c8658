// What every phase of an operation shares.

#include "stacks/tick.h"

#include <algorithm>

#include "base/check.h"
#include "formats/json.h"

namespace holm::stacks {

namespace {

bool is_in_progress(ResourceStatus status) { return to_text(status).ends_with("_IN_PROGRESS"); }

}  // namespace

Tick::Tick(const TypeRegistry& types, Random& random, Session& session, StepMemory& memory)
    : types_(types), random_(random), session_(session), memory_(memory), stack_(session.load()) {}

TickOutcome Tick::run() {
  if (!stack_.operation || is_settled(stack_.status)) return TickOutcome::Ended;
  const Phase phase = operation().phase;
  return phase == Phase::Apply || phase == Phase::Restore ? run_apply() : run_removal();
}

void Tick::save() { session_.save(stack_); }

void Tick::set_stack_status(StackStatus status, std::string reason) {
  stack_.status = status;
  stack_.status_reason = reason;
  save();
  session_.add_event({.logical_id = stack_.name,
                      .physical_id = stack_.id,
                      .type = "AWS::CloudFormation::Stack",
                      .status = std::string(to_text(status)),
                      .reason = std::move(reason),
                      .token = stack_.operation ? operation().token : "",
                      .time = now()});
}

void Tick::start_phase(Phase phase) {
  operation().phase = phase;
  ++operation().phase_number;
}

// What the update made steps back behind what was there before it; what it gave up is wanted again.
void Tick::start_restore(std::string reason) {
  std::set<std::string> bereft;
  for (Resource& resource : stack_.resources) {
    bereft.insert(resource.logical_id);
    if (!resource.is_new || !resource.is_current) continue;
    resource.is_current = false;
    session_.save_resource(resource);
  }
  for (const Resource& resource : stack_.resources) {
    if (resource.is_current) bereft.erase(resource.logical_id);
  }
  for (const std::string& logical_id : bereft) {
    Resource* before = nullptr;
    for (Resource& resource : stack_.resources) {
      if (resource.is_new || resource.logical_id != logical_id) continue;
      if (!before || before->instance < resource.instance) before = &resource;
    }
    if (!before) continue;
    before->is_current = true;
    session_.save_resource(*before);
  }
  start_phase(Phase::Restore);
  set_stack_status(StackStatus::UpdateRollbackInProgress, std::move(reason));
}

const Deployment& Tick::deployment() const {
  const bool is_target = operation().phase == Phase::Apply || operation().phase == Phase::Cleanup;
  return is_target ? operation().target : stack_.current;
}

Result<void, TemplateError> Tick::open_template() {
  const Deployment& wanted = deployment();
  if (!memory_.declared || memory_.template_text != wanted.template_text) {
    Result<Template, TemplateError> parsed = parse_template(wanted.template_text);
    if (!parsed) return std::unexpected(parsed.error());
    memory_.declared = std::make_shared<const Template>(std::move(*parsed));
    memory_.template_text = wanted.template_text;
    memory_.graph = dependency_graph(*memory_.declared);
  }
  declared_ = memory_.declared;
  const aws::Call& call = session_.call();
  scope_ =
      std::make_unique<Scope>(Scope{.declared = *declared_,
                                    .pseudo = {.account_id = call.account,
                                               .region = call.region,
                                               .stack_id = stack_.id,
                                               .stack_name = stack_.name,
                                               .url_suffix = session_.url_suffix(),
                                               .notification_arns = stack_.notification_arns},
                                    .parameters = parameter_values(*declared_, wanted.parameters),
                                    .lookups = &session_});
  for (const Resource& resource : stack_.resources) {
    if (!resource.is_current || resource.physical_id.empty()) continue;
    scope_->resources[resource.logical_id] = {resource.physical_id, resource.attributes, resource.is_secret};
  }
  return evaluate_conditions(*scope_);
}

std::set<std::string> Tick::active_resources() const {
  std::set<std::string> active;
  for (const ResourceDeclaration& resource : declared_->resources) {
    if (resource.condition.empty() || scope_->conditions.at(resource.condition)) {
      active.insert(resource.logical_id);
    }
  }
  return active;
}

Result<formats::Value, TemplateError> Tick::evaluate_whole(const formats::Value& value,
                                                           const std::string& path) const {
  auto evaluated = evaluate(*scope_, value, path);
  if (!evaluated) return std::unexpected(evaluated.error());
  return evaluated->value_or(formats::Value());
}

Result<void, TemplateError> Tick::evaluate_action(const ResourceDeclaration& declared) {
  struct Part {
    const formats::Value& written;
    formats::Value& evaluated;
    const char* name;
  };
  const Part parts[] = {{declared.metadata, values_.metadata, "/Metadata"},
                        {declared.creation_policy, values_.creation_policy, "/CreationPolicy"},
                        {declared.update_policy, values_.update_policy, "/UpdatePolicy"}};
  for (const Part& part : parts) {
    auto value = evaluate_whole(part.written, "/Resources/" + declared.logical_id + part.name);
    if (!value) return std::unexpected(value.error());
    part.evaluated = std::move(*value);
  }
  return {};
}

// For events: without what is secret.
std::string Tick::shown_properties(const ResourceDeclaration& declared) const {
  Scope masked = *scope_;
  masked.secrets = Secrets::Mask;
  auto shown = evaluate(masked, declared.properties, "");
  return shown && *shown ? formats::write_json(**shown) : "";
}

Context Tick::context(const Resource& resource) {
  auto given = [](const formats::Value& value) { return value.is_null() ? nullptr : &value; };
  return {.call = session_.call(),
          .stack_id = stack_.id,
          .stack_name = stack_.name,
          .logical_id = resource.logical_id,
          .type = resource.type,
          .name_suffix = resource.name_suffix,
          .stack_tags = deployment().tags,
          .metadata = given(values_.metadata),
          .creation_policy = given(values_.creation_policy),
          .update_policy = given(values_.update_policy),
          .started = resource.started,
          .signals = [this, id = resource.logical_id] { return session_.signals(id); }};
}

void Tick::set_status(Resource& resource, ResourceStatus status, std::string reason,
                      std::string properties) {
  // The same status again (creation initiated) is still the same action.
  if (is_in_progress(status) && resource.status != status) resource.started = now();
  if (!is_in_progress(status)) resource.settled_phase = operation().phase_number;
  resource.status = status;
  resource.reason = reason;
  resource.changed = now();
  session_.save_resource(resource);
  session_.add_event({.logical_id = resource.logical_id,
                      .physical_id = resource.physical_id,
                      .type = resource.type,
                      .status = std::string(to_text(status)),
                      .reason = std::move(reason),
                      .properties = std::move(properties),
                      .token = operation().token,
                      .time = now()});
}

bool Tick::is_settled_here(const Resource& resource) const {
  return resource.settled_phase == operation().phase_number;
}

Resource* Tick::find_current(std::string_view logical_id) {
  return const_cast<Resource*>(stack_.find_current(logical_id));
}

// Of this phase: a deletion does not wait for what it interrupted.
size_t Tick::count_in_progress() const {
  const bool is_apply = operation().phase == Phase::Apply || operation().phase == Phase::Restore;
  return static_cast<size_t>(std::ranges::count_if(stack_.resources, [&](const Resource& one) {
    return is_in_progress(one.status) &&
           (one.status == ResourceStatus::DeleteInProgress) != is_apply;
  }));
}

}  // namespace holm::stacks
