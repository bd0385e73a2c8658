// Comparing a stack as it is with what a deployment would make of it.

#include "stacks/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "stacks/graph.h"
#include "stacks/substitution.h"
#include "stacks/validate.h"

namespace holm::stacks {

namespace {

using formats::Value;

std::string recreation(Update update) {
  if (update == Update::Replacement) return "Always";
  return update == Update::Conditional ? "Conditionally" : "Never";
}

bool is_active(const Scope& scope, const ResourceDeclaration& resource) {
  return resource.condition.empty() || scope.conditions.at(resource.condition);
}

// Compares resource by resource, in the order of creation, so that what a reference leads to is
// known already.
class Planner {
 public:
  Planner(const PlanInput& input, const Template& declared, const Template* before)
      : input_(input),
        declared_(declared),
        before_(before),
        scope_{.declared = declared,
               .pseudo = input.pseudo,
               .parameters = parameter_values(declared, input.target.parameters),
               .lookups = &input.lookups} {
    for (const Resource& resource : input.stack.resources) {
      if (!resource.is_current || resource.physical_id.empty()) continue;
      scope_.resources[resource.logical_id] = {resource.physical_id, resource.attributes};
    }
    for (const ParameterValue& value : input.target.parameters) {
      const auto& known = input.stack.current.parameters;
      auto found = std::ranges::find(known, value.key, &ParameterValue::key);
      if (found == known.end() || !(*found == value)) changed_parameters_.insert(value.key);
    }
  }

  Result<std::vector<Change>, TemplateError> run() {
    if (auto evaluated = evaluate_conditions(scope_); !evaluated) {
      return std::unexpected(evaluated.error());
    }
    for (const std::string& logical_id : creation_order(dependency_graph(declared_))) {
      const ResourceDeclaration& resource = *declared_.find_resource(logical_id);
      if (!is_active(scope_, resource)) continue;
      if (auto planned = plan_resource(resource); !planned) return std::unexpected(planned.error());
    }
    for (const Resource& resource : input_.stack.resources) {
      if (resource.is_current) plan_removal(resource);
    }
    return std::move(changes_);
  }

 private:
  Result<void, TemplateError> plan_resource(const ResourceDeclaration& declared) {
    const Resource* present = input_.stack.find_current(declared.logical_id);
    if (!present) {
      changes_.push_back({.action = "Add", .logical_id = declared.logical_id, .type = declared.type});
      unknown_.insert(declared.logical_id);
      return {};
    }
    const ResourceType* type = input_.types.find(declared.type);
    if (!type) {
      return std::unexpected(TemplateError{"Unrecognized resource type: " + declared.type,
                                           "/Resources/" + declared.logical_id, declared.place});
    }
    Change change{.action = "Modify",
                  .logical_id = declared.logical_id,
                  .physical_id = present->physical_id,
                  .type = declared.type};
    for (const PropertySchema& property : properties_of(*type, declared, *present)) {
      if (auto compared = compare(declared, *present, *type, property, change); !compared) {
        return compared;
      }
    }
    if (declared.type == kNestedStackType && change.details.empty()) add_automatic(change);
    compare_others(declared, *present, change);
    if (auto compared = compare_metadata(declared, *present, change); !compared) return compared;
    compare_tags(*type, *present, change);
    if (change.details.empty()) return {};
    finish(std::move(change));
    return {};
  }

  // Of a type that takes anything: the names that are there.
  static std::vector<PropertySchema> properties_of(const ResourceType& type,
                                                   const ResourceDeclaration& declared,
                                                   const Resource& present) {
    const auto schema = type.properties();
    if (schema.size() != 1 || schema.front().name != "*") return {schema.begin(), schema.end()};
    std::vector<PropertySchema> found;
    std::set<std::string_view> names;
    for (const Value* object : {&declared.properties, &present.properties}) {
      for (const auto& [name, member] : *object->as_object()) {
        if (names.insert(name).second) found.push_back({.name = name, .kind = PropertyKind::Json});
      }
    }
    return found;
  }

  Result<void, TemplateError> compare(const ResourceDeclaration& declared, const Resource& present,
                                      const ResourceType& type, const PropertySchema& property,
                                      Change& change) {
    const Value* written = declared.properties.find(property.name);
    const Value* applied = present.properties.find(property.name);
    if (written && add_dynamic(*written, property, change)) return {};
    Value wanted = formats::Object{};
    if (written) {
      const std::string path = "/Resources/" + declared.logical_id + "/Properties";
      auto evaluated = evaluate(scope_, *written, path_of(path, property.name));
      if (!evaluated) return std::unexpected(evaluated.error());
      if (*evaluated) wanted.as_object()->set(std::string(property.name), std::move(**evaluated));
      const PropertySchema alone[] = {property};
      auto coerced = coerce_one(wanted, alone, path);
      if (!coerced) return std::unexpected(coerced.error());
      wanted = std::move(*coerced);
    }
    const Value* value = wanted.find(property.name);
    const bool is_same = value && applied ? *value == *applied : !value && !applied;
    if (!is_same) {
      ChangeDetail detail = static_detail(declared, property, written);
      if (property.update == Update::Conditional) {
        const bool replaces =
            type.replaces(Properties(present.properties), Properties(wanted), property.name);
        detail.requires_recreation = replaces ? "Always" : "Never";
      }
      change.details.push_back(std::move(detail));
    }
    return {};
  }

  static Result<Value, TemplateError> coerce_one(const Value& wanted, std::span<const PropertySchema> schema,
                                                 const std::string& path) {
    if (wanted.as_object()->empty()) return wanted;
    return coerce(wanted, schema, path);
  }

  // What a nested stack's update comes to is known when it is made.
  static void add_automatic(Change& change) {
    change.details.push_back({.attribute = "Properties",
                              .requires_recreation = "Never",
                              .evaluation = "Dynamic",
                              .change_source = "Automatic"});
  }

  // A reference to something that will only be known when the change is made.
  bool add_dynamic(const Value& written, const PropertySchema& property, Change& change) {
    bool found = false;
    for (const Reference& reference : references_in(written)) {
      const bool is_attribute = !reference.attribute.empty();
      const bool is_unknown =
          unknown_.contains(reference.name) || (is_attribute && modified_.contains(reference.name));
      if (!is_unknown) continue;
      found = true;
      change.details.push_back(
          {.attribute = "Properties",
           .name = std::string(property.name),
           .requires_recreation = recreation(property.update),
           .evaluation = "Dynamic",
           .change_source = is_attribute ? "ResourceAttribute" : "ResourceReference",
           .causing_entity = is_attribute ? reference.name + "." + reference.attribute : reference.name});
    }
    return found;
  }

  ChangeDetail static_detail(const ResourceDeclaration& declared, const PropertySchema& property,
                             const Value* written) const {
    ChangeDetail detail{.attribute = "Properties",
                        .name = std::string(property.name),
                        .requires_recreation = recreation(property.update),
                        .evaluation = "Static",
                        .change_source = "DirectModification"};
    const ResourceDeclaration* old = before_ ? before_->find_resource(declared.logical_id) : nullptr;
    const Value* written_before = old ? old->properties.find(property.name) : nullptr;
    if (!written || !written_before || !(*written == *written_before)) return detail;
    for (const Reference& reference : references_in(*written)) {
      if (!changed_parameters_.contains(reference.name)) continue;
      detail.change_source = "ParameterReference";
      detail.causing_entity = reference.name;
    }
    return detail;
  }

  // The parts that change nothing of the resource itself.
  static void compare_others(const ResourceDeclaration& declared, const Resource& present, Change& change) {
    auto add = [&](const char* attribute) {
      change.details.push_back({.attribute = attribute,
                                .requires_recreation = "Never",
                                .evaluation = "Static",
                                .change_source = "DirectModification"});
    };
    if (declared.deletion_policy != present.deletion_policy) add("DeletionPolicy");
    if (declared.update_replace_policy != present.update_replace_policy) add("UpdateReplacePolicy");
  }

  // What it says once evaluated: cfn-hup acts on a parameter as on the template.
  Result<void, TemplateError> compare_metadata(const ResourceDeclaration& declared, const Resource& present,
                                               Change& change) {
    constexpr PropertySchema kMetadata{.name = "Metadata"};
    if (declared.metadata.is_null() && present.metadata.is_null()) return {};
    const size_t first = change.details.size();
    if (add_dynamic(declared.metadata, kMetadata, change)) {
      for (size_t i = first; i < change.details.size(); ++i) {
        change.details[i].attribute = "Metadata";
        change.details[i].name.clear();
      }
      return {};
    }
    const std::string path = "/Resources/" + declared.logical_id + "/Metadata";
    auto wanted = evaluate(scope_, declared.metadata, path);
    if (!wanted) return std::unexpected(wanted.error());
    if (wanted->value_or(Value()) == present.metadata) return {};
    change.details.push_back({.attribute = "Metadata",
                              .requires_recreation = "Never",
                              .evaluation = "Static",
                              .change_source = "DirectModification"});
    return {};
  }

  // The stack's tags, of a type that takes tags.
  void compare_tags(const ResourceType& type, const Resource& present, Change& change) const {
    const auto schema = type.properties();
    const bool takes_tags = std::ranges::find(schema, "Tags", &PropertySchema::name) != schema.end();
    if (!takes_tags || present.stack_tags.value_or(input_.stack.current.tags) == input_.target.tags) return;
    change.details.push_back({.attribute = "Tags",
                              .requires_recreation = "Never",
                              .evaluation = "Static",
                              .change_source = "DirectModification"});
  }

  void finish(Change change) {
    bool is_sure = false;
    bool is_possible = false;
    for (const ChangeDetail& detail : change.details) {
      const bool is_static = detail.evaluation == "Static";
      is_sure = is_sure || (is_static && detail.requires_recreation == "Always");
      is_possible = is_possible || detail.requires_recreation != "Never";
      if (std::ranges::find(change.scope, detail.attribute) == change.scope.end()) {
        change.scope.push_back(detail.attribute);
      }
    }
    change.replacement = is_sure ? "True" : is_possible ? "Conditional" : "False";
    if (change.replacement != "False") unknown_.insert(change.logical_id);
    // No attribute tells tags or metadata.
    auto may_be_told = [](const std::string& part) { return part != "Tags" && part != "Metadata"; };
    if (std::ranges::any_of(change.scope, may_be_told)) modified_.insert(change.logical_id);
    changes_.push_back(std::move(change));
  }

  void plan_removal(const Resource& resource) {
    const ResourceDeclaration* declared = declared_.find_resource(resource.logical_id);
    if (declared && is_active(scope_, *declared)) return;
    changes_.push_back({.action = "Remove",
                        .logical_id = resource.logical_id,
                        .physical_id = resource.physical_id,
                        .type = resource.type});
  }

  const PlanInput& input_;
  const Template& declared_;
  const Template* before_;
  Scope scope_;
  std::set<std::string> changed_parameters_;
  std::set<std::string> unknown_;   // Added, or maybe replaced: even Ref will change.
  std::set<std::string> modified_;  // Attributes may change.
  std::vector<Change> changes_;
};

}  // namespace

Result<std::vector<Change>, TemplateError> plan(const PlanInput& input) {
  auto declared = parse_template(input.target.template_text);
  if (!declared) return std::unexpected(declared.error());
  auto before = parse_template(input.stack.current.template_text);
  return Planner(input, *declared, before ? &*before : nullptr).run();
}

}  // namespace holm::stacks
