// Times as AWS writes them, and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace holm {

// "2026-11-21T03:20:00Z"; with milliseconds "2026-11-21T03:20:00.123Z".
std::string iso8601(Time time);
std::string iso8601_milliseconds(Time time);
// "Sat, 21 Nov 2026 03:20:00 GMT".
std::string http_date(Time time);
// "20261121T032000Z", as SigV4 writes it.
std::string compact_date_time(Time time);

// Each returns nothing for text that is not exactly such a time. Offsets ("+01:00") and fractions are read.
std::optional<Time> parse_iso8601(std::string_view text);
std::optional<Time> parse_http_date(std::string_view text);
std::optional<Time> parse_compact_date_time(std::string_view text);

}  // namespace holm
