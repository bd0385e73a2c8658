// What a sandbox has sent and received, as the kernel counts it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace holm::sandbox {

// Since the sandbox started, over all its interfaces but the loopback device.
struct Traffic {
  uint64_t bytes_received = 0;
  uint64_t packets_received = 0;
  uint64_t bytes_sent = 0;
  uint64_t packets_sent = 0;
  bool operator==(const Traffic&) const = default;
};

// `text` is a /proc/<pid>/net/dev.
std::optional<Traffic> parse_traffic(std::string_view text);
// Of the network that the process `pid` is in; nothing when it is gone.
std::optional<Traffic> traffic_of(pid_t pid);

}  // namespace holm::sandbox
