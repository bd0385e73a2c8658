// The daemon's log: one line an event on standard error. Never a secret. Any thread.
#pragma once

#include <string_view>

namespace holm::log {

void info(std::string_view message);
void warning(std::string_view message);
void error(std::string_view message);

}  // namespace holm::log
