// The text of Fn::Sub, and scalars as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/value.h"

namespace holm::stacks {

struct SubstitutionPart {
  enum class Kind : uint8_t { Text, Variable } kind = Kind::Text;
  std::string text;  // Of a variable: its name.
};

// `${Name}` is a variable, `${!Literal}` the text `${Literal}`; an open `${` is text.
std::vector<SubstitutionPart> split_substitution(std::string_view text);
// Letters, digits, '_', '.', ':' only.
bool is_variable_name(std::string_view name);

// Text, numbers and booleans as text; nothing for anything else.
std::optional<std::string> scalar_text(const formats::Value& value);

// The name of the intrinsic function that `value` is a call of ("Ref", "Fn::Sub"), or empty. An
// object of one member is a call when the member is Ref, or starts with "Fn::".
std::string_view function_name(const formats::Value& value);

// "A.B.C" → "A" and "B.C"; nothing without a dot or with an empty half.
struct AttributeName {
  std::string resource;
  std::string attribute;
};
std::optional<AttributeName> split_attribute(std::string_view text);
// The argument of Fn::GetAtt when it is all written out: "A.B" or ["A", "B"].
std::optional<AttributeName> literal_attribute(const formats::Value& argument);

}  // namespace holm::stacks
