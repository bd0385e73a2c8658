// What an update would do, before it is done: the changes of a change set.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "stacks/functions.h"
#include "stacks/resource_type.h"
#include "stacks/state.h"

namespace holm::stacks {

// The texts are those of DescribeChangeSet.
struct ChangeDetail {
  std::string attribute;  // Properties, Metadata, UpdatePolicy, CreationPolicy, DeletionPolicy, …
  std::string name;       // The property; empty for the others.
  std::string requires_recreation;  // Never, Conditionally, Always.
  std::string evaluation;           // Static, Dynamic.
  std::string change_source;        // DirectModification, ParameterReference, ResourceReference,
                                    // ResourceAttribute.
  std::string causing_entity;       // The parameter, resource or resource.attribute.
};

struct Change {
  std::string action;  // Add, Modify, Remove.
  std::string logical_id;
  std::string physical_id;
  std::string type;
  std::string replacement;  // True, False, Conditional; empty unless Modify.
  std::vector<std::string> scope;
  std::vector<ChangeDetail> details;
};

struct PlanInput {
  const Stack& stack;  // As it is; without resources for a stack to be made.
  const Deployment& target;
  PseudoParameters pseudo;
  const TypeRegistry& types;
  Lookups& lookups;
};

// In the order of creation, removals last. Empty: nothing would change.
Result<std::vector<Change>, TemplateError> plan(const PlanInput& input);

}  // namespace holm::stacks
