// Lengths of time and sizes as units write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holm::init {

using Duration = std::chrono::microseconds;
constexpr Duration kForever = Duration::max();

// "90", "1min 30s", "1.5h", "infinity". A number alone is seconds. Nothing where it is none of these.
std::optional<Duration> parse_time_span(std::string_view text);

// "1min 30s", "infinity", "0".
std::string time_span_text(Duration span);

// "65536", "64K", "2G", "infinity" (the largest number): powers of 1024.
std::optional<uint64_t> parse_size(std::string_view text);

// "yes", "true", "on", "1" and their opposites.
std::optional<bool> parse_boolean(std::string_view text);

}  // namespace holm::init
