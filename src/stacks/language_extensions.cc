// Unrolling loops.

#include "stacks/language_extensions.h"


#include "base/characters.h"
#include "base/strings.h"
#include "formats/json.h"
#include "stacks/substitution.h"

namespace holm::stacks {

namespace {

using formats::Array;
using formats::Object;
using formats::Value;

constexpr std::string_view kLoop = "Fn::ForEach::";
constexpr size_t kValuesMax = 200'000;
constexpr size_t kMadeMax = 5'000;  // Members that loops make: far more than a template may have.
constexpr size_t kTextBytesMax = kTemplateBytesMax;

std::string alphanumeric(std::string_view text) {
  std::string kept;
  for (char c : text) {
    if (is_letter_or_digit(c)) kept += c;
  }
  return kept;
}

// Each function returns false after noting the first error.
class Unroller {
 public:
  explicit Unroller(const Scope& scope) : scope_(scope) {}

  const TemplateError& error() const { return error_; }

  bool value(const Value& in, const std::string& path, Value& out) {
    if (++values_ > kValuesMax) return fail("Template format error: The loops make too much.", path, in);
    if (const std::string* text = in.as_string()) {
      out = Value(filled(*text));
      bytes_ += out.as_string()->size();
      if (bytes_ > kTextBytesMax) return fail("Template may not exceed 1048576 bytes in size.", path, in);
    } else if (const Array* array = in.as_array()) {
      Array elements;
      for (size_t i = 0; i < array->size(); ++i) {
        if (!value((*array)[i], path_of(path, std::to_string(i)), elements.emplace_back())) return false;
      }
      out = Value(std::move(elements));
    } else if (in.as_object()) {
      if (bound(in, out)) return true;
      Object members;
      if (!object(in, path, members)) return false;
      out = Value(std::move(members));
      reduce(out);
    } else {
      out = in;
    }
    out.place = in.place;
    return true;
  }

 private:
  bool fail(std::string message, const std::string& path, const Value& at) {
    error_ = {std::move(message), path, at.place};
    return false;
  }

  // Members of an object, those that its loops make among them.
  bool object(const Value& in, const std::string& path, Object& out) {
    for (const auto& [name, member] : *in.as_object()) {
      if (name.starts_with(kLoop)) {
        if (!loop(member, path_of(path, name), out)) return false;
        continue;
      }
      Value made;
      if (!value(member, path_of(path, name), made)) return false;
      if (!add(filled(name), std::move(made), path, member, out)) return false;
    }
    return true;
  }

  bool add(std::string name, Value made, const std::string& path, const Value& at, Object& out) {
    if (!bindings_.empty() && ++made_ > kMadeMax) {
      return fail("Template format error: The loops make too much.", path, at);
    }
    if (out.find(name)) return fail("Template format error: " + name + " is there twice.", path, at);
    out.append(std::move(name), std::move(made));
    return true;
  }

  bool loop(const Value& in, const std::string& path, Object& out) {
    const Array* parts = in.as_array();
    const std::string* identifier = parts && parts->size() == 3 ? (*parts)[0].as_string() : nullptr;
    if (!identifier || identifier->empty() || !(*parts)[2].as_object()) {
      return fail("Template error: Fn::ForEach requires an identifier, a collection and an object.", path,
                  in);
    }
    if (bindings_.contains(*identifier) || scope_.declared.find_parameter(*identifier)) {
      return fail("Template error: the identifier " + *identifier + " of Fn::ForEach is a name already.",
                  path, in);
    }
    if (bindings_.size() >= kNestedLoopsMax) {
      return fail("Template error: Fn::ForEach can be nested 5 times only.", path, in);
    }
    std::vector<std::string> items;
    if (!collection((*parts)[1], path_of(path, "1"), items)) return false;
    for (const std::string& item : items) {
      bindings_[*identifier] = item;
      const bool is_good = object((*parts)[2], path_of(path, "2"), out);
      bindings_.erase(*identifier);
      if (!is_good) return false;
    }
    return true;
  }

  bool collection(const Value& in, const std::string& path, std::vector<std::string>& items) {
    Value filled_in;
    if (!value(in, path, filled_in)) return false;
    auto evaluated = evaluate(scope_, filled_in, path);
    if (!evaluated) {
      error_ = evaluated.error();
      return false;
    }
    const Array* list = *evaluated ? (*evaluated)->as_array() : nullptr;
    if (!list) return fail("Template error: the collection of Fn::ForEach must be a list.", path, in);
    for (const Value& element : *list) {
      std::optional<std::string> text = scalar_text(element);
      if (!text)
        return fail("Template error: the collection of Fn::ForEach must be a list of text.", path, in);
      items.push_back(std::move(*text));
    }
    return true;
  }

  // A Ref to what a loop runs over.
  bool bound(const Value& in, Value& out) {
    if (function_name(in) != "Ref") return false;
    const std::string* name = in.as_object()->begin()->second.as_string();
    auto found = name ? bindings_.find(*name) : bindings_.end();
    if (found == bindings_.end()) return false;
    out = Value(found->second);
    out.place = in.place;
    return true;
  }

  std::string filled(std::string_view text) const {
    std::string result(text);
    for (const auto& [name, item] : bindings_) {
      result = replace_all(result, "${" + name + "}", item);
      result = replace_all(result, "&{" + name + "}", alphanumeric(item));
    }
    return result;
  }

  // A substitution that has nothing left to substitute is its text, so that names can be made of it.
  void reduce(Value& out) const {
    if (bindings_.empty() || function_name(out) != "Fn::Sub") return;
    const std::string* text = out.as_object()->begin()->second.as_string();
    if (!text || text->find("${") != std::string::npos) return;
    out = Value(std::string(*text));
  }

  const Scope& scope_;
  std::map<std::string, std::string> bindings_;
  size_t values_ = 0;
  size_t made_ = 0;
  size_t bytes_ = 0;
  TemplateError error_;
};

// What of a template is read before the rest of it: each has what those before it have.
enum class Outline { Parameters, Mappings, Conditions };

// With a resource, as there must be one.
Value outline_of(const Value& root, Outline outline) {
  Object made;
  for (const char* name : {"Description", "Metadata", "Parameters", "Mappings", "Conditions"}) {
    if (std::string_view(name) == "Mappings" && outline == Outline::Parameters) break;
    if (std::string_view(name) == "Conditions" && outline != Outline::Conditions) break;
    if (const Value* section = root.find(name)) made.append(name, *section);
  }
  if (outline != Outline::Parameters) made.append("Transform", kLanguageExtensions);
  Object resource;
  resource.append("Type", "None");
  Object resources;
  resources.append("None", std::move(resource));
  made.append("Resources", std::move(resources));
  return made;
}

Scope scope_of(const Template& outline, const ExpansionInput& input) {
  return {
      .declared = outline, .pseudo = input.pseudo, .parameters = input.parameters, .lookups = input.lookups};
}

// DeletionPolicy and UpdateReplacePolicy may be computed.
std::optional<TemplateError> evaluate_policies(Value& root, const ExpansionInput& input) {
  Value* resources = root.as_object() ? root.as_object()->find("Resources") : nullptr;
  if (!resources || !resources->as_object()) return std::nullopt;
  auto outline = read_template(outline_of(root, Outline::Conditions));
  if (!outline) return outline.error();
  Scope scope = scope_of(*outline, input);
  if (auto evaluated = evaluate_conditions(scope); !evaluated) return evaluated.error();
  for (auto& [logical_id, resource] : *resources->as_object()) {
    if (!resource.as_object()) continue;
    for (const char* name : {"DeletionPolicy", "UpdateReplacePolicy"}) {
      Value* policy = resource.as_object()->find(name);
      if (!policy || !policy->as_object()) continue;
      auto evaluated = evaluate(scope, *policy, "/Resources/" + logical_id + "/" + name);
      if (!evaluated) return evaluated.error();
      if (*evaluated) *policy = std::move(**evaluated);
    }
  }
  return std::nullopt;
}

}  // namespace

Result<Template, TemplateError> parse_outline(const Value& root) {
  return read_template(outline_of(root, Outline::Parameters));
}

Result<Value, TemplateError> expand_language_extensions(const Value& root, const ExpansionInput& input) {
  if (!root.as_object()) return std::unexpected(TemplateError{"Template format error: unsupported structure."});
  auto outline = read_template(outline_of(root, Outline::Mappings));
  if (!outline) return std::unexpected(outline.error());
  const Scope scope = scope_of(*outline, input);
  Unroller unroller(scope);
  Object expanded;
  for (const auto& [name, section] : *root.as_object()) {
    const bool has_loops = name == "Resources" || name == "Outputs" || name == "Conditions";
    Value made = section;
    if (has_loops && !unroller.value(section, "/" + name, made)) return std::unexpected(unroller.error());
    expanded.append(name, std::move(made));
  }
  Value result(std::move(expanded));
  if (auto error = evaluate_policies(result, input)) return std::unexpected(*error);
  return result;
}

}  // namespace holm::stacks
