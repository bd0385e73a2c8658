// The innermost parts are processed first, the whole template last, as on AWS.

#include "services/cloudformation/macros.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "aws/service/error.h"
#include "aws/service/region.h"
#include "base/random.h"
#include "base/strings.h"
#include "formats/json.h"
#include "lambda/operations.h"
#include "services/cloudformation/service.h"
#include "services/cloudformation/session.h"
#include "services/cloudformation/stacks.h"
#include "services/cloudformation/template_source.h"
#include "services/cloudformation/templates.h"
#include "stacks/language_extensions.h"

namespace holm::cloudformation {

namespace {

using formats::Array;
using formats::Object;
using formats::Value;

constexpr char kTransform[] = "Fn::Transform";
constexpr char kInclude[] = "AWS::Include";
constexpr size_t kMacrosMax = 100;  // Of one template.

void collect(const Value& value, std::vector<std::string>& names) {
  if (const Array* array = value.as_array()) {
    for (const Value& element : *array) collect(element, names);
  }
  const Object* object = value.as_object();
  if (!object) return;
  for (const auto& [name, member] : *object) {
    const Value* macro = name == kTransform ? member.find("Name") : nullptr;
    if (macro && macro->as_string() && std::ranges::find(names, *macro->as_string()) == names.end()) {
      names.push_back(*macro->as_string());
    }
    collect(member, names);
  }
}

// One use of a macro: by the Transform section, or in the middle of a template.
struct Use {
  std::string name;
  Value parameters = Object{};
};

Use use_of(const Value& written) {
  if (written.as_string()) return {.name = *written.as_string()};
  const Value* name = written.find("Name");
  if (!name || !name->as_string()) {
    throw_validation("Template format error: a transform must have a Name.");
  }
  Use use{.name = *name->as_string()};
  if (const Value* parameters = written.find("Parameters")) use.parameters = *parameters;
  return use;
}

std::vector<Use> uses_of_section(const Value& root) {
  std::vector<Use> uses;
  const Value* section = root.find("Transform");
  if (!section || section->is_null()) return uses;
  if (!section->as_array()) return {use_of(*section)};
  for (const Value& each : *section->as_array()) uses.push_back(use_of(each));
  return uses;
}

std::string object_url(std::string_view location) {
  if (!location.starts_with("s3://")) return std::string(location);
  return fmt::format("https://s3.localhost/{}", percent_encode(location.substr(5), Slash::Keep));
}

// The members of both; where both have an object under a name, its members too.
void merge(Object& into, Object from) {
  for (auto& [name, member] : from) {
    Value* present = into.find(name);
    if (present && present->as_object() && member.as_object()) {
      for (auto& [inner, value] : *member.as_object()) present->as_object()->set(inner, std::move(value));
    } else {
      into.set(name, std::move(member));
    }
  }
}

// The macros of one template, one after the other. Lives as long as its task.
class MacroRun {
 public:
  MacroRun(Service& service, aws::LongCall call) : service_(service), call_(std::move(call)) {}

  async::Task<std::optional<std::string>> run(ToExpand given) {
    std::optional<Value> root = co_await open(std::move(given));
    if (!root) co_return std::nullopt;
    Value expanded = co_await inner(std::move(*root));
    const std::vector<Use> uses = uses_of_section(expanded);
    if (expanded.as_object()) expanded.as_object()->remove("Transform");
    bool is_extended = false;
    for (const Use& use : uses) {
      is_extended = is_extended || use.name == stacks::kLanguageExtensions;
      if (use.name == stacks::kLanguageExtensions) continue;
      expanded = co_await apply(use, std::move(expanded));
      if (!expanded.as_object())
        throw_validation(fmt::format("Transform {} did not make a template.", use.name));
    }
    if (is_extended) expanded.as_object()->set("Transform", std::string(stacks::kLanguageExtensions));
    co_return formats::write_json(expanded);
  }

 private:
  // Reads what macros depend on; nothing when there are none.
  async::Task<std::optional<Value>> open(ToExpand given) {
    std::optional<Value> root;
    std::function<void(Call&)> look = [&](Call& call) { root = read(call, given); };
    co_await call_.client.transact_on_worker(call_.reactor, call_, sql::Access::Read, look);
    co_return root;
  }

  std::optional<Value> read(Call& call, const ToExpand& given) {
    const auto stack = find_stack(call, given.stack_name);
    if (!given.text && !stack) return std::nullopt;
    auto root = stacks::parse_template_text(given.text ? *given.text : original_of(stack->stack.current));
    if (!root || !uses_macros(*root)) return std::nullopt;
    auto outline = stacks::parse_outline(*root);
    if (!outline) return std::nullopt;
    const std::vector<stacks::ParameterValue> none;
    auto lookups = open_lookups(call);
    auto values = stacks::resolve_parameters(*outline, given_parameters(given.parameters),
                                             stack ? stack->stack.current.parameters : none, *lookups);
    if (!values) return std::nullopt;
    outline_ = std::move(*outline);
    parameters_ = stacks::parameter_values(outline_, *values);
    stack_name_ = stack ? stack->stack.name : given.stack_name;
    return std::move(*root);
  }

  async::Task<Value> inner(Value value) {
    if (Array* array = value.as_array()) {
      for (Value& element : *array) element = co_await inner(std::move(element));
    }
    Object* object = value.as_object();
    if (!object) co_return value;
    const Value* written = object->find(kTransform);
    std::optional<Use> use;
    if (written) use = use_of(*written);
    object->remove(kTransform);
    for (auto& [name, member] : *object) member = co_await inner(std::move(member));
    if (!use) co_return value;
    co_return co_await apply(std::move(*use), std::move(value));
  }

  async::Task<Value> apply(Use use, Value fragment) {
    if (++count_ > kMacrosMax) throw_validation("A template can use 100 macros at most.");
    if (use.name == kInclude) co_return co_await include(std::move(use), std::move(fragment));
    if (use.name.starts_with("AWS::")) throw aws::NotImplemented("The transform " + use.name);
    co_return co_await invoke(std::move(use), std::move(fragment));
  }

  // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-include.html
  async::Task<Value> include(Use use, Value fragment) {
    const stacks::Scope scope{.declared = outline_,
                              .pseudo = {.account_id = call_.account,
                                         .region = call_.region,
                                         .stack_name = stack_name_,
                                         .url_suffix = std::string(kUrlSuffix)},
                              .parameters = parameters_};
    const Value* written = use.parameters.find("Location");
    auto location = written ? stacks::evaluate(scope, *written, "/Transform") : std::nullopt;
    if (!location || !*location || !(*location)->as_string()) {
      throw_validation("Transform AWS::Include failed with: Location must be the URL of an object of S3.");
    }
    std::string text = co_await fetch_template(call_, object_url(*(*location)->as_string()));
    auto included = stacks::parse_template_text(text);
    if (!included) {
      throw_validation("Transform AWS::Include failed with: " + included.error().describe());
    }
    if (!included->as_object())
      throw_validation("Transform AWS::Include failed with: it includes no object.");
    Object result = fragment.as_object() ? *fragment.as_object() : Object{};
    Value made = co_await inner(std::move(*included));
    merge(result, std::move(*made.as_object()));
    co_return Value(std::move(result));
  }

  std::string function_of(Call& call, const std::string& name) const {
    auto row = call.transaction.find(
        "SELECT function FROM cloudformation_macro WHERE account = ?1 AND region = ?2 AND name = ?3",
        {call.account, call.region, name});
    if (!row) throw_validation(fmt::format("No transform named {}::{} found.", call.account, name));
    return row->text(0);
  }

  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros-author.html
  std::string request_of(const Use& use, Value fragment, const std::string& id) const {
    Object values;
    for (const auto& [name, value] : parameters_) values.append(name, value);
    Object request;
    request.append("region", call_.region);
    request.append("accountId", call_.account);
    request.append("fragment", std::move(fragment));
    request.append("transformId", fmt::format("{}::{}", call_.account, use.name));
    request.append("params", use.parameters);
    request.append("requestId", id);
    request.append("templateParameterValues", std::move(values));
    return formats::write_json(std::move(request));
  }

  async::Task<Value> invoke(Use use, Value fragment) {
    std::string function;
    std::function<void(Call&)> look = [&](Call& call) { function = function_of(call, use.name); };
    co_await call_.client.transact_on_worker(call_.reactor, call_, sql::Access::Read, look);
    const std::string id = service_.random().uuid();
    lambda::InvocationRequest request{.function_name = function};
    request.payload = request_of(use, std::move(fragment), id);
    aws::Caller caller = call_;
    auto answer = co_await call_.client.call_waiting<lambda::Invoke>(call_.reactor, std::move(caller),
                                                                     std::move(request));
    co_return fragment_of(use, answer, id);
  }

  Value fragment_of(const Use& use, const lambda::InvocationResponse& answer, const std::string& id) const {
    const std::string name = fmt::format("{}::{}", call_.account, use.name);
    auto document = formats::parse_json(answer.payload.value_or(""));
    if (answer.function_error || !document) {
      throw_validation(
          fmt::format("Transform {} failed with: Received malformed response from transform {}", name, name));
    }
    auto text = [&](const char* member) {
      const Value* found = document->find(member);
      return found && found->as_string() ? *found->as_string() : std::string();
    };
    if (!equals_ignoring_case(text("status"), "success") || text("requestId") != id) {
      const std::string message = text("errorMessage");
      throw_validation(message.empty() ? fmt::format("Transform {} failed without an error message.", name)
                                       : fmt::format("Transform {} failed with: {}", name, message));
    }
    const Value* made = document->find("fragment");
    if (!made)
      throw_validation(
          fmt::format("Transform {} failed with: Received malformed response from transform {}", name, name));
    return *made;
  }

  Service& service_;
  aws::LongCall call_;
  stacks::Template outline_;
  std::map<std::string, Value> parameters_;
  std::string stack_name_;
  size_t count_ = 0;
};

}  // namespace

std::vector<std::string> used_transforms(const Value& root) {
  std::vector<std::string> names = stacks::declared_transforms(root).value_or(std::vector<std::string>());
  collect(root, names);
  return names;
}

bool uses_macros(const Value& root) {
  const std::vector<std::string> names = used_transforms(root);
  return std::ranges::any_of(names,
                             [](const std::string& each) { return each != stacks::kLanguageExtensions; });
}

async::Task<std::optional<std::string>> expand_macros(Service& service, aws::LongCall call, ToExpand given) {
  MacroRun run(service, std::move(call));
  co_return co_await run.run(std::move(given));
}

async::Task<Expanded> expand_for(Service& service, aws::LongCall call, std::string stack_name,
                                 std::optional<std::string> text, std::vector<Parameter> parameters) {
  ToExpand given{
      .stack_name = std::move(stack_name), .text = std::move(text), .parameters = std::move(parameters)};
  return expand_macros(service, std::move(call), std::move(given));
}

}  // namespace holm::cloudformation
