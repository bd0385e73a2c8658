// AWS::LanguageExtensions: loops, and policies that are computed, become what a template without them says.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-languageextensions.html
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/value.h"
#include "stacks/functions.h"
#include "stacks/template.h"

namespace holm::stacks {

inline constexpr std::string_view kLanguageExtensions = "AWS::LanguageExtensions";

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
constexpr int kNestedLoopsMax = 5;

// What loops and policies may depend on.
struct ExpansionInput {
  const PseudoParameters& pseudo;
  const std::map<std::string, formats::Value>& parameters;
  Lookups* lookups = nullptr;
};

// `root` is a whole template. Its loops are unrolled, and its policies are text. What it grows to is bounded.
Result<formats::Value, TemplateError> expand_language_extensions(const formats::Value& root,
                                                                 const ExpansionInput& input);

// The template's description, metadata and parameters, with nothing that they are for: of templates whose
// other sections only transforms can read.
Result<Template, TemplateError> parse_outline(const formats::Value& root);

}  // namespace holm::stacks
