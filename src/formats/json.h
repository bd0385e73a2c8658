// JSON (RFC 8259), strictly: UTF-8, no comments, no repeated names, one value.
#pragma once

#include "base/result.h"
#include "formats/value.h"

namespace holm::formats {

// Integers that fit become int64_t; every other number keeps its spelling (Value::Number). Columns
// count bytes.
Result<Value, ParseError> parse_json(std::string_view text, const Limits& limits = {});
enum class JsonStyle { Compact, Pretty };
// Bytes are written as base64 text, epoch seconds as a number. NaN and infinities as "NaN",
// "Infinity", "-Infinity".
std::string write_json(const Value& value, JsonStyle style = JsonStyle::Compact);
// Appends `text` as a quoted JSON string.
void append_json_string(std::string& out, std::string_view text);
// The shortest text that reads back as the same number; integers without a fraction.
void append_json_number(std::string& out, double number);

// Is `text`, all of it, a number as JSON spells them?
bool is_json_number(std::string_view text);
// The value of a text for which is_json_number() holds.
Value number_from_text(std::string_view text);

}  // namespace holm::formats
