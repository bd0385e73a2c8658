// Counters of interfaces.

#include "sandbox/traffic.h"

#include <string>
#include <vector>

#include "base/files.h"
#include "base/strings.h"

namespace holm::sandbox {

namespace {

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::string_view word : split(line, ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

}  // namespace

std::optional<Traffic> parse_traffic(std::string_view text) {
  // "  eth0: bytes packets errs drop fifo frame compressed multicast bytes packets …", received and then
  // sent.
  constexpr size_t kColumns = 16, kBytesSent = 8;
  Traffic traffic;
  for (std::string_view line : split(text, '\n')) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || trim(line.substr(0, colon)) == "lo") continue;
    const auto words = words_of(line.substr(colon + 1));
    if (words.size() < kColumns) return std::nullopt;
    bool is_whole = true;
    auto number = [&](size_t column) -> uint64_t {
      auto value = parse_integer(words[column]);
      is_whole = is_whole && value && *value >= 0;
      return static_cast<uint64_t>(value.value_or(0));
    };
    traffic.bytes_received += number(0);
    traffic.packets_received += number(1);
    traffic.bytes_sent += number(kBytesSent);
    traffic.packets_sent += number(kBytesSent + 1);
    if (!is_whole) return std::nullopt;
  }
  return traffic;
}

std::optional<Traffic> traffic_of(pid_t pid) {
  auto text = read_file("/proc/" + std::to_string(pid) + "/net/dev");
  return text ? parse_traffic(*text) : std::nullopt;
}

}  // namespace holm::sandbox
