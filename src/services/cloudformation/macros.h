// Macros and AWS::Include: parts of a template that a function, or an object of S3, stands for.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros.html
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "aws/service/call.h"
#include "cloudformation/types.h"
#include "formats/value.h"

namespace holm::cloudformation {

class Service;

// The names of all transforms that a template uses, wherever they stand; each once.
std::vector<std::string> used_transforms(const formats::Value& root);
// Whether there are others among them than AWS::LanguageExtensions, which need nobody's help.
bool uses_macros(const formats::Value& root);

struct ToExpand {
  std::string stack_name;             // Or its id; the stack need not be there.
  std::optional<std::string> text;    // Nothing: the template the stack has.
  std::vector<Parameter> parameters;  // As given.
};
// The template after its macros; nothing when it has none, or cannot be read, which is for others to say.
// Throws ValidationError when a macro fails or is not there, NotImplemented for transforms of AWS that are
// not built.
async::Task<std::optional<std::string>> expand_macros(Service& service, aws::LongCall call, ToExpand given);

}  // namespace holm::cloudformation
