// What operations on stacks share: for whom they act, what they aim at, and their beginning.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cloudformation/types.h"
#include "services/cloudformation/stacks.h"
#include "stacks/plan.h"
#include "stacks/template.h"

namespace holm::cloudformation {

class Service;

// The members of CreateStack, UpdateStack and CreateChangeSet that say what a stack is to be made from.
struct Wanted {
  std::string template_text;
  const std::vector<Parameter>& parameters;
  const std::vector<Tag>& tags;
  const std::vector<std::string>& capabilities;
  const std::optional<std::string>& role_arn;
  // What transforms made of a template is looked at in a change set, or has to be accepted blindly.
  enum class Review { None, ChangeSet } review = Review::None;
  // The template after its macros.
  std::optional<std::string> expanded = std::nullopt;
};

// Makes `row` act for the role, given or kept with the stack, else for whoever calls. Throws
// ValidationError when CloudFormation may not assume the role.
void take_principal(Service& service, Call& call, StackRow& row, const std::optional<std::string>& role_arn);
// Checks the template, its capabilities and parameters for `row`, whose principal and capabilities it sets.
stacks::Deployment take_wanted(Service& service, Call& call, StackRow& row, const Wanted& wanted);
// Throws ValidationError "Stack:… is in … state and can not be updated." unless it may be.
void require_updatable(const StackRow& row);
// A stack that is not there yet, acting for nobody; throws ValidationError for a name that is none.
StackRow new_stack(Service& service, Call& call, const std::string& name);

struct Plan {
  std::vector<stacks::Change> changes;
  bool changes_anything = false;  // Tags, outputs and the like count too.
};
// What bringing `target` about would do to the stack. Throws ValidationError.
Plan plan_changes(Service& service, Call& call, const StackRow& row, const stacks::Deployment& target);

// Writes what `row` says of the request and begins the operation; the job carries it out.
void begin(Service& service, Call& call, const StackRow& row, stacks::Operation operation);


}  // namespace holm::cloudformation
