// The time of day. Rules take the time as a parameter; only the outermost callers ask here.
#pragma once

#include <cstdint>

namespace kit {

std::int64_t unix_milliseconds();
inline std::int64_t unix_seconds() { return unix_milliseconds() / 1000; }

}  // namespace kit
