// Whether two messages say the same.
#pragma once

#include <string>
#include <string_view>

#include "formats/value.h"

namespace holm::test {

// A normal form of a document: without members that are null or only name a type, with NaN as text
// and times in one spelling.
formats::Value normal_tree(const formats::Value& value);

// A normal form of XML to compare as text: children in the order of their names, no namespaces, no
// request ids, numbers and times in one spelling.
std::string normal_xml(std::string_view text);

// Header values with their list items and numbers in one spelling.
std::string normal_header(std::string_view value);

}  // namespace holm::test
