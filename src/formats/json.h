// JSON (RFC 8259), strictly: UTF-8, no comments, no repeated names, one value.
#pragma once

#include "base/result.h"
#include "formats/value.h"

namespace holm::formats {

Result<Value, ParseError> parse_json(std::string_view text, const Limits& limits = {});
enum class JsonStyle { Compact, Pretty };
// Bytes are written as base64 text, epoch seconds as a number. NaN and infinities as "NaN", "Infinity", "-Infinity".
std::string write_json(const Value& value, JsonStyle style = JsonStyle::Compact);
// Appends `text` as a quoted JSON string.
void append_json_string(std::string& out, std::string_view text);
// The shortest text that reads back as the same number; integers without a fraction.
void append_json_number(std::string& out, double number);

}  // namespace holm::formats
