// Simple values ↔ text: what stands in headers, paths, query strings, form fields and XML.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/codec/codec_error.h"
#include "aws/schema/shape.h"

namespace holm::aws {

// True for what one text can hold: neither a stream, a document nor something with parts.
bool is_simple(Kind kind);

// Reads `text` into `out`, a value of `kind`, which is simple; `format` is never Default. The error
// has no path.
CodecResult read_text(std::string_view text, Kind kind, TimestampFormat format, void* out);
std::string write_text(Kind kind, TimestampFormat format, const void* value);

// The first of these that says something.
TimestampFormat timestamp_format(const Member& member, TimestampFormat fallback);

// A time as `format` writes it: "2026-11-21T03:20:00Z", "Sat, 21 Nov 2026 03:20:00 GMT",
// "1795231200.5".
std::string write_timestamp(Time time, TimestampFormat format);
std::optional<Time> parse_timestamp(std::string_view text, TimestampFormat format);
// Seconds since 1970 to the nearest millisecond; nothing for what is no time within years 0 to
// 9999.
std::optional<Time> time_of_seconds(double seconds);

// The shortest text that reads back as the same number of that precision; "NaN", "Infinity",
// "-Infinity".
std::string write_number(double number, Kind kind);
std::optional<double> parse_number(std::string_view text);

}  // namespace holm::aws
