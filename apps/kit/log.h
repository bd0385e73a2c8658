// One line of log on standard error.
#pragma once

#include <string>
#include <string_view>

namespace kit {

// Any thread. Writes "2025-03-01T10:00:00Z message" in one write.
void log_line(std::string_view message);

}  // namespace kit
