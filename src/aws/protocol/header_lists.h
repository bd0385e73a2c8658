// Lists in the value of one header: `a, "b,c", d`.
// https://smithy.io/2.0/spec/http-bindings.html#httpheader-serialization-rules
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holm::aws {

// Items are split at commas outside of quotes; quotes and their escapes are removed. A quote that
// is never closed reaches to the end.
std::vector<std::string> split_header_list(std::string_view text);

// The same for dates like "Sat, 21 Nov 2026 03:20:00 GMT", each of which has a comma itself.
std::vector<std::string> split_header_dates(std::string_view text);

// Quoted where a comma or quote would else be taken for the list's.
std::string quote_header_item(std::string_view item);

}  // namespace holm::aws
