// YAML 1.1 as CloudFormation templates use it: the short forms `!Ref x` become {"Ref": x}, `!GetAtt a.b` becomes
// {"Fn::GetAtt": ["a", "b"]} and so on; every value knows its line. Anchors and aliases are bounded in expansion.
#pragma once

#include "base/result.h"
#include "formats/value.h"

namespace holm::formats {

Result<Value, ParseError> parse_yaml(std::string_view text, const Limits& limits = {});

}  // namespace holm::formats
