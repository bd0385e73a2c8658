// Any bytes as a template: what is read must be evaluated without a crash.

#include "stacks/functions.h"
#include "stacks/template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holm::stacks;
  auto parsed = parse_template({reinterpret_cast<const char*>(data), size});
  if (!parsed) return 0;
  Scope scope{.declared = *parsed, .pseudo = {.account_id = "111122223333", .region = "eu-test-1"}};
  for (const ParameterDeclaration& parameter : parsed->parameters) {
    scope.parameters[parameter.name] = holm::formats::Value(parameter.default_value.value_or("x"));
  }
  if (!evaluate_conditions(scope)) return 0;
  for (const ResourceDeclaration& resource : parsed->resources) {
    scope.resources[resource.logical_id] = {"id", {}};
  }
  for (const ResourceDeclaration& resource : parsed->resources) {
    if (!evaluate(scope, resource.properties, "/")) return 0;
  }
  return 0;
}
