// Small operations on text, and the encodings AWS protocols use.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holm {

std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);
// `*` stands for any characters and `?` for one, as in IAM policies and S3 filters.
bool matches_wildcard(std::string_view pattern, std::string_view text);
bool is_utf8(std::string_view text);
// Nothing unless the whole of `text` is a decimal number that fits.
std::optional<long long> parse_integer(std::string_view text);

std::string hex_encode(std::string_view bytes);
std::optional<std::string> hex_decode(std::string_view text);
std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);
// RFC 3986: everything but A-Z a-z 0-9 - _ . ~ is escaped; `/` too unless kept.
enum class Slash { Encode, Keep };
std::string percent_encode(std::string_view text, Slash slash = Slash::Encode);
// Nothing when an escape is malformed. `+` is a space only in forms.
enum class Plus { Literal, Space };
std::optional<std::string> percent_decode(std::string_view text, Plus plus = Plus::Literal);

}  // namespace holm
