// Percent-encoding and the query strings and forms made of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kit {

using Fields = std::vector<std::pair<std::string, std::string>>;

enum class Slash { Encode, Keep };
enum class Plus { IsPlus, IsSpace };

// Leaves only RFC 3986's unreserved characters, as Signature Version 4 wants it.
std::string percent_encode(std::string_view text, Slash slash = Slash::Encode);

// Nothing when a % is not followed by two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text, Plus plus = Plus::IsPlus);

// application/x-www-form-urlencoded; badly encoded fields are left out.
Fields parse_form(std::string_view text);

// The first field of that name, or nothing.
std::optional<std::string> find_field(const Fields& fields, std::string_view name);

}  // namespace kit
