// application/x-www-form-urlencoded bodies and query strings, in order, decoded.
#pragma once

#include "base/result.h"
#include "formats/value.h"

namespace holm::formats {

struct FormField {
  std::string name;
  std::string value;
};
using Form = std::vector<FormField>;

// `+` is a space. At most 10,000 fields. A malformed escape is an error.
Result<Form, ParseError> parse_form(std::string_view text, const Limits& limits = {});
std::string write_form(const Form& form);
// The first value of that name.
const std::string* find_field(const Form& form, std::string_view name);

}  // namespace holm::formats
