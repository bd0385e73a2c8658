// One line of log on standard error.

#include "kit/log.h"

#include <unistd.h>

#include <ctime>

#include "kit/clock.h"

namespace kit {

void log_line(std::string_view message) {
  std::time_t now = unix_seconds();
  std::tm parts{};
  gmtime_r(&now, &parts);
  char stamp[22];
  std::strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ ", &parts);
  std::string line = stamp;
  for (char c : message) line += c == '\n' ? ' ' : c;
  line += '\n';
  // A log that cannot be written has nowhere to complain.
  [[maybe_unused]] ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace kit
