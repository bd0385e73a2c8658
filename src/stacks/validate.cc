// Properties against the schemas of their types.

#include "stacks/validate.h"

#include <algorithm>

#include "base/strings.h"
#include "formats/json.h"
#include "stacks/graph.h"
#include "stacks/substitution.h"

namespace holm::stacks {

namespace {

using formats::Array;
using formats::Object;
using formats::Value;

enum class Calls : uint8_t {
  Allowed,  // A template as written: what a function will give is not known.
  None,
};

std::string_view kind_name(PropertyKind kind) {
  constexpr std::string_view kNames[] = {"String", "Integer", "Number", "Boolean",
                                         "Json",   "Object",  "List",   "Map"};
  return kNames[static_cast<size_t>(kind)];
}

// Converts values to the kinds of a schema; each function returns false after noting an error.
class Converter {
 public:
  explicit Converter(Calls calls) : calls_(calls) {}

  const TemplateError& error() const { return error_; }

  bool object(const Value& in, std::span<const PropertySchema> schema, const std::string& path,
              Value& out) {
    if (!in.as_object()) return fail_kind(PropertyKind::Object, path, in);
    if (schema.size() == 1 && schema.front().name == "*") {
      out = in;
      return true;
    }
    Object result;
    for (const auto& [name, member] : *in.as_object()) {
      auto property = std::ranges::find(schema, name, &PropertySchema::name);
      if (property == schema.end()) {
        return fail("Encountered unsupported property " + name, path_of(path, name), member);
      }
      Value converted;
      if (!value(member, *property, path_of(path, name), converted)) return false;
      result.append(name, std::move(converted));
    }
    for (const PropertySchema& property : schema) {
      if (property.presence == Presence::Optional || result.find(property.name)) continue;
      return fail("Property " + std::string(property.name) + " cannot be empty.", path, in);
    }
    out = std::move(result);
    out.place = in.place;
    return true;
  }

 private:
  bool fail(std::string message, const std::string& path, const Value& at) {
    error_ = {std::move(message), path, at.place};
    return false;
  }

  bool fail_kind(PropertyKind kind, const std::string& path, const Value& at) {
    const size_t slash = path.rfind('/');
    return fail("Value of property " + path.substr(slash + 1) + " must be of type " +
                    std::string(kind_name(kind)),
                path, at);
  }

  bool value(const Value& in, const PropertySchema& schema, const std::string& path, Value& out) {
    const std::string_view function = function_name(in);
    if (calls_ == Calls::Allowed && !function.empty()) return call(in, function, schema, path, out);
    switch (schema.kind) {
      case PropertyKind::Json:
        return json(in, out);
      case PropertyKind::Object:
        return object(in, schema.members, path, out);
      case PropertyKind::List:
        return list(in, schema, path, out);
      case PropertyKind::Map:
        return map(in, schema, path, out);
      case PropertyKind::String:
      case PropertyKind::Integer:
      case PropertyKind::Number:
      case PropertyKind::Boolean:
        return scalar(in, schema.kind, path, out);
    }
    return fail_kind(schema.kind, path, in);
  }

  // Of Fn::If both branches have to fit; what others give is seen when they are evaluated.
  bool call(const Value& in, std::string_view function, const PropertySchema& schema,
            const std::string& path, Value& out) {
    out = in;
    const Array* branches = in.as_object()->begin()->second.as_array();
    if (function != "Fn::If" || !branches || branches->size() != 3) return true;
    for (size_t i = 1; i < 3; ++i) {
      Value ignored;
      if (!value((*branches)[i], schema, path, ignored)) return false;
    }
    return true;
  }

  // Text that holds an object is read, as CloudFormation does for policy documents.
  bool json(const Value& in, Value& out) {
    out = in;
    const std::string* text = in.as_string();
    if (!text || !trim(*text).starts_with('{')) return true;
    if (auto parsed = formats::parse_json(*text)) out = std::move(*parsed);
    return true;
  }

  bool list(const Value& in, const PropertySchema& schema, const std::string& path, Value& out) {
    if (!in.as_array()) return fail_kind(PropertyKind::List, path, in);
    const PropertySchema element{
        .name = schema.name, .kind = schema.element, .members = schema.members};
    Array result;
    for (size_t i = 0; i < in.as_array()->size(); ++i) {
      const Value& one = (*in.as_array())[i];
      if (!value(one, element, path_of(path, std::to_string(i)), result.emplace_back()))
        return false;
    }
    out = std::move(result);
    out.place = in.place;
    return true;
  }

  bool map(const Value& in, const PropertySchema& schema, const std::string& path, Value& out) {
    if (!in.as_object()) return fail_kind(PropertyKind::Map, path, in);
    const PropertySchema element{
        .name = schema.name, .kind = schema.element, .members = schema.members};
    Object result;
    for (const auto& [name, member] : *in.as_object()) {
      Value converted;
      if (!value(member, element, path_of(path, name), converted)) return false;
      result.append(name, std::move(converted));
    }
    out = std::move(result);
    out.place = in.place;
    return true;
  }

  bool scalar(const Value& in, PropertyKind kind, const std::string& path, Value& out) {
    std::optional<std::string> text = scalar_text(in);
    if (!text) return fail_kind(kind, path, in);
    if (kind == PropertyKind::String) {
      out = Value(*text);
    } else if (kind == PropertyKind::Boolean) {
      const bool is_true = equals_ignoring_case(*text, "true");
      if (!is_true && !equals_ignoring_case(*text, "false")) return fail_kind(kind, path, in);
      out = Value(is_true);
    } else {
      const Value number =
          formats::is_json_number(*text) ? formats::number_from_text(*text) : Value();
      std::optional<int64_t> integer = number.as_integer();
      if (number.is_null() || (kind == PropertyKind::Integer && !integer)) {
        return fail_kind(kind, path, in);
      }
      out = integer ? Value(*integer) : number;
    }
    out.place = in.place;
    return true;
  }

  Calls calls_;
  TemplateError error_;
};

bool has_attribute(const ResourceType& type, std::string_view name) {
  if (name == "*") return true;
  return std::ranges::any_of(type.attributes(), [&](std::string_view known) {
    return known == name ||
           (known.ends_with(".*") && name.starts_with(known.substr(0, known.size() - 1))) ||
           known == "*";
  });
}

std::optional<TemplateError> check_attributes(const Template& declared, const TypeRegistry& types,
                                              const Value& value, const std::string& path) {
  for (const Reference& reference : references_in(value)) {
    if (reference.attribute.empty()) continue;
    const ResourceDeclaration* target = declared.find_resource(reference.name);
    const ResourceType* type = target ? types.find(target->type) : nullptr;
    if (!type || has_attribute(*type, reference.attribute)) continue;
    return TemplateError{"Template error: resource " + reference.name +
                             " does not support attribute type " + reference.attribute +
                             " in Fn::GetAtt",
                         path, reference.place};
  }
  return std::nullopt;
}

constexpr std::string_view kGroupPolicy = "AutoScalingCreationPolicy";

bool knows_policy(const ResourceType& type, std::string_view name) {
  return std::ranges::find(type.policies(), name) != type.policies().end();
}

TemplateError unbuilt(const std::string& what, const std::string& path, formats::Place place) {
  return {what, path, place, true};
}

std::optional<TemplateError> check_policies(const ResourceDeclaration& resource,
                                            const ResourceType& type, const std::string& path) {
  if (const Object* policy = resource.creation_policy.as_object()) {
    for (const auto& [name, member] : *policy) {
      if (name == "ResourceSignal" && knows_policy(type, "CreationPolicy")) continue;
      if (name == kGroupPolicy && knows_policy(type, name)) continue;
      return unbuilt("CreationPolicy " + name + " of " + resource.type, path + "/CreationPolicy",
                     resource.creation_policy.place);
    }
  }
  if (const Object* policy = resource.update_policy.as_object()) {
    for (const auto& [name, member] : *policy) {
      if (knows_policy(type, name)) continue;
      return unbuilt("UpdatePolicy " + name + " of " + resource.type, path + "/UpdatePolicy",
                     resource.update_policy.place);
    }
  }
  const bool wants_snapshot =
      resource.deletion_policy == "Snapshot" || resource.update_replace_policy == "Snapshot";
  if (!wants_snapshot || type.takes_snapshots()) return std::nullopt;
  return TemplateError{"Template error: resource type " + resource.type +
                           " does not support deletion policy Snapshot",
                       path, resource.place};
}

std::optional<TemplateError> check_resource(const Template& declared,
                                            const ResourceDeclaration& resource,
                                            const TypeRegistry& types) {
  const std::string path = "/Resources/" + resource.logical_id;
  const ResourceType* type = types.find(resource.type);
  if (!type) {
    return TemplateError{
        "Template format error: Unrecognized resource types: [" + resource.type + "]",
        path + "/Type", resource.place};
  }
  Converter converter(Calls::Allowed);
  Value ignored;
  if (!converter.object(resource.properties, type->properties(), path + "/Properties", ignored)) {
    return converter.error();
  }
  if (auto error = check_policies(resource, *type, path)) return error;
  for (const Value* part : {&resource.properties, &resource.metadata, &resource.creation_policy,
                            &resource.update_policy}) {
    if (auto error = check_attributes(declared, types, *part, path)) return error;
  }
  return std::nullopt;
}

}  // namespace

std::optional<TemplateError> validate(const Template& declared, const TypeRegistry& types) {
  for (const ResourceDeclaration& resource : declared.resources) {
    if (auto error = check_resource(declared, resource, types)) return error;
  }
  for (const OutputDeclaration& output : declared.outputs) {
    const std::string path = "/Outputs/" + output.name;
    if (auto error = check_attributes(declared, types, output.value, path)) return error;
    if (auto error = check_attributes(declared, types, output.export_name, path)) return error;
  }
  return std::nullopt;
}

Result<Value, TemplateError> coerce(const Value& properties, std::span<const PropertySchema> schema,
                                    const std::string& path) {
  Converter converter(Calls::None);
  Value out;
  if (!converter.object(properties, schema, path, out)) return std::unexpected(converter.error());
  return out;
}

}  // namespace holm::stacks
