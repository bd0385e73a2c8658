// Lines of what an instance wrote.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holm::ec2 {

// A longer line is cut into several.
inline constexpr size_t kLineBytesMax = 64 << 10;

// What to do with a last line that has no end yet.
enum class Rest { Leave, Take };

struct ConsoleLines {
  std::vector<std::string> lines;  // UTF-8, without their ends; empty ones are left out.
  size_t consumed = 0;             // Bytes that `lines` stand for.
};

// At most `lines_max` lines from the front of `bytes`.
ConsoleLines take_lines(std::string_view bytes, size_t lines_max, Rest rest);

}  // namespace holm::ec2
