// Functions' logs on their way to CloudWatch Logs: gathered for a moment, then written at once.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "async/reactor.h"
#include "base/clock.h"

namespace holm::async {
class Workers;
}
namespace holm::aws {
class Region;
}

namespace holm::lambda {

struct LogStreamName {
  std::string account;
  std::string region;
  std::string group;
  std::string stream;
  auto operator<=>(const LogStreamName&) const = default;
};

// Lives on one reactor's thread. What a crash of the daemon takes is at most the last moment.
class LogWriter final {
 public:
  LogWriter(async::Reactor& reactor, async::Workers& workers, aws::Region& region);

  // `line` without its end. Groups and streams are made when they are missing.
  void append(const LogStreamName& stream, Time time, std::string line);
  void flush();

 private:
  struct Event {
    Time time;
    std::string line;
  };
  using Batch = std::map<LogStreamName, std::vector<Event>>;

  static void write_stream(aws::Region& region, const LogStreamName& name, const std::vector<Event>& events);

  async::Workers& workers_;
  aws::Region& region_;
  async::Timer timer_;
  Batch waiting_;
  size_t waiting_bytes_ = 0;
  size_t dropped_ = 0;
};

}  // namespace holm::lambda
