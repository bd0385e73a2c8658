// Parameters: their values are checked against what the template declares before anything is made.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "stacks/state.h"
#include "stacks/template.h"

namespace holm::stacks {

class Lookups;

// What CreateStack and UpdateStack give for one parameter.
struct GivenParameter {
  std::string key;
  std::string value;
  bool use_previous_value = false;
};

// The values of all parameters of the template: given, else `previous` where asked for, else
// default. Errors in AWS's words: "Parameters: [X] must have values", "Parameter Size failed to
// satisfy constraint: …".
Result<std::vector<ParameterValue>, TemplateError> resolve_parameters(const Template& declared,
                                                       const std::vector<GivenParameter>& given,
                                                       const std::vector<ParameterValue>& previous,
                                                       Lookups& lookups);

// "****" for NoEcho parameters, as DescribeStacks shows them.
std::vector<ParameterValue> without_secrets(const Template& declared,
                                            std::vector<ParameterValue> values);

}  // namespace holm::stacks
