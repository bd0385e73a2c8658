// Whether two messages say the same.
#pragma once

#include <string>
#include <string_view>

#include "formats/value.h"

namespace holm::test {

// Without the members of objects that are null, at any depth.
formats::Value without_nulls(const formats::Value& value);

// A normal form of XML to compare as text: children in the order of their names, no namespaces, no
// request ids, numbers and times in one spelling.
std::string normal_xml(std::string_view text);

// Header values with their list items and numbers in one spelling.
std::string normal_header(std::string_view value);

}  // namespace holm::test
