// The log writes each line with one system call, so that lines of several threads do not mix.

#include "base/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/system_clock.h"
#include "base/time_format.h"

namespace holm::log {

namespace {

void write_line(std::string_view level, std::string_view message) {
  std::string line = fmt::format("{} {} {}\n", iso8601_milliseconds(SystemClock().now()), level, message);
  // A log that cannot be written must not stop what it reports on.
  [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

void info(std::string_view message) { write_line("INFO", message); }
void warning(std::string_view message) { write_line("WARN", message); }
void error(std::string_view message) { write_line("ERROR", message); }

}  // namespace holm::log
