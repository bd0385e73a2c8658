// Simple values ↔ text: what stands in headers, paths, query strings, form fields and XML.

#include "aws/codec/text_codec.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace holm::aws {

namespace {

constexpr double kFirstSecond = -62135596800.0;  // 0001-01-01T00:00:00Z
constexpr double kLastSecond = 253402300799.0;   // 9999-12-31T23:59:59Z

CodecResult read_boolean(std::string_view text, void* out) {
  bool is_true = equals_ignoring_case(text, "true");
  if (!is_true && !equals_ignoring_case(text, "false"))
    return codec_failure("true or false is expected.");
  *static_cast<bool*>(out) = is_true;
  return {};
}

CodecResult read_integer(std::string_view text, Kind kind, void* out) {
  auto number = parse_integer(text);
  if (!number) return codec_failure("A whole number is expected.");
  if (kind == Kind::Long) {
    *static_cast<int64_t*>(out) = *number;
    return {};
  }
  if (*number < std::numeric_limits<int32_t>::min() ||
      *number > std::numeric_limits<int32_t>::max()) {
    return codec_failure("The number does not fit into 32 bits.");
  }
  *static_cast<int32_t*>(out) = static_cast<int32_t>(*number);
  return {};
}

CodecResult read_string(std::string_view text, void* out) {
  if (!is_utf8(text)) return codec_failure("Text in UTF-8 is expected.");
  *static_cast<std::string*>(out) = text;
  return {};
}

CodecResult read_blob(std::string_view text, void* out) {
  auto bytes = base64_decode(trim(text));
  if (!bytes) return codec_failure("Bytes in base64 are expected.");
  *static_cast<std::string*>(out) = std::move(*bytes);
  return {};
}

CodecResult read_time(std::string_view text, TimestampFormat format, void* out) {
  auto time = parse_timestamp(text, format);
  if (!time) return codec_failure("A timestamp is expected.");
  *static_cast<Timestamp*>(out) = *time;
  return {};
}

CodecResult read_floating(std::string_view text, void* out) {
  auto number = parse_number(text);
  if (!number) return codec_failure("A number is expected.");
  *static_cast<double*>(out) = *number;
  return {};
}

}  // namespace

bool is_simple(Kind kind) {
  switch (kind) {
    case Kind::Boolean:
    case Kind::Integer:
    case Kind::Long:
    case Kind::Float:
    case Kind::Double:
    case Kind::String:
    case Kind::Blob:
    case Kind::Timestamp:
      return true;
    case Kind::Stream:
    case Kind::Document:
    case Kind::List:
    case Kind::Map:
    case Kind::Structure:
      return false;
  }
  return false;
}

CodecResult read_text(std::string_view text, Kind kind, TimestampFormat format, void* out) {
  switch (kind) {
    case Kind::Boolean:
      return read_boolean(trim(text), out);
    case Kind::Integer:
    case Kind::Long:
      return read_integer(trim(text), kind, out);
    case Kind::Float:
    case Kind::Double:
      return read_floating(trim(text), out);
    case Kind::String:
      return read_string(text, out);
    case Kind::Blob:
      return read_blob(text, out);
    case Kind::Timestamp:
      return read_time(trim(text), format, out);
    case Kind::Stream:
    case Kind::Document:
    case Kind::List:
    case Kind::Map:
    case Kind::Structure:
      break;
  }
  return codec_failure("Text cannot hold a value of this type.");
}

std::string write_text(Kind kind, TimestampFormat format, const void* value) {
  switch (kind) {
    case Kind::Boolean:
      return *static_cast<const bool*>(value) ? "true" : "false";
    case Kind::Integer:
      return std::to_string(*static_cast<const int32_t*>(value));
    case Kind::Long:
      return std::to_string(*static_cast<const int64_t*>(value));
    case Kind::Float:
    case Kind::Double:
      return write_number(*static_cast<const double*>(value), kind);
    case Kind::String:
      return *static_cast<const std::string*>(value);
    case Kind::Blob:
      return base64_encode(*static_cast<const std::string*>(value));
    case Kind::Timestamp:
      return write_timestamp(*static_cast<const Timestamp*>(value), format);
    case Kind::Stream:
    case Kind::Document:
    case Kind::List:
    case Kind::Map:
    case Kind::Structure:
      break;
  }
  CHECK(is_simple(kind));
  return {};
}

TimestampFormat timestamp_format(const Member& member, TimestampFormat fallback) {
  if (member.timestamp != TimestampFormat::Default) return member.timestamp;
  if (member.shape->timestamp != TimestampFormat::Default) return member.shape->timestamp;
  return fallback;
}

std::string write_timestamp(Time time, TimestampFormat format) {
  int64_t milliseconds = to_milliseconds(time);
  switch (format) {
    case TimestampFormat::Rfc822:
      return http_date(time);
    case TimestampFormat::UnixSeconds:
      return write_number(static_cast<double>(milliseconds) / 1000.0, Kind::Double);
    case TimestampFormat::Iso8601:
    case TimestampFormat::Default:
      break;
  }
  return milliseconds % 1000 == 0 ? iso8601(time) : iso8601_milliseconds(time);
}

std::optional<Time> time_of_seconds(double seconds) {
  if (!(seconds >= kFirstSecond && seconds <= kLastSecond)) return std::nullopt;
  return from_milliseconds(std::llround(seconds * 1000.0));
}

std::optional<Time> parse_timestamp(std::string_view text, TimestampFormat format) {
  if (format == TimestampFormat::Rfc822) return parse_http_date(text);
  if (format != TimestampFormat::UnixSeconds) return parse_iso8601(text);
  auto seconds = parse_number(text);
  return seconds ? time_of_seconds(*seconds) : std::nullopt;
}

std::string write_number(double number, Kind kind) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  // Whole numbers are written as such: seconds since 1970 are not to become 1.7952312e+09.
  if (std::fabs(number) < 1e15 && number == std::trunc(number))
    return fmt::format("{:.0f}", number);
  if (kind == Kind::Float) return fmt::format("{}", static_cast<float>(number));
  return fmt::format("{}", number);
}

std::optional<double> parse_number(std::string_view text) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return kInfinity;
  if (text == "-Infinity") return -kInfinity;
  // from_chars would read "inf", "nan" and their kin as well.
  if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return std::nullopt;
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace holm::aws
