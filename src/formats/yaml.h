// YAML 1.1 as CloudFormation templates use it. Every value knows its line.
#pragma once

#include "base/result.h"
#include "formats/value.h"

namespace holm::formats {

// Reads one document. The short forms `!Ref x` become {"Ref": "x"}, `!GetAtt a.b` becomes
// {"Fn::GetAtt": ["a", "b"]} and so on; other tags of one's own are an error. Plain scalars: true
// and false are booleans (yes, no, on, off are text), numbers are those spelled as in JSON (012 and
// 1_000 are text, so that account ids stay whole), dates are text. Aliases are expanded within
// `limits`; merges (<<), binary, sets and several documents are refused.
Result<Value, ParseError> parse_yaml(std::string_view text, const Limits& limits = {});

}  // namespace holm::formats
