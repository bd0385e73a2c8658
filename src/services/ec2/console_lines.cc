// Lines of what an instance wrote.

#include "services/ec2/console_lines.h"

#include <algorithm>

#include "base/utf8.h"

namespace holm::ec2 {

ConsoleLines take_lines(std::string_view bytes, size_t lines_max, Rest rest) {
  ConsoleLines result;
  while (result.consumed < bytes.size() && result.lines.size() < lines_max) {
    const std::string_view left = bytes.substr(result.consumed);
    const size_t end = left.substr(0, kLineBytesMax + 1).find('\n');
    const bool has_end = end != std::string_view::npos;
    if (!has_end && left.size() <= kLineBytesMax && rest == Rest::Leave) break;
    std::string_view line = left.substr(0, has_end ? end : kLineBytesMax);
    result.consumed += line.size() + (has_end ? 1 : 0);
    if (has_end && line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) result.lines.push_back(to_utf8(line));
  }
  return result;
}

}  // namespace holm::ec2
