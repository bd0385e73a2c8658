// Names of statuses, and the JSON of what is kept.

#include "stacks/state.h"

#include <algorithm>
#include <array>
#include <span>

#include "formats/json.h"

namespace holm::stacks {

namespace {

using formats::Array;
using formats::Object;
using formats::Value;

constexpr std::array<std::string_view, 18> kStackStatuses = {
    "REVIEW_IN_PROGRESS",
    "CREATE_IN_PROGRESS",
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_FAILED",
    "DELETE_IN_PROGRESS",
    "DELETE_COMPLETE",
    "DELETE_FAILED",
};
constexpr std::array<std::string_view, 10> kResourceStatuses = {
    "CREATE_IN_PROGRESS", "CREATE_COMPLETE", "CREATE_FAILED",      "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE",    "UPDATE_FAILED",   "DELETE_IN_PROGRESS", "DELETE_COMPLETE",
    "DELETE_FAILED",      "DELETE_SKIPPED",
};

template <class E, size_t N>
std::optional<E> find_status(const std::array<std::string_view, N>& names, std::string_view text) {
  auto found = std::ranges::find(names, text);
  if (found == names.end()) return std::nullopt;
  return static_cast<E>(found - names.begin());
}

Value number(Time time) { return Value(to_milliseconds(time)); }

// Reads members of an object; remembers when one is not what it should be.
class Members {
 public:
  explicit Members(const Value& value) : value_(value) {}

  bool is_good() const { return is_good_; }
  const Value& any(std::string_view name) { return require(name); }

  std::string text(std::string_view name) {
    const std::string* text = require(name).as_string();
    is_good_ = is_good_ && text;
    return text ? *text : "";
  }
  int64_t integer(std::string_view name) {
    std::optional<int64_t> integer = require(name).as_integer();
    is_good_ = is_good_ && integer;
    return integer.value_or(0);
  }
  bool boolean(std::string_view name) {
    const bool* boolean = require(name).as_boolean();
    is_good_ = is_good_ && boolean;
    return boolean && *boolean;
  }
  Time time(std::string_view name) { return from_milliseconds(integer(name)); }
  const Array& array(std::string_view name) {
    const Array* array = require(name).as_array();
    is_good_ = is_good_ && array;
    return array ? *array : kNoElements;
  }
  std::vector<std::string> texts(std::string_view name) {
    std::vector<std::string> result;
    for (const Value& element : array(name)) {
      is_good_ = is_good_ && element.as_string();
      if (element.as_string()) result.push_back(*element.as_string());
    }
    return result;
  }

 private:
  static inline const Array kNoElements{};
  static inline const Value kNull{};

  const Value& require(std::string_view name) {
    const Value* member = value_.find(name);
    is_good_ = is_good_ && member;
    return member ? *member : kNull;
  }

  const Value& value_;
  bool is_good_ = true;
};

Value list_of(const std::vector<std::string>& texts) { return Array(texts.begin(), texts.end()); }

Value list_of(const std::vector<Tag>& tags) {
  Array list;
  for (const Tag& tag : tags) {
    Object object;
    object.set("key", tag.key);
    object.set("value", tag.value);
    list.emplace_back(std::move(object));
  }
  return list;
}

Result<std::vector<Tag>> tags_from(const formats::Array& list) {
  std::vector<Tag> tags;
  for (const Value& element : list) {
    Members tag(element);
    tags.push_back({tag.text("key"), tag.text("value")});
    if (!tag.is_good()) return failure("This is no tag of a stack.");
  }
  return tags;
}

Object deployment_object(const Deployment& deployment) {
  Array parameters;
  for (const ParameterValue& parameter : deployment.parameters) {
    Object object;
    object.set("key", parameter.key);
    object.set("value", parameter.value);
    if (parameter.resolved) object.set("resolved", *parameter.resolved);
    parameters.emplace_back(std::move(object));
  }
  Object object;
  object.set("template", deployment.template_text);
  if (!deployment.original_text.empty()) object.set("original", deployment.original_text);
  object.set("parameters", std::move(parameters));
  object.set("tags", list_of(deployment.tags));
  return object;
}

Result<Deployment> deployment_from(const Value& value) {
  Members members(value);
  Deployment deployment{.template_text = members.text("template")};
  if (value.find("original") != nullptr) deployment.original_text = members.text("original");
  bool is_good = true;
  for (const Value& element : members.array("parameters")) {
    Members parameter(element);
    deployment.parameters.push_back({parameter.text("key"), parameter.text("value"), std::nullopt});
    const Value* resolved = element.find("resolved");
    if (resolved && resolved->as_string())
      deployment.parameters.back().resolved = *resolved->as_string();
    is_good = is_good && parameter.is_good();
  }
  auto tags = tags_from(members.array("tags"));
  if (tags) deployment.tags = std::move(*tags);
  if (!tags || !is_good || !members.is_good()) return failure("This is no deployment of a stack.");
  return deployment;
}

Result<Value> parse(std::string_view json) {
  auto value = formats::parse_json(json);
  if (!value) return failure(value.error().describe());
  return std::move(*value);
}

}  // namespace

std::string_view to_text(StackStatus status) { return kStackStatuses[static_cast<size_t>(status)]; }

std::string_view to_text(ResourceStatus status) {
  return kResourceStatuses[static_cast<size_t>(status)];
}

std::optional<StackStatus> find_stack_status(std::string_view text) {
  return find_status<StackStatus>(kStackStatuses, text);
}

std::optional<ResourceStatus> find_resource_status(std::string_view text) {
  return find_status<ResourceStatus>(kResourceStatuses, text);
}

bool is_settled(StackStatus status) { return !to_text(status).ends_with("_IN_PROGRESS"); }

const Resource* Stack::find_current(std::string_view logical_id) const {
  for (const Resource& resource : resources) {
    if (resource.is_current && resource.logical_id == logical_id) return &resource;
  }
  return nullptr;
}

std::string write_deployment(const Deployment& deployment) {
  return formats::write_json(deployment_object(deployment));
}

Result<Deployment> read_deployment(std::string_view json) {
  Result<Value> value = parse(json);
  if (!value) return std::unexpected(value.error());
  return deployment_from(*value);
}

std::string write_operation(const Operation& operation) {
  Object object;
  object.set("kind", static_cast<int>(operation.kind));
  object.set("phase", static_cast<int>(operation.phase));
  object.set("phase_number", operation.phase_number);
  object.set("target", deployment_object(operation.target));
  object.set("on_failure", static_cast<int>(operation.on_failure));
  object.set("skipped", list_of(operation.skipped));
  object.set("token", operation.token);
  object.set("started", number(operation.started));
  object.set("deadline", operation.deadline ? number(*operation.deadline) : Value());
  object.set("is_cancelled", operation.is_cancelled);
  if (operation.is_held) object.set("is_held", true);
  return formats::write_json(object);
}

Result<Operation> read_operation(std::string_view json) {
  Result<Value> value = parse(json);
  if (!value) return std::unexpected(value.error());
  Members members(*value);
  Operation operation;
  operation.kind = static_cast<OperationKind>(members.integer("kind"));
  operation.phase = static_cast<Phase>(members.integer("phase"));
  operation.phase_number = static_cast<int>(members.integer("phase_number"));
  operation.on_failure = static_cast<OnFailure>(members.integer("on_failure"));
  operation.skipped = members.texts("skipped");
  operation.token = members.text("token");
  operation.started = members.time("started");
  if (!members.any("deadline").is_null()) operation.deadline = members.time("deadline");
  operation.is_cancelled = members.boolean("is_cancelled");
  if (value->find("is_held") != nullptr) operation.is_held = members.boolean("is_held");
  Result<Deployment> target = deployment_from(members.any("target"));
  if (!target || !members.is_good()) return failure("This is no operation on a stack.");
  operation.target = std::move(*target);
  return operation;
}

std::string write_resource(const Resource& resource) {
  Object object;
  object.set("logical_id", resource.logical_id);
  object.set("instance", resource.instance);
  object.set("is_current", resource.is_current);
  object.set("type", resource.type);
  object.set("physical_id", resource.physical_id);
  object.set("status", to_text(resource.status));
  object.set("reason", resource.reason);
  object.set("changed", number(resource.changed));
  object.set("name_suffix", resource.name_suffix);
  object.set("properties", resource.properties);
  object.set("attributes", resource.attributes);
  if (resource.stack_tags) object.set("stack_tags", list_of(*resource.stack_tags));
  object.set("metadata", resource.metadata);
  object.set("depends_on", list_of(resource.depends_on));
  object.set("deletion_policy", resource.deletion_policy);
  object.set("update_replace_policy", resource.update_replace_policy);
  object.set("settled_phase", resource.settled_phase);
  object.set("started", number(resource.started));
  object.set("is_new", resource.is_new);
  if (resource.is_secret) object.set("is_secret", true);
  if (resource.replaced_properties) object.set("replaced_properties", *resource.replaced_properties);
  return formats::write_json(object);
}

Result<Resource> read_resource(std::string_view json) {
  Result<Value> value = parse(json);
  if (!value) return std::unexpected(value.error());
  Members members(*value);
  Resource resource;
  resource.logical_id = members.text("logical_id");
  resource.instance = static_cast<int>(members.integer("instance"));
  resource.is_current = members.boolean("is_current");
  resource.type = members.text("type");
  resource.physical_id = members.text("physical_id");
  std::optional<ResourceStatus> status = find_resource_status(members.text("status"));
  resource.reason = members.text("reason");
  resource.changed = members.time("changed");
  resource.name_suffix = members.text("name_suffix");
  resource.properties = members.any("properties");
  const Object* attributes = members.any("attributes").as_object();
  resource.metadata = members.any("metadata");
  resource.depends_on = members.texts("depends_on");
  resource.deletion_policy = members.text("deletion_policy");
  resource.update_replace_policy = members.text("update_replace_policy");
  resource.settled_phase = static_cast<int>(members.integer("settled_phase"));
  resource.started = members.time("started");
  resource.is_new = members.boolean("is_new");
  if (value->find("is_secret") != nullptr) resource.is_secret = members.boolean("is_secret");
  if (const Value* before = value->find("replaced_properties")) resource.replaced_properties = *before;
  if (value->find("stack_tags") != nullptr) {
    auto tags = tags_from(members.array("stack_tags"));
    if (!tags) return std::unexpected(tags.error());
    resource.stack_tags = std::move(*tags);
  }
  if (!status || !attributes || !members.is_good())
    return failure("This is no resource of a stack.");
  resource.status = *status;
  resource.attributes = *attributes;
  return resource;
}

}  // namespace holm::stacks
